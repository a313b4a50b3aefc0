"""The stored digit networks: ``python -m benchmarks.make_digit_networks OUT.npz``.

Trains the 80 networks that ``sktopo.datasets.load_digit_networks`` loads, with the
default parameters of ``train_digit_networks``, and writes them to one file.
"""

import argparse

import numpy as np

from sktopo.datasets import train_digit_networks


def stack_networks(data):
    """Stack the parameters of networks into the arrays that the file stores.

    Parameters
    ----------
    data : Bunch
        What `train_digit_networks` returns.

    Returns
    -------
    arrays : dict of str to ndarray
        The stimuli as whole pixel values, their labels, the accuracies, and for each
        strategy and parameter one array ``strategy/parameter`` for all networks.
    """
    arrays = {
        "stimuli": np.rint(data.stimuli * 16).astype(np.uint8),
        "stimuli_labels": data.stimuli_labels.astype(np.uint8),
        "accuracies": data.accuracies,
    }
    for index, strategy in enumerate(data.target_names):
        chosen = np.flatnonzero(data.target == index)
        states = [data.networks[i].state_dict() for i in chosen]
        for name in states[0]:
            stack = np.stack([state[name].numpy() for state in states])
            arrays[f"{strategy}/{name}"] = stack
    return arrays


def main(argv=None):
    """Train all networks and write them to the file named in `argv`."""
    parser = argparse.ArgumentParser(description="Train the digit networks.")
    parser.add_argument("out", metavar="OUT.npz", help="file to write")
    out = parser.parse_args(argv).out
    data = train_digit_networks(n_jobs=-1, verbose=True)
    with open(out, "wb") as file:
        np.savez_compressed(file, **stack_networks(data))
    for index, name in enumerate(data.target_names):
        accuracies = data.accuracies[data.target == index]
        print(
            f"{name:10}  held-out accuracy: mean {accuracies.mean():.3f}, "
            f"min {accuracies.min():.3f}"
        )


if __name__ == "__main__":
    main()
