"""Names of nodes, and the groups (layers) that they belong to."""

from __future__ import annotations

import numpy as np


def check_node_names(names, n_nodes):
    """Return the names of all nodes as an array of objects; x0, x1, ... if None."""
    if names is None:
        names = [f"x{node}" for node in range(n_nodes)]
    names = np.asarray(names, dtype=object)
    if names.shape != (n_nodes,):
        raise ValueError(
            f"Got node names of shape {names.shape} for graphs of {n_nodes} nodes; "
            f"expected {n_nodes} names, such as ActivationExtractor's "
            "get_feature_names_out gives."
        )
    return names


def find_layers(names):
    """Find the layers in names such as ``"fc1[0]"``.

    Returns the names of the layers, in the order of their first node, and for each
    node the number of its layer. Nodes whose names do not end in a bracket form one
    layer without a name.
    """
    layer_of_node = [
        str(name).rsplit("[", 1)[0] if str(name).endswith("]") else "" for name in names
    ]
    layers = list(dict.fromkeys(layer_of_node))
    return layers, np.array([layers.index(layer) for layer in layer_of_node])
