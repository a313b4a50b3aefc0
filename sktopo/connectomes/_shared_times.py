"""Recordings of the same times, in which nodes may be missing."""

from __future__ import annotations

import numpy as np

from sktopo._utils.caller import warn_caller
from sktopo._utils.samples import check_units
from sktopo.connectomes._alignment import (
    align_units,
    choose_columns,
    read_column_names,
)
from sktopo.connectomes._inputs import read_samples
from sktopo.connectomes._units import find_constant_units


def read_recordings(estimator, X, *, reset):
    """Return recordings as arrays of the same shape, and which nodes they have.

    Data frames are brought together by the names of their columns. With `reset` the
    estimator learns the nodes, else they are checked.

    Returns
    -------
    recordings : list of ndarray of shape (n_times, n_nodes) or None
        The recordings, NaN where nodes are missing; None if X is a table of frames.

    present : ndarray of shape (n_recordings, n_nodes), dtype bool or None
        Which nodes are there and vary.
    """
    X = _join_by_names(estimator, X, reset=reset)
    recordings = read_samples(X, allow_nan=True)
    if recordings is None:
        return None, None
    _check_shapes(recordings)
    check_units(estimator, X, recordings, reset=reset)
    names = getattr(estimator, "feature_names_in_", None)
    return recordings, find_present(recordings, names)


def _join_by_names(estimator, X, *, reset):
    """Give data frames of pandas the same columns, NaN where they lack one."""
    if not (isinstance(X, (list, tuple)) and X and all(map(_is_named, X))):
        return X
    if reset:
        return align_units(X, how="union")
    fitted = getattr(estimator, "feature_names_in_", None)
    if fitted is None:
        return X
    for i, recording in enumerate(X):
        unknown = [x for x in read_column_names(recording, i) if x not in set(fitted)]
        if unknown:
            raise ValueError(
                f"Sample {i} of X has {len(unknown)} unit(s) that no fitted recording "
                f"has, the first {unknown[0]!r}. Leave them out, or fit on recordings "
                "that have them."
            )
    return [choose_columns(recording, list(fitted)) for recording in X]


def _is_named(recording):
    return hasattr(recording, "reindex") and all(
        isinstance(name, str) for name in getattr(recording, "columns", [0])
    )


def _check_shapes(recordings):
    """Raise a ValueError unless recordings have the same times and nodes."""
    for i, recording in enumerate(recordings):
        n_times, n_nodes = recordings[0].shape
        if recording.shape[1] != n_nodes:
            raise ValueError(
                f"Sample {i} of X has {recording.shape[1]} units, and sample 0 has "
                f"{n_nodes}. Give data frames of pandas, whose names say which units "
                "are missing, or arrays with a column of NaN for each missing unit."
            )
        if len(recording) != n_times:
            raise ValueError(
                f"Sample {i} of X has {len(recording)} observations, and sample 0 has "
                f"{n_times}. Time courses are shared by all recordings, so each "
                "observation must be the same moment in all of them. Cut recordings to "
                "the moments that they share, or resample them."
            )


def find_present(recordings, names, label="Sample {} of X".format):
    """Return which nodes recordings have, (n_recordings, n_nodes); warn of constants.

    `label` names the recording of a number. Raises a ValueError if a node holds NaN at
    some times only, or a recording has fewer than two nodes.
    """
    absent = np.zeros((len(recordings), recordings[0].shape[1]), dtype=bool)
    constant = np.zeros_like(absent)
    for i, recording in enumerate(recordings):
        holes = np.isnan(recording)
        absent[i] = holes.all(axis=0)
        partial = np.flatnonzero(holes.any(axis=0) & ~absent[i])
        if len(partial):
            raise ValueError(
                f"{label(i)} has NaN at {holes[:, partial[0]].sum()} of "
                f"{len(recording)} observations of {_describe(partial[0], names)}; "
                "expected numbers, or NaN throughout if the unit is missing. Fill the "
                "gaps, or make all of its observations NaN."
            )
        constant[i] = find_constant_units(recording)
    _warn_constant(constant, names)
    present = ~(absent | constant)
    few = np.flatnonzero(present.sum(axis=1) < 2)
    if len(few):
        raise ValueError(
            f"{label(few[0])} has {present[few[0]].sum()} of {absent.shape[1]} "
            "units that are there and vary; expected at least 2. Leave it out."
        )
    return present


def _warn_constant(constant, names):
    if constant.any():
        sample, node = np.argwhere(constant)[0]
        warn_caller(
            f"{constant.sum()} constant unit(s) in {constant.any(axis=1).sum()} of "
            f"{len(constant)} sample(s), the first {_describe(node, names)} in sample "
            f"{sample}: they count as missing."
        )


def _describe(node, names):
    return f"unit {node}" if names is None else f"unit {node} ({names[node]!r})"
