"""A transformer applied to the stimuli of each class, its rows side by side."""

from __future__ import annotations

from functools import partial
from math import hypot, sqrt
from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.base import BaseEstimator
from sktopo._utils.caller import warn_caller
from sktopo._utils.columns import cut_columns
from sktopo._utils.fitting import fit_and_transform, fitted_copy
from sktopo._utils.geometry import find_deviation
from sktopo._utils.labels import check_labels
from sktopo._utils.nodes import check_input_features, make_names
from sktopo._utils.parameters import check_flag, check_transformer
from sktopo._utils.samples import name_errors, read_rows, validate_table
from sktopo._utils.stimuli import find_difference, is_reordered, read_index
from sktopo.connectomes._inputs import read_samples
from sktopo.connectomes._missing import accepts_nan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from sktopo._typing import FloatArray

# The only class, if no classes are given.
_ALL = "all"


class ClassWise(TransformerMixin, BaseEstimator):
    r"""Apply a transformer to the stimuli of each class, and join the rows.

    A connectome over all stimuli mixes how units respond to different classes of
    stimuli and how they vary within a class. Here a clone of the transformer, usually
    a pipeline of :class:`FunctionalConnectome` and :class:`GraphPersistence`, is given
    the activations for the stimuli of one class at a time. Its rows for all classes
    stand side by side, so the result says in which classes of stimuli networks differ.

    Parameters
    ----------
    transformer : estimator
        A transformer of activations that returns a table, one row for each sample. A
        clone of it is fitted for each class.

    stimulus_classes : array-like of shape (n_stimuli,) or None, default=None
        The class of each stimulus, in the order in which all networks saw them. With
        None all stimuli form one class, "all".

    balance : bool, default=True
        Whether `fit` learns factors with which the rows of all classes have the same
        Wasserstein variance. Otherwise the classes that vary most decide all distances.

    Attributes
    ----------
    class_slices_ : dict of str to slice
        Which columns belong to which class; classes are sorted.
        :func:`sktopo.inference.difference_table` takes this as `slices`.

    scales_ : dict of str to float
        What the rows of each class are multiplied by, see Notes.

    transformers_ : dict of str to estimator
        The transformer that was fitted for each class.

    n_features_in_ : int
        Number of columns of X, if that is a table.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns of X, if that is a data frame with strings as names.

    See Also
    --------
    SampleWise : Applies a transformer to one sample at a time.
    GraphProfiles : Profiles of groups of nodes, not of stimuli.

    Notes
    -----
    With k classes, and :math:`d_c` the Euclidean distance between the rows of the
    transformer for class c, the squared distance between rows is the weighted mean

    .. math:: d^2 = \frac{1}{k} \sum_c f_c^2 d_c^2 .

    So if the rows of the transformer are Wasserstein rows, those of all classes are
    too. The factors :math:`f_c` are 1 with ``balance=False``. Otherwise they give each
    class the mean of the variances of all classes over the fitted samples, so that the
    variance of the whole rows stays the same. If the fitted samples do not vary in a
    class, or by rounding only, its factor is 1 and `fit` warns; that is so in all
    classes if there is one sample. ``scales_`` holds :math:`f_c / \sqrt{k}`.

    Classes may differ in size, because all samples have the same classes. Weights over
    few stimuli have large errors, though: over two stimuli all correlations are 1
    or -1. A unit that never varies within a class counts as constant there.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sktopo import ClassWise, FunctionalConnectome, GraphPersistence
    >>> activations = np.random.default_rng(0).normal(size=(5, 20, 4))
    >>> chain = make_pipeline(FunctionalConnectome(), GraphPersistence())
    >>> by_class = ClassWise(chain, stimulus_classes=["cat", "dog"] * 10)
    >>> by_class.fit_transform(activations).shape  # 6 edges for each class
    (5, 12)
    >>> by_class.class_slices_["dog"]
    slice(6, 12, None)
    >>> by_class.get_feature_names_out()[6]
    'dog__birth0'
    """

    def __init__(
        self,
        transformer: Any,
        *,
        stimulus_classes: ArrayLike | None = None,
        balance: bool = True,
    ) -> None:
        self.transformer = transformer
        self.stimulus_classes = stimulus_classes
        self.balance = balance

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Fit a clone of the transformer for each class, and learn the scales.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_stimuli, n_nodes), sequence of \
                array-like of shape (n_stimuli, n_nodes), or array-like of shape \
                (n_samples, n_stimuli)
            Activations of samples, or a table with a column for each stimulus.

        y : array-like of shape (n_samples,) or None
            Handed to the transformer.

        Returns
        -------
        self : ClassWise
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter has a wrong value, X holds numbers that are not finite, there
            is not one class for each stimulus, a class has fewer than two stimuli, or
            the transformer refuses those of a class, which the message names.

        TypeError
            If `transformer` is not a transformer, or X is not an array of numbers.

        Warns
        -----
        UserWarning
            If classes are to be balanced, and there is one in which samples do not
            vary.
        """
        with fitted_copy(self) as fitted:
            fitted._learn(X, y)
        return self

    def fit_transform(self, X: ArrayLike, y: object = None) -> FloatArray:
        """Fit to X and transform it, with the rows of each class computed once.

        Parameters
        ----------
        X : array-like or sequence
            Activations, as in `fit`.

        y : array-like of shape (n_samples,) or None
            Handed to the transformer.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_features_out)
            As `transform` returns.
        """
        with fitted_copy(self) as fitted:
            rows = fitted._join(fitted._learn(X, y))
        return rows

    def transform(self, X: ArrayLike) -> FloatArray:
        """Compute the rows of all classes.

        Parameters
        ----------
        X : array-like or sequence
            Activations for as many stimuli, as in `fit`.

        Returns
        -------
        rows : ndarray of shape (n_samples, n_features_out)
            Rows of the first class, of the second, ..., each multiplied by its scale;
            float32 if the transformer returns that, else float64.

        Raises
        ------
        ValueError, TypeError
            As `fit`, or if the transformer returns another number of columns than when
            it was fitted.
        """
        check_is_fitted(self)
        samples = self._read(X, reset=False)
        return self._join(
            {
                name: self._call(transformer.transform, name, X, samples)
                for name, transformer in self.transformers_.items()
            }
        )

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_] | Sequence[str]:
        """Name the columns, as the fitted transformers do, with the class before.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the units, or of the columns of a table, handed to the
            transformers.

        Returns
        -------
        names : ndarray of str, or sequence of str
            ``"dog__birth0"`` for the column "birth0" of the class "dog". More than
            65,536 names are made only when they are read; ``numpy.asarray`` makes all.

        Raises
        ------
        ValueError
            If the transformer gives no names, or refuses those of the input.
        """
        check_is_fitted(self)
        check_input_features(input_features)
        columns = None
        if hasattr(self, "n_features_in_"):  # those of a table
            columns = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        parts = {}
        for name, transformer in self.transformers_.items():
            if not hasattr(transformer, "get_feature_names_out"):
                raise ValueError(
                    f"{type(transformer).__name__} does not name its columns: it has "
                    "no method get_feature_names_out."
                )
            given = input_features if columns is None else columns[self._stimuli[name]]
            parts[name] = transformer.get_feature_names_out(given)
        return make_names(sum(map(len, parts.values())), partial(_name_columns, parts))

    def _learn(self, X, y):
        """Fit a transformer for each class; return the rows of each, not yet scaled."""
        check_transformer(self.transformer)
        check_flag("balance", self.balance)
        self._stimuli, self._n_stimuli = _find_stimuli(self.stimulus_classes)
        samples = self._read(X, reset=True)
        self.transformers_, rows = {}, {}
        for name in self._stimuli:
            transformer = clone(self.transformer)
            fit = partial(fit_and_transform, transformer, y=y)
            rows[name] = self._call(fit, name, X, samples)
            self.transformers_[name] = transformer
        sizes = {name: part.shape[1] for name, part in rows.items()}
        self.class_slices_ = cut_columns(sizes)
        self.scales_ = _find_scales(rows, self.balance)
        return rows

    def _read(self, X, reset):
        """Return X as a list of samples whose rows are stimuli, or as a table.

        Raises a ValueError unless there is one class for each stimulus.
        """
        samples = read_samples(X, allow_nan=accepts_nan(self.transformer))
        if samples is None:
            table = validate_table(self, X, reset=reset)
            self._check_stimuli(table.shape[1], "X", "column")
            return table
        for i, sample in enumerate(samples):
            self._check_stimuli(len(sample), f"Sample {i} of X", "observation")
        self._check_order(X)
        return samples

    def _check_order(self, X):
        """Raise a ValueError if data frames have the same stimuli in another order."""
        known = [
            ("stimulus_classes", read_index(self.stimulus_classes)),
            *((f"Sample {i} of X", read_index(given)) for i, given in enumerate(X)),
        ]
        named = [(name, index) for name, index in known if index is not None]
        for name, index in named[1:]:
            first, expected = named[0]
            if is_reordered(index, expected):
                at = find_difference(index, expected)
                raise ValueError(
                    f"{name} has stimulus {index[at]!r} in row {at}, but {first} has "
                    f"{expected[at]!r} there. Classes are given by the order of "
                    "stimuli, so bring all into one order."
                )

    def _check_stimuli(self, n_stimuli, name, kind):
        """Raise a ValueError unless there are as many stimuli as classes were given."""
        if self._n_stimuli not in (None, n_stimuli):
            raise ValueError(
                f"{name} has {n_stimuli} {kind}(s), but stimulus_classes has "
                f"{self._n_stimuli} label(s); expected one for each {kind}."
            )

    def _call(self, function, name, X, samples):
        """Call a function with the stimuli of a class, and return its rows."""
        with name_errors(f"Class {name!r} of stimuli"):
            rows = function(_select(X, samples, self._stimuli[name]))
            if isinstance(rows, list):
                raise ValueError(
                    "the transformer returned a list, as for samples of different "
                    "sizes; expected a table. End it with a step that puts them into "
                    "one space, such as GraphPersistence(n_quantiles=...)."
                )
            rows = read_rows(rows, "the result of the transformer")
        if len(rows) != len(samples):
            raise ValueError(
                f"Class {name!r} of stimuli: the transformer returned {len(rows)} "
                f"row(s) for {len(samples)} sample(s); expected one for each sample."
            )
        return rows

    def _join(self, parts):
        """Scale the rows of all classes, and put them side by side."""
        n_columns = max(columns.stop for columns in self.class_slices_.values())
        shape = len(next(iter(parts.values()))), n_columns
        rows = np.empty(shape, np.result_type(*parts.values()))
        for name, part in parts.items():
            columns, scale = self.class_slices_[name], self.scales_[name]
            n_columns = columns.stop - columns.start
            if part.shape[1] != n_columns:
                raise ValueError(
                    f"Class {name!r} of stimuli: the transformer returned "
                    f"{part.shape[1]} column(s), but {n_columns} when it was fitted."
                )
            with np.errstate(over="ignore"):
                np.multiply(part, scale, out=rows[:, columns])
            if scale > 1 and not np.isfinite(rows[:, columns]).all():
                raise ValueError(
                    f"Class {name!r} of stimuli: its rows, scaled by {scale:.3g}, are "
                    f"too large for {rows.dtype}. Scale X down first."
                )
        return rows

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.transformer)
        tags.input_tags = inner.input_tags
        tags.input_tags.sparse = False
        if inner.transformer_tags is not None:
            tags.transformer_tags = inner.transformer_tags
        return tags


def _find_stimuli(labels):
    """Find the places of the stimuli of each class, a dict, and their number.

    Without labels there is one class of all stimuli, and their number is None.
    """
    if labels is None:
        return {_ALL: slice(None)}, None
    labels = check_labels(labels, None, "stimulus_classes", discrete=True, of="row")
    found, members = np.unique(labels, return_inverse=True)
    stimuli = {str(name): np.flatnonzero(members == k) for k, name in enumerate(found)}
    for name, places in stimuli.items():
        if len(places) < 2:
            raise ValueError(
                f"Class {name!r} in stimulus_classes has 1 stimulus; expected at least "
                "2, over which units can be related. Show more stimuli of this class, "
                "or leave it out of stimuli and stimulus_classes."
            )
    return stimuli, len(labels)


def _select(X, samples, stimuli):
    """Return the part of X that holds some stimuli, with the names in data frames.

    `samples` are the arrays, or the table, that were read from X.
    """
    if isinstance(samples, np.ndarray):
        if hasattr(X, "columns"):
            return getattr(X, "iloc", X)[:, stimuli]
        return samples[:, stimuli]
    part = [
        getattr(given, "iloc", given)[stimuli]
        if hasattr(given, "columns")
        else sample[stimuli]
        for given, sample in zip(X, samples, strict=True)
    ]
    return np.stack(part) if getattr(X, "ndim", 1) == 3 else part


def _find_scales(rows, balance):
    """Find what the rows of each class are multiplied by, see `ClassWise`."""
    share = 1 / sqrt(len(rows))
    if not balance or len(rows) == 1:
        return dict.fromkeys(rows, share)
    deviations = {
        name: sqrt(part.shape[1]) * find_deviation(part, caller="ClassWise")
        for name, part in rows.items()
    }
    varying = [deviation for deviation in deviations.values() if deviation]
    if len(varying) < len(rows):
        n_samples = len(next(iter(rows.values())))
        same = [name for name, deviation in deviations.items() if not deviation]
        warn_caller(
            f"balance=True cannot balance the classes {same} of stimuli: their rows of "
            f"all {n_samples} sample(s) are the same. They keep the factor 1."
        )
    common = hypot(*varying) / sqrt(len(varying) or 1)
    return {
        name: share * (common / deviation if deviation else 1.0)
        for name, deviation in deviations.items()
    }


def _name_columns(parts, positions):
    """Name the columns at positions of a row; `parts` has the names of each class."""
    positions = np.asarray(positions, dtype=np.intp)
    names, start = np.empty(len(positions), dtype=object), 0
    for label, part in parts.items():
        inside = (positions >= start) & (positions < start + len(part))
        local = positions[inside] - start
        if len(local):
            # A slice makes only the names that are asked for.
            known = np.asarray(part[local.min() : local.max() + 1], dtype=object)
            names[inside] = [f"{label}__{name}" for name in known[local - local.min()]]
        start += len(part)
    return names
