"""Names of units, and the layers that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    from sktopo._typing import IntArray


def check_unit_names(names: ArrayLike | None, n_nodes: int) -> NDArray[np.object_]:
    """Return names of all units as an array of objects; x0, x1, ... if None."""
    if names is None:
        names = [f"x{node}" for node in range(n_nodes)]
    names = np.asarray(names, dtype=object)
    if names.shape != (n_nodes,):
        raise ValueError(
            f"Got unit names of shape {names.shape} for graphs of {n_nodes} nodes; "
            f"expected {n_nodes} names, such as ActivationExtractor's "
            "get_feature_names_out gives."
        )
    return names


def find_layers(names: Iterable[object]) -> tuple[list[str], IntArray]:
    """Find the layers in names such as ``"fc1[0]"``: names of layers, layer of each.

    Layers come in the order of their first unit. Units whose name ends in no bracket
    have one layer, without a name.
    """
    of_unit = [
        str(name).rsplit("[", 1)[0] if str(name).endswith("]") else "" for name in names
    ]
    layers = list(dict.fromkeys(of_unit))
    return layers, np.array([layers.index(layer) for layer in of_unit])
