"""Features of the layers of a network, and how they act on each other."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.base import BaseEstimator
from sktopo._utils.fitting import clone_sharing, fitted_copy
from sktopo._utils.memory import check_bytes
from sktopo._utils.parameters import (
    check_integer,
    check_option,
    check_real,
    is_integer,
)
from sktopo._utils.samples import FLOATS, validate_table
from sktopo.recording._inputs import HeldInputs, is_iterable_only, read_inputs
from sktopo.recording._parts import Parts, are_parts, is_mapping
from sktopo.recording._recorder import Recorder, RecordingOptions
from sktopo.recording._rotations import Rotation, align, find_principal, whiten
from sktopo.recording._samples import Sample, build_network
from sktopo.recording._sections import SectionRecorder
from sktopo.recording._tensors import is_tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal, Self

    import torch
    from numpy.typing import NDArray
    from sklearn.utils import Tags

    from sktopo._typing import FloatArray, Layers, Stimuli

_BASES = ("lib", "pca")


class InteractionBasis(TransformerMixin, BaseEstimator):
    r"""Turn the layers of a network into features that matter for the next layer.

    The local interaction basis [1]_ replaces the units of each layer by directions in
    the space of their activations. Directions in which the stimuli do not vary, and
    those that the next layer does not read, are left out. The others are turned so
    that each acts on few features of the next layer, and are sorted by their
    importance. Features are then nodes of a graph, the interactions between features
    of successive layers are its edges, and :class:`~sktopo.GraphPersistence` takes it
    as it takes connectomes.

    Parameters
    ----------
    model : torch.nn.Module or callable, default=None
        The network, or a function that builds it. It must be given. It is never
        changed, and clones of the estimator share it.

    layers : None, str, type, callable, or sequence of str and type, default=None
        The layers, as in :class:`~sktopo.ActivationExtractor`: two or more that follow
        each other. ``"name:input"`` is what goes into a module, so the stimuli
        themselves can be the first layer. None takes all activation functions, and the
        output of the network. Every unit is used, also those of convolutions.

    basis : {"lib", "pca"}, default="lib"
        The features: those of the local interaction basis, or principal components,
        sorted by their variance, as a control.

    n_intervals : int, default=8
        Number of points of the Gauss-Legendre rule for the integral over :math:`\alpha`
        in the interactions. 0 takes the derivatives at the stimulus itself.

    tol : float, default=1e-6
        Features are left out whose eigenvalue is at most `tol` times the largest one
        of their layer. With 0 only those are left out that are due to rounding.

    batch_size : "auto" or int, default="auto"
        Largest number of stimuli at once. "auto" chooses it by the size of the
        derivatives, see Notes.

    Attributes
    ----------
    layer_names_ : list of str
        Names of the layers, in the order of execution.

    n_features_ : list of int
        Number of features of each layer.

    means_ : list of ndarray of shape (n_units,), dtype float64
        Mean activations of each layer.

    components_ : list of ndarray of shape (n_units, n_features), dtype float64
        What turns deviations from the mean activations into features, for each layer.

    inverse_components_ : list of ndarray of shape (n_features, n_units), dtype float64
        What turns features into deviations from the mean activations.

    eigenvalues_ : list of ndarray of shape (n_features,), dtype float64
        Importance of the features, in descending order. It is the variance of the
        feature, in squared units of the output of the network with "lib".

    edges_ : list of ndarray of shape (n_next_features, n_features), dtype float64
        Interactions between features of each layer but the last and those of the
        next layer.

    groups_ : ndarray of shape (n_features_out,), dtype object
        The name of the layer of each feature, in the order of `transform`.

    n_features_in_ : int
        Width of X, if X was a table.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of X, if X was a data frame.

    See Also
    --------
    sktopo.ActivationExtractor : Records units, and makes no features of them.
    sktopo.plotting.ConnectomeDisplay : Draws the graph of interactions.

    Notes
    -----
    The row :math:`f^l` holds deviations of the activations of layer :math:`l` from
    their mean. The mean is kept apart, so that it is neither scaled, turned nor left
    out. Features are :math:`\hat f^l = f^l C^l`. In the last layer, the columns of
    :math:`C` are principal axes. Then, from the last layer back, with the
    covariance :math:`U D U^\top` of activations and derivatives :math:`J` of
    :math:`\hat f^{l+1}` by :math:`f^l`,

    .. math::

        R = U D^{-1/2}, \qquad
        R^+ \, \mathbb{E}[J^\top J] \, R^{+\top} = V \Lambda V^\top, \qquad
        C^l = R V \Lambda^{1/2},

    where directions of small :math:`D` or :math:`\Lambda` are left out. The
    interaction of feature :math:`j` with feature :math:`i` of the next layer is

    .. math::

        E_{ij} = \mathbb{E} \Bigl[ \Bigl( \int_0^1
        \frac{\partial \hat f^{l+1}_i}{\partial \hat f^l_j}(\alpha \hat f^l)
        \, d\alpha \; \hat f^l_j \Bigr)^2 \Bigr].

    The integrated gradients of a stimulus add up to the difference between the
    feature :math:`i` of the stimulus and that of mean activations. The authors fold
    biases into the weights and let the constant grow with :math:`\alpha` as well; for
    piecewise linear networks this is ``n_intervals=0``.

    Features, eigenvalues and interactions of "lib" stay the same, but for their signs,
    if units are permuted or scaled, or mixed by any invertible matrix, and the weights
    of the next layer make up for it. Principal components do not. What is left out
    has no effect on the next layer to first order around the stimuli; larger changes
    can have one where the network is not linear. :meth:`reduced_outputs` says what
    the network gives without it.

    The network must be a chain: each layer is a differentiable function of the
    layer before, the same for all stimuli. Residual connections that pass a layer by,
    parallel branches, randomness, batch normalisation without stored statistics and
    branches that depend on numbers are found and refused. Networks run in evaluation
    mode, so dropout and batch normalisation as modules may be there.

    Memory holds the activations of all layers, matrices of the size (n_units, n_units)
    or (n_stimuli, n_units) of one layer, and derivatives of one batch: about 64 MB, or
    those of one stimulus, (n_next_features, n_features), if they are larger, and what
    torch keeps to compute them.

    References
    ----------
    .. [1] Bushnaq et al., "The Local Interaction Basis: Identifying
       Computationally-Relevant and Sparsely Interacting Features in Neural Networks",
       arXiv:2405.10928, 2024.

    Examples
    --------
    >>> from sktopo import GraphPersistence
    >>> from sktopo.datasets import load_digit_networks
    >>> from sktopo.recording import InteractionBasis
    >>> digits = load_digit_networks()
    >>> basis = InteractionBasis(digits.networks[0], tol=1e-3)
    >>> features = basis.fit_transform(digits.stimuli)
    >>> graph = basis.interaction_graph()
    >>> graph.shape == (features.shape[1], features.shape[1])
    True
    >>> GraphPersistence().fit_transform([graph]).shape[0]
    1
    """

    def __init__(
        self,
        model: torch.nn.Module | Callable[[], torch.nn.Module] | None = None,
        *,
        layers: Layers = None,
        basis: Literal["lib", "pca"] = "lib",
        n_intervals: int = 8,
        tol: float = 1e-6,
        batch_size: int | Literal["auto"] = "auto",
    ) -> None:
        self.model = model
        self.layers = layers
        self.basis = basis
        self.n_intervals = n_intervals
        self.tol = tol
        self.batch_size = batch_size

    def __sklearn_clone__(self) -> Self:
        return clone_sharing(self, self.model)

    def fit(self, X: Stimuli, y: object = None) -> Self:
        """Find the features of each layer and their interactions.

        Parameters
        ----------
        X : array-like of shape (n_stimuli, n_features) or (n_stimuli, ...)
            The stimuli, or any other form that `stimuli` of
            :class:`~sktopo.ActivationExtractor` may have.

        y : None
            Ignored.

        Returns
        -------
        self : InteractionBasis
            The fitted transformer.

        Raises
        ------
        TypeError
            If the model is not a torch module, or X has none of the forms above.

        ValueError
            If a parameter is out of range, X has fewer than two stimuli, the layers
            do not form a chain of two or more, cannot be differentiated, or do not
            vary. The estimator is then as it was before.

        MemoryError
            If memory runs out, on the CPU or a GPU.

        ImportError
            If torch is not installed.
        """
        with fitted_copy(self) as fitted:
            fitted._fit(X)
        return self

    def transform(self, X: Stimuli) -> FloatArray:
        """Turn the activations of stimuli into features.

        Parameters
        ----------
        X : array-like of shape (n_stimuli, n_features) or (n_stimuli, ...)
            The stimuli.

        Returns
        -------
        features : ndarray of shape (n_stimuli, n_features_out)
            The features, those of one layer after those of another; float32 or
            float64.

        Raises
        ------
        ValueError
            As `fit`, or if layers have other numbers of units than in `fit`.

        MemoryError
            If memory runs out, on the CPU or a GPU.
        """
        check_is_fitted(self)
        sample, dtype = self._read(X, reset=False)
        _, tables = self._record_again(sample)
        parts = [
            rotation.rotate(table)
            for rotation, table in zip(self._rotations(), tables, strict=True)
        ]
        return np.hstack(parts).astype(dtype or np.result_type(*tables), copy=False)

    def reduced_outputs(
        self, X: Stimuli, *, n_features: int | Sequence[int] | None = None
    ) -> FloatArray:
        """Return what the network gives if its layers have fewer features.

        The activations of each layer are replaced by the mean and the first features,
        the next layer is computed from them, and so on.

        Parameters
        ----------
        X : array-like of shape (n_stimuli, n_features) or (n_stimuli, ...)
            The stimuli.

        n_features : int or sequence of int, default=None
            How many features remain, of each layer but the last, or of each in turn.
            None takes all features.

        Returns
        -------
        outputs : ndarray of shape (n_stimuli, n_units)
            The activations of the last layer; float32 or float64.

        Raises
        ------
        ValueError
            As `transform`, or if `n_features` is out of range.

        MemoryError
            If memory runs out, on the CPU or a GPU.
        """
        check_is_fitted(self)
        counts = self._read_counts(n_features)
        sample, _ = self._read(X, reset=False)
        recorder, (activations, *_) = self._record_again(sample)
        # The features of the last layer are not needed.
        pairs = zip(self._rotations(), counts, strict=False)
        for number, (rotation, count) in enumerate(pairs):
            features = rotation.rotate(activations)[:, :count]
            activations = recorder.predict(number, rotation.restore(features))
        return activations

    def interaction_graph(self) -> NDArray[np.float64]:
        """Return the graph of interactions between features.

        Returns
        -------
        graph : ndarray of shape (n_features_out, n_features_out), dtype float64
            A symmetric matrix. Features of successive layers are joined by their
            interactions; all other weights are 0.
        """
        check_is_fitted(self)
        starts = np.cumsum([0, *self.n_features_])
        graph = np.zeros((starts[-1], starts[-1]))
        blocks = [slice(*ends) for ends in pairwise(starts.tolist())]
        for (first, last), edges in zip(pairwise(blocks), self.edges_, strict=True):
            graph[last, first] = edges
            graph[first, last] = edges.T
        return graph

    def get_feature_names_out(
        self, input_features: object = None
    ) -> NDArray[np.object_]:
        """Name the features.

        Parameters
        ----------
        input_features : object, default=None
            Ignored.

        Returns
        -------
        names : ndarray of str
            ``"layer[0]"``, ``"layer[1]"``, ..., by importance.
        """
        check_is_fitted(self)
        names = [
            f"{layer}[{number}]"
            for layer, size in zip(self.layer_names_, self.n_features_, strict=True)
            for number in range(size)
        ]
        return np.array(names, dtype=object)

    def _read(self, X, *, reset):
        """Return the stimuli with the model as a `Sample`, and the dtype of X or None.

        The dtype is that of a table of floats, in which results are returned.
        """
        network = build_network(self.model, "model")
        is_other = is_tensor(X) or is_mapping(X) or are_parts(X) or is_iterable_only(X)
        if is_other or getattr(X, "ndim", 2) > 2:
            return Sample("The model", network, read_inputs(X, "X")).build(), None
        table = validate_table(self, X, dtype="numeric", reset=reset)
        inputs = HeldInputs(Parts({0: table}, "X"), "auto")
        dtype = table.dtype if table.dtype in FLOATS else None
        return Sample("The model", network, inputs).build(), dtype

    def _fit(self, X):
        check_option("basis", self.basis, _BASES)
        check_integer("n_intervals", self.n_intervals, 0)
        check_real("tol", self.tol, 0, 1)
        sample, _ = self._read(X, reset=True)
        if len(sample.inputs) < 2:
            raise ValueError(
                "X holds one stimulus (1 sample); expected at least 2, as directions "
                "are found in which the activations vary."
            )
        sites, tables = self._record(sample, self._choose_layers(sample))
        is_doubled = len(sites) > 1 and np.array_equal(tables[-2], tables[-1])
        if self.layers is None and is_doubled:
            # The network ends with an activation function.
            sites, tables = sites[:-1], tables[:-1]
        self.layer_names_ = [site.label for site in sites]
        if len(sites) < 2:
            raise ValueError(
                f"The model: the only layer is {self.layer_names_[0]!r}; expected two "
                "or more that follow each other. Name them as layers=."
            )
        recorder = SectionRecorder(sample, self._make_options(None), sites)
        for number, pair in enumerate(pairwise(tables)):
            recorder.check(number, *pair)
        self._learn(recorder, tables, self._find_rotations(recorder, tables))

    def _learn(self, recorder, tables, rotations):
        """Set the fitted attributes that hold features and interactions."""
        self.n_features_ = [len(rotation.eigenvalues) for rotation in rotations]
        self.means_ = [rotation.mean for rotation in rotations]
        self.components_ = [rotation.components for rotation in rotations]
        self.inverse_components_ = [rotation.inverse for rotation in rotations]
        self.eigenvalues_ = [rotation.eigenvalues for rotation in rotations]
        self.groups_ = np.repeat(
            np.array(self.layer_names_, dtype=object), self.n_features_
        )
        self.edges_ = [
            recorder.measure_edges(
                number,
                rotation.rotate(table),
                rotation,
                after.components,
                self.n_intervals,
            )
            for number, (table, (rotation, after)) in enumerate(
                zip(tables[:-1], pairwise(rotations), strict=True)
            )
        ]

    def _choose_layers(self, sample):
        """Return the entries that select the layers."""
        if self.layers is not None:
            return self.layers
        plan = Recorder(sample, self._make_options(None)).plan()
        labels = [site.label for site in plan.sites]
        return list(dict.fromkeys([*labels, type(sample.network).__name__]))

    def _make_options(self, layers):
        return RecordingOptions(
            layers, "units", "auto", self.batch_size, None, seed=0, device=None
        )

    def _record(self, sample, layers):
        """Return the layers, a list of RecordedSite, and the activations of each."""
        recorder = Recorder(sample, self._make_options(layers))
        plan = recorder.plan()
        n_bytes = plan.n_rows * plan.n_nodes * plan.dtype.itemsize
        what = f"the activations of {plan.n_nodes:,} units"
        check_bytes("InteractionBasis", n_bytes, what, "Show fewer stimuli")
        activations = np.empty((plan.n_rows, plan.n_nodes), plan.dtype)
        recorder.run(plan, activations)
        return plan.sites, [activations[:, place] for _, place in plan.place_sites()]

    def _record_again(self, sample):
        """Return the activations of the layers that were fitted, and a recorder."""
        sites, tables = self._record(sample, self.layer_names_)
        for site, mean in zip(sites, self.means_, strict=True):
            if site.n_nodes != len(mean):
                raise ValueError(
                    f"Layer {site.label!r} has {site.n_nodes} units, but had "
                    f"{len(mean)} in fit. Fit again, or show stimuli of the same shape."
                )
        return SectionRecorder(sample, self._make_options(None), sites), tables

    def _find_rotations(self, recorder, tables):
        """Find the features of all layers, from the last one back."""
        rotations = []
        for number, table in reversed(list(enumerate(tables))):
            label = self.layer_names_[number]
            is_aligned = self.basis == "lib" and bool(rotations)
            rotation = find_principal(table, 0 if is_aligned else self.tol)
            if not len(rotation.eigenvalues):
                raise ValueError(
                    f"The model: layer {label!r} gives the same activations for all "
                    f"{len(table)} stimuli. Leave it out, or show other stimuli."
                )
            if is_aligned:
                white = whiten(rotation)
                products = recorder.multiply_derivatives(
                    number, table, white, rotations[0].components
                )
                rotation = align(white, products, table, self.tol)
            rotations.insert(0, rotation)
            if not len(rotation.eigenvalues):
                raise ValueError(
                    f"The model: layer {label!r} has no effect on layer "
                    f"{self.layer_names_[number + 1]!r}: all derivatives are 0."
                )
        return rotations

    def _rotations(self):
        """Return the fitted features of each layer, as `Rotation`."""
        parts = (
            self.means_,
            self.components_,
            self.inverse_components_,
            self.eigenvalues_,
        )
        return [Rotation(*parts) for parts in zip(*parts, strict=True)]

    def _read_counts(self, n_features):
        """Return how many features are kept of each layer but the last."""
        sizes = self.n_features_[:-1]
        if n_features is None:
            return sizes
        if is_integer(n_features):
            check_integer("n_features", n_features, 0)
            return [min(n_features, size) for size in sizes]
        counts = list(n_features) if isinstance(n_features, Iterable) else [n_features]
        is_right = len(counts) == len(sizes) and all(map(is_integer, counts))
        if not is_right or any(
            not 0 <= count <= size for count, size in zip(counts, sizes, strict=True)
        ):
            raise ValueError(
                f"n_features={n_features!r} must be None, an integer of at least 0, or "
                f"one for each layer but the last, at most {sizes}."
            )
        return counts

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
