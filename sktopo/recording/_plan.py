"""What is recorded of one network, and where it is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sktopo.recording._selection import list_some

# The number of stimuli in a trial, one of which comes twice: few other axes have this
# length.
N_TRIAL = 5
# Bytes that the largest result of a batch may have if the batch size is chosen here.
_LARGEST_RESULT = 2**27
_LARGEST_BATCH = 1024


@dataclass(frozen=True, eq=False)
class Plan:
    """What is recorded of one network.

    sites : list of RecordedSite, in the order of execution.
    n_rows : number of observations of all stimuli.
    is_by_position : whether each position of a stimulus is an observation.
    first : activations of the first stimulus, shown after others.
    n_calls : how often each module and function that is recorded was called.
    matched : the entries of `layers` that matched.
    hint : what users should know of the choice of layers, with the name of the sample;
        or "".
    batch_size : the number of stimuli to show at once, if it is chosen here.
    """

    sites: list[Any]
    n_rows: int
    is_by_position: bool
    first: Any
    n_calls: dict[tuple[str, str], int]
    matched: frozenset[int]
    hint: str
    batch_size: int

    @property
    def n_nodes(self):
        """Count the nodes."""
        return sum(site.n_nodes for site in self.sites)

    @property
    def node_names(self):
        """Name the nodes."""
        return [name for site in self.sites for name in site.node_names]

    @property
    def dtype(self):
        """Return the precision of the activations."""
        return np.result_type(*(site.dtype for site in self.sites))

    def place_sites(self):
        """Return pairs of a site and the slice of its nodes in a row."""
        stops = np.cumsum([site.n_nodes for site in self.sites]).tolist()
        starts = [0, *stops[:-1]]
        return list(zip(self.sites, map(slice, starts, stops), strict=True))


def make_plan(finder, inputs, options):
    """Make the plan of a network from what a `Finder` found."""
    sites = choose_nodes(list(finder.found), options.max_nodes, options.seed)
    n_positions = sites[0].n_positions
    is_by_position = options.reduce == "observations" and n_positions > 1
    n_rows = inputs.count_observations(n_positions) if is_by_position else len(inputs)
    first = []
    for site, nodes in zip(sites, finder.found.values(), strict=True):
        n_last = _count_last_rows(finder.batch, nodes, site.n_positions)
        rows = nodes[-n_last:]
        rows = rows.flatten(1).cpu().numpy()
        first.append(rows if site.kept is None else rows[:, site.kept])
    sites = [site for site in sites if site.n_nodes]
    n_calls = {site.key[:2]: finder.n_calls[site.key[:2]] for site in sites}
    n_bytes = max(finder.largest // N_TRIAL, 1)
    return Plan(
        sites,
        n_rows,
        is_by_position,
        np.hstack(first),
        n_calls,
        frozenset(finder.matched),
        describe_choice(finder),
        int(np.clip(_LARGEST_RESULT // n_bytes, 1, _LARGEST_BATCH)),
    )


def _count_last_rows(batch, nodes, n_positions):
    """Return how many observations the last stimulus of a batch gave."""
    if n_positions == 1 or batch.mask is None or bool(batch.mask.all()):
        return len(nodes) // N_TRIAL
    return int(batch.mask[-1].sum())


def describe_choice(finder):
    """Say what the default leaves out, or ''."""
    if not finder.selection.is_default:
        return ""
    hints = []
    if finder.left_out:
        label, reason = next(iter(finder.left_out.items()))
        hints.append(
            f"Activation functions are left out that do not give a row for each "
            f"stimulus: {list_some(map(repr, finder.left_out), 5)}. {label!r} {reason}"
        )
    missing = finder.hidden.describe_missing()
    if missing:
        hints.append(missing)
    return f"{finder.selection.sample}: {' '.join(hints)}" if hints else ""


def choose_nodes(sites, max_nodes, seed):
    """Keep a random part of the nodes of each site, `max_nodes` in all.

    Sites keep the same share of their nodes, up to rounding. The choice depends on the
    seed and on the numbers of nodes only, so that it is the same for all networks of
    one architecture.
    """
    sizes = np.array([site.n_nodes for site in sites])
    if max_nodes is None or sizes.sum() <= max_nodes:
        return sites
    # The largest remainders are rounded up.
    shares = sizes * max_nodes / sizes.sum()
    counts = shares.astype(int)
    order = np.argsort(counts - shares, kind="stable")
    counts[order[: max_nodes - counts.sum()]] += 1
    generator = np.random.default_rng(seed)
    return [
        replace(site, kept=np.sort(generator.choice(size, count, replace=False)))
        for site, size, count in zip(sites, sizes, counts, strict=True)
    ]
