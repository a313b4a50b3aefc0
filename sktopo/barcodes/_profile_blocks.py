"""Blocks of profiles: which are asked for, and their values in one graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn import config_context

from sktopo._utils.blocks import find_block_graph, list_blocks, read_groups
from sktopo._utils.parameters import is_integer
from sktopo._utils.samples import name_errors
from sktopo.barcodes._quantiles import average_quantiles
from sktopo.barcodes.profiles import MOST_NODES, PROFILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_SCOPES = ("graph", "groups", "both")


@dataclass(frozen=True)
class Block:
    """A profile of the whole graph, or of a part of it.

    `positions` are those of the edges in a connectome row, in the form that the
    function takes weights; None: all edges.
    """

    name: str
    function: Callable[..., object]
    positions: NDArray[np.intp] | None


def read_scopes(profiles, has_groups):
    """Return for each profile whether it is of the graph, of groups, or of both."""
    fault = _find_fault(profiles)
    if fault:
        raise ValueError(
            f"profiles={profiles!r:.200} {fault}; expected a list of different names "
            f"among {list(PROFILES)}, such as ['births', 'strengths'], or a dict from "
            "such names to 'graph', 'groups' or 'both'."
        )
    if isinstance(profiles, Mapping):
        scopes = dict(profiles)
    else:
        scopes = dict.fromkeys(profiles, "both" if has_groups else "graph")
    if not has_groups and set(scopes.values()) != {"graph"}:
        raise ValueError(
            f"profiles={profiles!r} asks for profiles of groups, but groups=None; give "
            "the group of each node."
        )
    return scopes


def _find_fault(profiles):
    """Return what is wrong with the names of profiles and their scopes, or None."""
    if not isinstance(profiles, (list, tuple, Mapping)):
        return f"is of type {type(profiles).__name__}"
    names = list(profiles)
    if not names:
        return "is empty"
    for name in names:
        if not is_text(name) or name not in PROFILES:
            return f"has the unknown name {name!r:.80}"
        if names.count(name) > 1:
            return f"has {name!r} more than once"
        scope = profiles[name] if isinstance(profiles, Mapping) else "graph"
        if not is_text(scope) or scope not in _SCOPES:
            return f"has {scope!r:.80} for {name!r}"
    return None


def is_text(value):
    """Return whether a value is a str."""
    return isinstance(value, str)


def read_groups_by_size(groups):
    """Read groups given by number of nodes: their names, and members by that number."""
    names, members_by_size = None, {}
    for n_nodes, labels in groups.items():
        if not is_integer(n_nodes) or n_nodes < 2:
            raise ValueError(
                f"groups has the key {n_nodes!r}; expected numbers of nodes, of at "
                "least 2, each with the groups of so many nodes."
            )
        if labels is None or is_text(labels):
            raise ValueError(
                f"groups[{n_nodes}] is {labels!r}; expected the group of each of the "
                f"{n_nodes} nodes."
            )
        with name_errors(f"groups[{n_nodes}]"):
            found, members = read_groups(labels, n_nodes)
        names = names or found
        if set(found) != set(names):
            raise ValueError(
                f"groups[{n_nodes}] has the groups {found}, but expected are {names}, "
                "as in the others."
            )
        order = np.array([names.index(name) for name in found])
        members_by_size[int(n_nodes)] = order[members]
    if not names:
        raise ValueError("groups is an empty dict; expected the groups of nodes.")
    return names, members_by_size


def plan_blocks(scopes, n_nodes, names, members):
    """List the blocks of profiles in the order of columns.

    `names` are those of groups and `members` the group of each node, None without
    groups.
    """
    pairs, sizes = {"": None}, {"": n_nodes}
    if members is not None:
        for name, pair in list_blocks(names, members).items():
            pairs[f"[{name}]"] = pair
            sizes[f"[{name}]"] = int(np.isin(members, pair).sum())
    _, *parts = pairs
    wanted = {"graph": [""], "groups": parts, "both": ["", *parts]}
    chosen = [(profile, part) for profile in scopes for part in wanted[scopes[profile]]]
    for profile, part in chosen:
        most = MOST_NODES.get(profile, n_nodes)
        if sizes[part] > most:
            raise ValueError(
                f"'{profile}{part}' would take too long for {sizes[part]:,} nodes; "
                f"expected at most {most:,}. Leave {profile!r} out of profiles, or ask "
                "for it within and between smaller groups only, "
                f"profiles={{{profile!r}: 'groups'}}."
            )
    positions = {
        part: None if pairs[part] is None else find_block_graph(members, pairs[part])
        for part in {part for _, part in chosen}
    }
    return [
        Block(f"{profile}{part}", PROFILES[profile], positions[part])
        for profile, part in chosen
    ]


def compute_values(row, plans, n_quantiles):
    """Compute the values of one graph: for each block that has some a 1-D array."""
    values = {}
    for block in plans[len(row)]:
        weights = row if block.positions is None else row.take(block.positions)
        with config_context(assume_finite=True):  # the row was checked before
            found = block.function(weights)
        parts = found if isinstance(found, tuple) else (found,)
        if n_quantiles is not None:
            parts = [average_profile(part, n_quantiles) for part in parts if part.size]
        if sum(part.size for part in parts):
            values[block.name] = np.concatenate([part.ravel() for part in parts])
    return values


def average_profile(values, n_quantiles):
    """Average a quantile function over equal bins, along both axes if it has two."""
    if values.ndim == 1:
        return average_quantiles(values[np.newaxis], n_quantiles)[0]
    averages = average_quantiles(values, n_quantiles)
    return average_quantiles(np.ascontiguousarray(averages.T), n_quantiles).T
