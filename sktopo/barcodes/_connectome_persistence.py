"""From activations to Wasserstein rows in one step, for any number of units."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import OneToOneFeatureMixin
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.caller import warn_caller
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.memory import check_memory
from sktopo._utils.nodes import check_input_features, make_names, name_columns
from sktopo._utils.parameters import check_flag, check_integer, check_option
from sktopo._utils.samples import check_units, name_errors
from sktopo.barcodes._layout import (
    BarcodeLayout,
    check_deaths,
    check_homology_dimensions,
)
from sktopo.barcodes._quantiles import quantile_vectors
from sktopo.barcodes._streaming import (
    FEWER_DEATHS,
    PRODUCT_MEASURES,
    count_death_bytes,
    stream_barcode,
    tile_threads,
)
from sktopo.barcodes._tiles import (
    Units,
    check_device,
    count_unit_bytes,
    square_size,
    standardize_units,
)
from sktopo.connectomes._base import ActivationTransformer, warn_lengths

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal, Self

    import torch
    from numpy.typing import ArrayLike, NDArray

    from sktopo._typing import FloatArray


class ConnectomePersistence(ActivationTransformer):
    """Turn activations into Wasserstein rows, for any number of units.

    The rows are those of :class:`FunctionalConnectome` followed by
    :class:`GraphPersistence`, computed without the matrix of weights: births from
    the strongest neighbours of each unit, and averages of the quantile function of the
    deaths from their histogram, while tiles of the matrix pass by [1]_. Two steps need
    8 bytes or more for each pair of units, this one a copy of the activations of a
    sample.

    Parameters
    ----------
    measure : {"correlation", "spearman", "covariance"}, default="correlation"
        What relates two units, see :class:`FunctionalConnectome`. Frames can be
        related by "correlation" and "covariance" only.

    absolute : bool, default=True
        Whether to take absolute values of the weights.

    constant_units : {"zero", "drop", "raise"}, default="zero"
        What to do with units that never vary. With "zero" their weights are 0, and a
        warning counts these units. With "drop" they are left out, also those that are
        NaN throughout, and a warning counts them; this needs `n_quantiles`. With
        "raise" a ValueError is raised.

    normalize : bool, default=True
        Whether births and deaths each count as a probability measure, see
        :class:`GraphPersistence`. False needs ``n_quantiles=None``. "balanced" is
        refused, because `fit` does not compute barcodes.

    homology_dimensions : tuple of int, default=(0, 1)
        What to keep: 0 for births of components, 1 for deaths of cycles. Births alone
        take less time.

    n_quantiles : int or None, default=1000
        Number of averages that replace births, and deaths, which puts graphs of
        different sizes into one space, see
        :func:`sktopo.barcodes.quantile_vectors`. With None rows hold all births and
        deaths, as many numbers as there are pairs of units; `transform` says before any
        work if there is not enough memory for them.

    device : str, torch.device or None, default=None
        Where torch computes the tiles, such as "cuda". None for NumPy.

    verbose : bool, default=False
        Whether to show a progress bar for each sample (needs tqdm).

    Attributes
    ----------
    layout_ : BarcodeLayout
        Which columns of a row are births and deaths, and how they are scaled.

    input_kind_ : {"samples", "ragged samples", "frames"}
        What was fitted. Samples are ragged if they differ in their number of units.

    mean_ : ndarray of shape (n_nodes,)
        Mean of each unit over the fitted frames; only after fitting frames.

    scale_ : ndarray of shape (n_nodes,)
        Standard deviation of each unit over the fitted frames; only after fitting
        frames.

    dropped_ : list of dict
        What was left out of each fitted sample, see :class:`FunctionalConnectome`;
        only with ``constant_units="drop"``.

    n_features_in_ : int
        Number of units, if all samples have the same.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the units, if X was a data frame or a sequence of data frames.

    See Also
    --------
    FunctionalConnectome : Computes the weights of all pairs of units.
    GraphPersistence : Turns connectome rows into Wasserstein rows.
    sktopo.barcodes.activation_barcode : The barcode of one sample, with its edges.

    Notes
    -----
    :func:`sktopo.barcodes.activation_barcode` says how births and deaths are found and
    how exact they are. Samples are computed one after the other, and the tiles of each
    by as many threads as BLAS is given: limit them with ``threadpoolctl``.

    For graphs over stimuli, ``FunctionalConnectome(nodes="stimuli")``, give transposed
    samples, ``[sample.T for sample in X]``. Messages then say "unit" of a stimulus.

    References
    ----------
    .. [1] Songdechakraiwut & Wu, "Functional connectomes of neural networks",
       AAAI 2025, arXiv:2412.15279. The paper computes from the matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo import ConnectomePersistence
    >>> activations = np.random.default_rng(0).normal(size=(2, 50, 3000))
    >>> ConnectomePersistence(n_quantiles=100).fit_transform(activations).shape
    (2, 200)
    """

    def __init__(
        self,
        measure: Literal["correlation", "spearman", "covariance"] = "correlation",
        *,
        absolute: bool = True,
        constant_units: Literal["zero", "drop", "raise"] = "zero",
        normalize: bool = True,
        homology_dimensions: Sequence[int] = (0, 1),
        n_quantiles: int | None = 1000,
        device: str | torch.device | None = None,
        verbose: bool = False,
    ) -> None:
        self.measure = measure
        self.absolute = absolute
        self.constant_units = constant_units
        self.normalize = normalize
        self.homology_dimensions = homology_dimensions
        self.n_quantiles = n_quantiles
        self.device = device
        self.verbose = verbose

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the number of units and, for frames, their mean and deviation.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_observations, n_nodes), sequence of \
                array-like of shape (n_observations, n_nodes), or array-like of \
                shape (n_frames, n_nodes)
            Activations of samples, or frames, as :class:`FunctionalConnectome` takes
            them. Samples in a sequence may differ in n_nodes if `n_quantiles` is given.

        y : None
            Ignored.

        Returns
        -------
        self : ConnectomePersistence
            The fitted transformer.

        Raises
        ------
        ValueError
            If the value of a parameter is unknown, X holds numbers that are not
            finite, a sample has fewer than two units or two observations, samples
            differ in their number of units without `n_quantiles`, or X holds
            symmetric matrices, which are connectomes already.

        TypeError
            If X, or a sample in it, is not an array of numbers.

        ImportError
            If `device` is given and torch is not installed.
        """
        self._check_parameters()
        with fitted_copy(self) as fitted:
            samples = fitted._learn(X)
            if fitted.input_kind_ == "ragged samples":
                n_nodes = min(sample.shape[1] for sample in samples)
                if self.n_quantiles is None:
                    raise ValueError(
                        "The samples of X differ in their number of units; give "
                        "n_quantiles to put graphs of different sizes into one space."
                    )
            else:
                n_nodes = fitted.n_features_in_
            if samples is not None:
                fitted._check_deaths(fitted._select(X, samples)[0])
            fitted.layout_ = fitted._layout(n_nodes)
            if n_nodes == 2 and self.n_quantiles is not None:
                _warn_pairs(fitted.layout_.sizes)
        return self

    def transform(self, X: ArrayLike) -> FloatArray:
        """Compute Wasserstein rows.

        Parameters
        ----------
        X : array-like or sequence
            Samples if samples were fitted, frames if frames were.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_features_out)
            Wasserstein rows, float32 if the activations are, else float64. Columns:
            births, deaths.

        Raises
        ------
        ValueError
            For the reasons that `fit` raises one, if X is not of the kind or the
            number of units that were fitted, or if weights leave the range of the
            dtype.

        TypeError
            If X, or a sample in it, is not an array of numbers.

        MemoryError
            If ``n_quantiles=None`` and all births and deaths do not fit in the memory
            at hand.
        """
        check_is_fitted(self)
        self._check_parameters()
        samples, frames = self._read(X)
        if samples is None:
            dtype, constant = frames.dtype, self.scale_ == 0
            make_units, samples = self._frame_units, self._score_frames(frames)
            masks = [constant] * len(samples)
        else:
            if self.n_quantiles is None:  # rows of other sizes have other columns
                check_units(self, X, samples, reset=False)
            dtype, make_units = np.result_type(*samples), self._sample_units
            selections, names = self._select(X, samples)
            self._check_deaths(selections)
            masks = [selection.constant for selection in selections]
            self._report_constant(masks)
            self._report_dropped(selections, names)
            warn_lengths([len(sample) for sample in samples])
        check_device(self.device, dtype)
        shape = len(samples), sum(self.layout_.sizes.values())
        if self.n_quantiles is None:
            self._check_size(shape, dtype, samples, masks)
        rows = np.empty(shape, dtype)
        with tile_threads(self.device) as run:
            for i, (sample, constant) in enumerate(zip(samples, masks, strict=True)):
                with name_errors(f"Sample {i} of X"):
                    nodes, n_nodes = np.flatnonzero(~constant), len(constant)
                    units = make_units(sample, nodes)
                    if self.constant_units == "drop":  # others have the next numbers
                        nodes, n_nodes = np.arange(len(nodes)), len(nodes)
                    self._write_row(units, nodes, n_nodes, run, rows[i])
        return rows

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_] | Sequence[str]:
        """Name the columns: births, then deaths.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the units. Only their number is checked.

        Returns
        -------
        names : ndarray of str, or sequence of str
            "birth_quantile0", "death_quantile0" and so on; without quantiles "birth0"
            is the smallest birth, "death0" the smallest death, as scaled. More than
            65,536 names are made only when they are read; ``numpy.asarray`` makes all.

        Raises
        ------
        ValueError
            If the number of names is not the number of units.
        """
        check_is_fitted(self)
        check_input_features(input_features)
        if input_features is not None and hasattr(self, "n_features_in_"):
            OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        suffix = "" if self.n_quantiles is None else "_quantile"
        sizes = self.layout_.sizes
        parts = [(size, f"{kind}{suffix}") for kind, size in sizes.items()]
        return make_names(sum(sizes.values()), partial(name_columns, parts))

    def _check_parameters(self):
        check_option("measure", self.measure, PRODUCT_MEASURES)
        check_flag("absolute", self.absolute)
        check_option("constant_units", self.constant_units, self._CONSTANT_UNITS)
        if isinstance(self.normalize, str) and self.normalize == "balanced":
            raise ValueError(
                "normalize='balanced' learns from the barcodes of all samples, which "
                "ConnectomePersistence does not compute in fit. Use "
                "FunctionalConnectome and GraphPersistence(normalize='balanced')."
            )
        check_flag("normalize", self.normalize)
        check_homology_dimensions(self.homology_dimensions)
        check_flag("verbose", self.verbose)
        check_device(self.device)
        if self.n_quantiles is None:
            if self.constant_units == "drop":
                raise ValueError(
                    "constant_units='drop' makes graphs of different sizes, which need "
                    "n_quantiles; got n_quantiles=None."
                )
            return
        check_integer("n_quantiles", self.n_quantiles, 1)
        if not self.normalize:
            raise ValueError(
                "n_quantiles needs normalize=True: sums cannot be compared between "
                "graphs of different sizes; got normalize=False. Give n_quantiles=None."
            )

    def _layout(self, n_nodes):
        """Return the layout of the rows of graphs on `n_nodes` nodes."""
        layout = BarcodeLayout(
            n_nodes * (n_nodes - 1) // 2,
            normalize=bool(self.normalize),
            homology_dimensions=tuple(self.homology_dimensions),
            n_quantiles=self.n_quantiles,
        )
        kinds = layout.sizes
        # scikit-learn expects that tables of two columns can be fitted.
        is_strict = self.n_quantiles is not None and self.input_kind_ != "frames"
        if "death" in kinds and (is_strict or "birth" not in kinds):
            check_deaths(n_nodes * (n_nodes - 1) // 2)
        return layout

    def _check_deaths(self, selections):
        """Raise a ValueError if a sample does not have the deaths that rows need."""
        for k, selection in enumerate(selections):
            with name_errors(f"Sample {k} of X"):
                self._layout(selection.n_left)

    def _sample_units(self, sample, nodes):
        """Standardise the units of a sample."""
        return standardize_units(sample, self.measure, self.absolute, nodes)

    def _frame_units(self, scores, nodes):
        """Return the standardised units of a frame, one observation each."""
        rows = scores[nodes, None]
        size = float(np.abs(rows).max(initial=0)) or 1.0
        return Units(
            rows / rows.dtype.type(size), square_size(size), None, self.absolute
        )

    def _check_size(self, shape, dtype, samples, masks):
        """Raise a MemoryError if rows of all births and deaths do not fit in memory.

        `masks` mark the constant units of each sample.
        """
        n_rows, n_nodes = dtype.itemsize * shape[0] * shape[1], len(masks[0])
        n_kept, n_working = map(max, zip(*map(count_unit_bytes, samples), strict=True))
        if "death" in self.layout_.sizes:
            n_varying = n_nodes - max(mask.sum() for mask in masks)
            n_deaths = count_death_bytes(n_nodes, n_varying, dtype.itemsize)
            n_working = max(n_working, n_deaths)
        n_bytes = n_rows + n_kept + n_working
        check_memory(type(self).__name__, n_bytes, n_nodes, FEWER_DEATHS)

    def _write_row(self, units, nodes, n_nodes, run, row):
        """Compute the Wasserstein row of one sample, and write it to `row`."""
        barcode = stream_barcode(
            units,
            nodes,
            n_nodes,
            n_quantiles=self.n_quantiles,
            deaths="death" in self.layout_.sizes and n_nodes > 2,
            run=run,
            device=self.device,
            verbose=self.verbose,
        )
        parts = {"birth": barcode.births, "death": barcode.deaths}
        if n_nodes == 2:
            parts["death"] = np.zeros(self.n_quantiles or 0)
        if self.n_quantiles is not None and "birth" in self.layout_.sizes:
            parts["birth"] = quantile_vectors(barcode.births[None], self.n_quantiles)[0]
        for kind, columns in self.layout_.split(row).items():
            np.multiply(parts[kind], self.layout_.scales[kind], out=columns)


def _warn_pairs(kinds):
    """Warn that frames of two units have no deaths, if their averages are kept."""
    if "death" in kinds:
        warn_caller(
            "X has frames of 2 units, which have no deaths: the averages of their "
            "deaths are set to 0."
        )
