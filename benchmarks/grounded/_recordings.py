"""What networks answer to stimuli: activations, connectomes, predictions."""

from functools import cached_property
from time import process_time

import numpy as np
import torch

from benchmarks.grounded._conditions import LAYERS
from benchmarks.grounded._designs import prepare_stimuli
from benchmarks.grounded._training import load_networks
from sktopo import ActivationExtractor, FunctionalConnectome


class Recording:
    """Activations of the networks of a comparison, recorded when first asked for.

    Parameters
    ----------
    comparison : Comparison
        Networks and what they are shown. If it is about layers, each layer of each
        network is a sample; otherwise each network is.

    stimuli : ndarray of shape (n_stimuli, ...)
        Images that no network was trained on.

    labels : ndarray of shape (n_stimuli,)
        Their classes.

    folder : pathlib.Path
        Where the networks are kept.
    """

    def __init__(self, comparison, stimuli, labels, folder):
        self.comparison = comparison
        self.connectome_seconds = 0.0
        self._stimuli, self._labels, self._folder = stimuli, labels, folder

    @cached_property
    def _recorded(self):
        """For each network its activations, layers, predictions and stimuli."""
        return [
            shown
            for group in self.comparison.groups
            for part in group
            for shown in _record(part, self._stimuli, self._labels, self._folder)
        ]

    @cached_property
    def activations(self):
        """List of float32 arrays (n_stimuli, n_nodes), one for each sample."""
        return [
            activations[:, members]
            for activations, *_ in self._recorded
            for members in self._divide(activations)
        ]

    @cached_property
    def layers(self):
        """List of arrays (n_nodes,) of str: the layer of each node of each sample.

        Where layers are the samples, all nodes are in the same.
        """
        if self.comparison.design == LAYERS:
            return [np.full(a.shape[1], "layer") for a in self.activations]
        return [layers for _, layers, *_ in self._recorded]

    @cached_property
    def labels(self):
        """List of arrays (n_stimuli,): the classes of the stimuli of each sample."""
        return [
            labels
            for activations, *_, labels in self._recorded
            for _ in self._divide(activations)
        ]

    def _divide(self, activations):
        """List the columns of each sample of a network."""
        if self.comparison.design != LAYERS:
            return [slice(None)]
        # All networks have the same layers.
        _, layers, *_ = self._recorded[0]
        return [layers == name for name in dict.fromkeys(layers.tolist())]

    @property
    def same_width(self):
        """Whether all samples have the same number of nodes."""
        return "widths" not in self.comparison.lacks

    @cached_property
    def connectomes(self):
        """Connectome rows; a list if samples differ in their numbers of nodes.

        `connectome_seconds` is the processor time in which they were computed.
        """
        start = process_time()
        rows = FunctionalConnectome().fit_transform(stack(self.activations))
        self.connectome_seconds = process_time() - start
        return rows

    def compare_outputs(self):
        """Compare the predictions of the networks.

        Returns
        -------
        outcomes : dict
            "accuracy": array (n_networks,) of shares of correct predictions.
            "disagreement": array (n_networks, n_networks), for each two networks the
            share of stimuli with different predictions; None if networks are shown
            different stimuli.
        """
        predicted, labels = zip(*(shown[2:] for shown in self._recorded), strict=True)
        disagreement = None
        if "stimuli" not in self.comparison.lacks:
            differ = [(np.array(predicted) != own).mean(axis=1) for own in predicted]
            disagreement = np.array(differ)
        right = [
            (own == true).mean() for own, true in zip(predicted, labels, strict=True)
        ]
        return {"accuracy": np.array(right), "disagreement": disagreement}


def _record(part, stimuli, labels, folder):
    """Record the networks of a part: a list of tuples, see `Recording._recorded`."""
    *_, side = part.plan["shape"]
    shortcut = part.plan["task"]["shortcut"] is not None
    chosen = slice(*part.stimuli)
    # Shortcuts are drawn for all stimuli, whichever part of them is shown.
    shown = prepare_stimuli(stimuli, labels, side, shortcut=shortcut)[chosen]
    networks = load_networks(folder, part.plan, part.numbers)
    sizes = part.plan["sizes"]
    layers = np.repeat([f"lrelu{i + 1}" for i in range(len(sizes))], sizes)
    activations = ActivationExtractor(stimuli=shown).fit_transform(networks)
    with torch.inference_mode():
        batch = torch.tensor(shown)  # images may be read-only
        predicted = [network(batch).argmax(dim=1).numpy() for network in networks]
    return [
        (a.astype(np.float32, copy=False), layers, own, labels[chosen])
        for a, own in zip(activations, predicted, strict=True)
    ]


def stack(activations):
    """Stack activations, unless they differ in their numbers of nodes."""
    same = len({a.shape for a in activations}) == 1
    return np.stack(activations) if same else activations
