"""Layers of networks: which of the groups each node of a sample belongs to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sktopo._utils.blocks import read_groups
from sktopo._utils.nodes import find_layers
from sktopo._utils.samples import name_errors
from sktopo.barcodes._profile_blocks import read_groups_by_size


def read_layers(groups, given, samples):
    """Read which layers there are, and where they are known, the layer of each node.

    Parameters
    ----------
    groups : array-like, "layer", mapping, list of array-like or None
        The parameter of the estimators.

    given : list
        The samples as they were given: data frames know the names of their nodes.

    samples : list of ndarray of shape (n_observations, n_nodes)
        The samples as arrays.

    Returns
    -------
    names : list of str
        The names of the layers, in the order of their first node; empty without groups.

    members : dict of int to ndarray of shape (n_nodes,)
        For each number of nodes the number of the layer of each node. It is empty if
        samples of different widths have the layers in their names.
    """
    if groups is None:
        return [], {}
    widths = [sample.shape[1] for sample in samples]
    if isinstance(groups, str) and groups == "layer":
        names, members = _read_names(given[0], 0)
        return names, {widths[0]: members} if len(set(widths)) == 1 else {}
    if _is_nested(groups):
        groups = _sort_by_size(groups)
    if isinstance(groups, Mapping):
        return read_groups_by_size(groups)
    names, members = read_groups(groups, widths[0])
    return names, {widths[0]: members}


def find_members(names, members, i, given, n_nodes, *, by_name):
    """Return the number of the layer of each node of sample i: (n_nodes,).

    `names` and `members` are those of `read_layers`. `by_name` says whether data frames
    know the layers of their nodes.
    """
    if not names:
        return np.zeros(n_nodes, dtype=np.intp)
    if by_name and (hasattr(given, "columns") or n_nodes not in members):
        found, own = _read_names(given, i)
        if set(found) != set(names):
            raise ValueError(
                f"Sample {i} of X has the layers {found}, but expected are {names}, as "
                "in the first sample fitted."
            )
        return np.array([names.index(name) for name in found])[own]
    if n_nodes not in members:
        raise ValueError(
            f"Sample {i} of X has {n_nodes} nodes, but groups are given for samples of "
            f"{sorted(members)} nodes. For samples of several widths give a list with "
            "the groups of each, or a dict from each number of nodes to the groups of "
            "so many nodes."
        )
    return members[n_nodes]


def _read_names(given, i):
    """Read layers from the names of nodes of a data frame."""
    columns = getattr(given, "columns", None)
    if columns is None:
        raise ValueError(
            f"groups='layer' needs names of nodes, such as 'fc1[0]', which sample {i} "
            "of X does not have. Give samples as data frames, ActivationExtractor()."
            "set_output(transform='pandas'), or give the group of each node."
        )
    names, members = find_layers(columns)
    if names == [""]:
        raise ValueError(
            "groups='layer' needs names of nodes that contain the layer, such as "
            f"'fc1[0]'; sample {i} of X has {columns[0]!r} and so on. Give the group "
            "of each node instead."
        )
    return names, members


def _is_nested(groups):
    """Return whether groups are those of several samples: a list of lists or arrays."""
    return (
        isinstance(groups, (list, tuple))
        and len(groups) > 0
        and all(isinstance(labels, (list, tuple, np.ndarray)) for labels in groups)
    )


def _sort_by_size(groups):
    """Make a dict from numbers of nodes to groups from the groups of each sample."""
    by_size = {}
    for i, labels in enumerate(groups):
        with name_errors(f"groups[{i}]"):
            known = by_size.setdefault(len(labels), labels)
            is_equal = np.array_equal(np.asarray(known), np.asarray(labels))
        if not is_equal:
            raise ValueError(
                f"groups[{i}] has {len(labels)} nodes, as one before, but in other "
                "groups. Give samples as data frames with the layers in the names of "
                "their nodes, and groups='layer'."
            )
    return by_size
