"""Names of units, and the layers that they belong to."""

import numpy as np


def check_unit_names(names, n_nodes):
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


def find_layers(names):
    """Find the layers in names such as ``"fc1[0]"``: names of layers, layer of each.

    Layers come in the order of their first unit. Units whose name ends in no bracket
    have one layer, without a name.
    """
    of_unit = [
        str(name).rsplit("[", 1)[0] if str(name).endswith("]") else "" for name in names
    ]
    layers = list(dict.fromkeys(of_unit))
    return layers, np.array([layers.index(layer) for layer in of_unit])
