"""What is left out of samples: constant nodes, nodes and observations with NaN."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sktopo._utils.finite import check_finite
from sktopo.connectomes._pairwise import count_pairs
from sktopo.connectomes._units import find_constant_units

#: The values of the parameter `missing`.
MISSING = ("raise", "drop_nodes", "drop_frames", "pairwise")


def accepts_nan(transformer):
    """Return whether a transformer, or a step of it, leaves out what is missing."""
    values = {
        (name.rsplit("__", 1)[-1], value)
        for name, value in transformer.get_params().items()
        if isinstance(value, str)
    }
    return any(("missing", value) in values for value in MISSING[1:]) or (
        ("constant_units", "drop") in values
    )


@dataclass(frozen=True)
class Selection:
    """Which nodes and observations of a sample are related.

    Parameters
    ----------
    constant : ndarray of shape (n_nodes,), dtype bool
        Nodes that never vary, or hold NaN only.

    dropped : ndarray of shape (n_nodes,), dtype bool
        Nodes that are left out of the row: those with NaN, or constant ones.

    gaps : ndarray of shape (n_observations,), dtype bool
        Observations that are left out, because they hold NaN.

    least : int or None
        The least number of observations that two nodes have in common, if they are
        related pair by pair.
    """

    constant: np.ndarray
    dropped: np.ndarray
    gaps: np.ndarray
    least: int | None = None

    @property
    def related(self):
        """A mask (n_nodes,) of the nodes that can be related."""
        return ~(self.constant | self.dropped)

    @property
    def n_observations(self):
        """The number of observations that nodes are related over."""
        return int((~self.gaps).sum())

    @property
    def n_left(self):
        """The number of nodes that the row has."""
        return int((~self.dropped).sum())

    def take(self, sample):
        """Return the related part of a sample; the sample itself if that is all."""
        if self.gaps.any():
            sample = sample[~self.gaps]
        return sample if self.related.all() else sample[:, self.related]


def select(
    sample, name, nodes, names=None, *, missing, min_observations, drop_constant
):
    """Return the Selection of a sample, whose columns are the nodes.

    Raises a ValueError if NaN is not expected or too little is left. Errors name the
    sample by `name`, and its nodes by `names` and the words of `nodes`, see `NODES`.
    """
    constant, least = find_constant_units(sample), None
    incomplete = np.zeros(sample.shape[1], dtype=bool)
    gaps = np.zeros(len(sample), dtype=bool)
    if np.isnan(sample.min()):  # the minimum of numbers with NaN is NaN
        absent = np.isnan(sample)
        empty = absent.all(axis=0)
        if missing == "raise":
            words = nodes.frame, nodes.one
            check_finite(np.where(empty, 0, sample), name, names, words)
        elif missing == "drop_nodes":
            incomplete = absent.any(axis=0) & ~empty
        elif missing == "drop_frames":
            gaps = absent[:, ~empty].any(axis=1)
            _check_length(~gaps, name, nodes, min_observations)
            constant = find_constant_units(sample[~gaps])
        else:
            constant = np.fmin.reduce(sample) == np.fmax.reduce(sample)
        constant |= empty
        if missing == "pairwise":
            related = np.flatnonzero(~constant)
            least = _count_least(sample, related, name, nodes, names, min_observations)
    dropped = incomplete | constant if drop_constant else incomplete
    selection = Selection(constant, dropped, gaps, least)
    check_left(selection, name, nodes)
    return selection


def check_left(selection, name, nodes):
    """Raise a ValueError if nodes are left out of a sample, and fewer than two left."""
    if selection.dropped.any() and selection.n_left < 2:
        raise ValueError(
            f"{name} has {selection.n_left} of {len(selection.dropped)} {nodes.some} "
            "left without those that never vary or hold NaN; expected at least 2. "
            "Leave it out."
        )


def _check_length(kept, name, nodes, min_observations):
    """Raise a ValueError if too few observations are left."""
    if kept.sum() < min_observations:
        raise ValueError(
            f"{name}: {kept.sum()} of {len(kept)} {nodes.over} hold no NaN; expected "
            f"at least min_observations={min_observations}. Leave out the "
            f"{nodes.some} that hold most of the NaN instead, or choose another "
            "value of missing."
        )


def _count_least(sample, related, name, nodes, names, min_observations):
    """Return the least number of observations that two related nodes have in common."""
    if len(related) < 2:
        return len(sample)
    counts = count_pairs(sample[:, related])
    np.fill_diagonal(counts, len(sample))
    pair = np.unravel_index(counts.argmin(), counts.shape)
    least = int(counts[pair])
    if least < min_observations:
        first, second = (nodes.describe(related[k], names) for k in pair)
        raise ValueError(
            f"{name}: {first} and {second} have {least} {nodes.over} in common; "
            f"expected at least min_observations={min_observations}. Leave one of them "
            "out, or choose missing='drop_nodes'."
        )
    return least


def list_dropped(selections, names):
    """Return what is left out of each sample, as the attribute `dropped_` has it.

    `names` holds the names of the nodes of each sample, or None for numbers.
    """
    listed = []
    for selection, labels in zip(selections, names, strict=True):
        dropped = np.flatnonzero(selection.dropped)
        if labels is not None:
            dropped = np.asarray(labels, dtype=object)[dropped]
        gaps = np.flatnonzero(selection.gaps)
        listed.append({"nodes": dropped, "observations": gaps})
    return listed


def describe_dropped(selections, nodes, names):
    """Say what is left out of which samples, in one sentence; "" if nothing is."""

    def describe_node(node, sample):
        return nodes.describe(node, names[sample])

    def describe_frame(frame, sample):
        return f"{nodes.frame} {frame}"

    constant = [s.dropped & s.constant for s in selections]
    incomplete = [s.dropped & ~s.constant for s in selections]
    gaps = [s.gaps for s in selections]
    parts = []
    for what, masks, describe in (
        (f"constant {nodes.counted}", constant, describe_node),
        (f"{nodes.counted} with NaN", incomplete, describe_node),
        (f"{nodes.frame}(s) with NaN", gaps, describe_frame),
    ):
        counts = [mask.sum() for mask in masks]
        if any(counts):
            sample = np.flatnonzero(counts)[0]
            parts.append(
                f"{sum(counts)} {what} in {np.count_nonzero(counts)} of {len(counts)} "
                f"sample(s), the first {describe(masks[sample].argmax(), sample)} in "
                f"sample {sample}"
            )
    return f"Left out {'; '.join(parts)}." if parts else ""


def fill_row(row, related, fill):
    """Put the weights of related nodes into a row of all nodes, a mask (n_nodes,).

    All other weights are `fill`.
    """
    is_known = [related[node] & related[node + 1 :] for node in range(len(related))]
    is_known = np.concatenate(is_known)
    filled = np.full(len(is_known), fill, dtype=row.dtype)
    filled[is_known] = row
    return filled
