"""What a network computes from one layer to the next: derivatives and interactions.

torch is imported inside functions only.
"""

from __future__ import annotations

import contextlib
from functools import partial
from itertools import pairwise

import numpy as np
from sklearn.utils import gen_batches

from sktopo.recording._devices import is_out_of_memory
from sktopo.recording._observer import SiteObserver
from sktopo.recording._recorder import Recorder
from sktopo.recording._tensors import import_torch, is_tensor
from sktopo.recording._writer import RunFinished

# Bytes that the derivatives of a batch may take if the batch size is chosen here.
_LARGEST = 2**26
_LARGEST_BATCH = 1024
# Activations that deviate by more than this share of the largest one do not follow
# from those of the layer before.
_DEVIATION = 1e-3


class Section(SiteObserver):
    """What a network computes from the activations of a layer to those of the next.

    The network runs on one stimulus. Where the first layer has given its activations,
    others take their place, and where the second has, the run ends.

    Parameters
    ----------
    network, names, stop : object
        As in `Observer`.

    first, last : RecordedSite
        The two layers.
    """

    def __init__(self, network, names, stop, first, last):
        super().__init__(network, names, stop, [first, last])
        self.first, self.last = first, last
        self._placed = self._stimulus = self._given = self._result = None

    def prepare(self, placed, stimulus):
        """Take the network, as `PlacedNetwork`, and a batch of the one stimulus."""
        self._placed, self._stimulus = placed, stimulus

    def read(self, rows):
        """Return rows of numbers as a tensor of the network."""
        dtype = getattr(import_torch(), np.dtype(self.first.dtype).name)
        return import_torch().as_tensor(rows, dtype=dtype, device=self._placed.device)

    def choose_batch_size(self, n_given, n_results):
        """Return for how many stimuli derivatives of this size are computed at once."""
        n_units = self.first.n_nodes + self.last.n_nodes
        n_bytes = max(n_results, 1) * (n_given + n_units) * self.first.dtype.itemsize
        return int(np.clip(_LARGEST // n_bytes, 1, _LARGEST_BATCH))

    def __call__(self, activations):
        """Turn activations of the first layer, (n_units,), into those of the second."""
        self.begin(self._stimulus)
        self._given, self._result = activations, None
        with contextlib.suppress(RunFinished):
            self._placed.run(self._stimulus)
        for error in self.errors:
            raise error
        if self._result is None:
            raise self.fail(
                f"layer {self.last.label!r} did not run again after layer "
                f"{self.first.label!r} was given other activations."
            )
        return self._result.reshape(-1).to(activations.dtype)

    def on_input(self, module, args, kwargs):
        """Replace or take what goes into a module."""
        given = self._visit(module, "input", args[0] if args else None)
        return None if given is None else ((given, *args[1:]), kwargs)

    def on_output(self, module, output):
        """Replace or take what a module returned."""
        return self._visit(module, "output", output)

    def on_function(self, module, function, result):
        """Replace or take what a function returned that a module called."""
        return self._visit(module, function, result)

    def _visit(self, module, source, tensor):
        """Return what replaces a tensor, or None; end the run at the second layer."""
        name = self.names.get(module)
        if (name, source) not in self.watched:
            return None
        key = name, source, self.count_call(module, source)
        for site in (self.first, self.last):
            if key == site.key and not is_tensor(tensor):
                raise self.fail(
                    f"layer {site.label!r} gives {type(tensor).__name__}, of which no "
                    "tensor can be replaced; name a layer inside it or around it."
                )
        if key == self.last.key:
            self._result = tensor
            raise RunFinished
        if key != self.first.key:
            return None
        # A copy, since the network may change it in place.
        return self._given.clone().reshape(tensor.shape).to(tensor.dtype)


class SectionRecorder(Recorder):
    """Runs a network from each recorded layer to the next, for the same stimuli.

    Parameters
    ----------
    sample : Sample
        The network and its inputs.

    options : RecordingOptions
        How it is run.

    sites : list of RecordedSite
        The layers, in the order of execution.
    """

    def __init__(self, sample, options, sites):
        super().__init__(sample, options)
        self.pairs = list(pairwise(sites))

    def predict(self, number, activations):
        """Return activations after layer `number` from those of it, a table each."""
        return self._compute(number, partial(_predict, activations=activations))

    def check(self, number, before, after):
        """Raise unless the activations `after` follow from those `before`."""
        predicted = self.predict(number, before)
        gap = np.abs(predicted - after).max()
        largest = np.abs(after).max()
        if gap <= _DEVIATION * largest:
            return
        first, last = self.pairs[number]
        raise ValueError(
            f"{self.sample.name}: the activations of layer {last.label!r} do not "
            f"follow from those of layer {first.label!r} alone: with another stimulus "
            f"shown, they deviate by up to {gap:.2g} (largest: {largest:.2g}). "
            "InteractionBasis takes chains of layers, in which nothing passes a layer "
            "by, as residual connections and parallel branches do, nothing is random "
            "and no stimulus depends on others. Choose other layers."
        )

    def multiply_derivatives(self, number, activations, white, components):
        """Return the mean of JᵀJ: (n_white, n_white).

        J are the derivatives of the features of the layer after layer `number`, which
        `components` gives, by features of this layer, `white`, a `Rotation`.
        """
        function = partial(
            _multiply_derivatives,
            activations=activations,
            inverse=white.inverse,
            components=components,
        )
        return self._compute(number, function)

    def measure_edges(self, number, features, rotation, components, n_intervals):
        """Return the interactions of features: (n_next_features, n_features)."""
        function = partial(
            _measure_edges,
            features=features,
            rotation=rotation,
            components=components,
            rule=choose_points(n_intervals),
        )
        return self._compute(number, function)

    def _compute(self, number, function):
        """Return what a function of the section after layer `number` gives."""
        return self._call_uninterrupted(partial(self._run_section, number, function))

    def _run_section(self, number, function):
        first, last = self.pairs[number]
        names = self._select().names
        section = Section(self.network, names, self.stop, first, last)
        stimulus = self.sample.inputs.trial(self.network, 1)
        batch_size = self.options.batch_size
        with (
            import_torch().inference_mode(False),
            self._ready_to_run(
                section, section.modules, section.watches_functions
            ) as placed,
        ):
            section.prepare(placed, stimulus)
            try:
                result = function(
                    section, batch_size=None if batch_size == "auto" else batch_size
                )
            except Exception as error:
                raise self._explain_section(section, error) from error
        if not np.isfinite(result).all():
            raise ValueError(
                f"{self._name_section(section)}: derivatives are not finite for some "
                "stimuli, or too large to be squared. Choose other layers, or divide "
                "the weights of the last layer by a constant."
            )
        return result

    def _name_section(self, section):
        first, last = section.first.label, section.last.label
        return f"{self.sample.name}, from layer {first!r} to layer {last!r}"

    def _explain_section(self, section, error):
        """Return an error that says in which part of the network it was."""
        where = self._name_section(section)
        if is_out_of_memory(error):
            return MemoryError(
                f"{where}: memory ran out ({error}). Choose a smaller batch_size, or "
                "layers of fewer units."
            )
        if any(error is own for own in section.errors):
            return ValueError(f"{where}: {error}")
        return ValueError(
            f"{where}: derivatives cannot be computed by torch.func, which raised "
            f"{type(error).__name__}: {error} The layers must be differentiable "
            "functions without randomness, such as dropout by function, and without "
            "branches that depend on numbers."
        )


def choose_points(n_intervals):
    """Return points in [0, 1] and weights of an integral: Gauss-Legendre, or 1 alone.

    No intervals are the value at 1.
    """
    if n_intervals == 0:
        return np.ones(1), np.ones(1)
    points, weights = np.polynomial.legendre.leggauss(n_intervals)
    return (points + 1) / 2, weights / 2


def _predict(section, batch_size, activations):
    apply = import_torch().func.vmap(section)
    parts = [
        apply(section.read(activations[rows])).detach().cpu().numpy()
        for rows in gen_batches(len(activations), batch_size or _LARGEST_BATCH)
    ]
    return np.concatenate(parts)


def _make_derivative(section, inverse, components):
    """Return the function of features and origins that gives derivatives.

    It gives for each stimulus the derivatives of the features of the second layer by
    those of the first, (n_stimuli, n_results, n_given).
    """
    func = import_torch().func
    inverse, components = section.read(inverse), section.read(components)

    def compute_features(features, origin):
        return section(origin + features @ inverse) @ components

    return func.vmap(func.jacrev(compute_features))


def _multiply_derivatives(section, batch_size, activations, inverse, components):
    n_given = len(inverse)
    derive = _make_derivative(section, inverse, components)
    size = batch_size or section.choose_batch_size(n_given, components.shape[1])
    products = np.zeros((n_given, n_given))
    for rows in gen_batches(len(activations), size):
        origins = section.read(activations[rows])
        steps = origins.new_zeros((len(origins), n_given))
        derivatives = derive(steps, origins).detach().flatten(0, 1).double()
        products += (derivatives.T @ derivatives).cpu().numpy()
    return products / len(activations)


def _measure_edges(section, batch_size, features, rotation, components, rule):
    n_given, n_results = features.shape[1], components.shape[1]
    derive = _make_derivative(section, rotation.inverse, components)
    size = batch_size or section.choose_batch_size(n_given, n_results)
    edges = np.zeros((n_results, n_given))
    for rows in gen_batches(len(features), size):
        ends = section.read(features[rows])
        origins = section.read(rotation.mean).expand(len(ends), -1)
        integral = 0
        for point, weight in zip(*rule, strict=True):
            integral = integral + weight * derive(point * ends, origins).detach()
        shares = (integral * ends[:, None]).double()
        edges += shares.square().sum(dim=0).cpu().numpy()
    return edges / len(features)
