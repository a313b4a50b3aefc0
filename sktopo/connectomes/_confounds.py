"""Confounds regressed out of recordings before their units are related."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.base import BaseEstimator
from sktopo._utils.finite import check_finite
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.nodes import check_input_features
from sktopo._utils.output import StackOutputMixin
from sktopo._utils.parameters import check_flag, is_integer
from sktopo._utils.samples import check_units, detach, read_array
from sktopo.connectomes._base import read_fitted_samples, read_frames
from sktopo.connectomes._inputs import read_sample, read_samples
from sktopo.connectomes._regression import Regression

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self

    from numpy.typing import ArrayLike, NDArray
    from sklearn.utils import Tags

    from sktopo._typing import FloatArray


def regress_confounds(
    activations: ArrayLike,
    confounds: ArrayLike | None = None,
    *,
    global_signal: bool = False,
) -> FloatArray:
    r"""Regress confounds out of all units of one sample.

    Parameters
    ----------
    activations : array-like of shape (n_observations, n_nodes)
        Activations of one sample, such as the time series of regions.

    confounds : array-like of shape (n_observations, n_confounds), default=None
        What is to be removed, such as motion, at the same observations. A single one
        may have the shape (n_observations,).

    global_signal : bool, default=False
        Whether the mean of all units is a confound as well.

    Returns
    -------
    residuals : ndarray of shape (n_observations, n_nodes)
        What the confounds do not explain, with the mean of each unit, in the units of
        the activations; float32 if the activations are, else float64.

    Raises
    ------
    ValueError
        If activations or confounds are not tables of finite numbers of equal length, if
        there are too few observations for the confounds, or if `global_signal` is
        asked for a single unit.

    See Also
    --------
    sktopo.RegressConfounds : The same for recordings that hold confounds as columns.

    Notes
    -----
    With :math:`x_i` unit i, :math:`\bar{x}_i` its mean and C the centred confounds, the
    result is :math:`x_i - C \beta_i`, where :math:`\beta_i` minimises
    :math:`\| x_i - \bar{x}_i - C \beta_i \|`. Confounds that are constant, or follow
    from others, change nothing. A unit that the confounds explain up to rounding
    becomes constant.

    The global signal is the mean of the units at each observation. Without it units
    have as many negative correlations as positive ones, whatever they were before [1]_,
    which matters where absolute correlations are compared.

    ``nilearn.signal.clean(activations, confounds=confounds, detrend=False,
    filter=False, standardize=None)`` returns the same.

    References
    ----------
    .. [1] Murphy, Birn, Handwerker, Jones & Bandettini, "The impact of global signal
       regression on resting state correlations: are anti-correlated networks
       introduced?", NeuroImage 44(3), 2009.

    Examples
    --------
    Two regions are related by motion only:

    >>> import numpy as np
    >>> from sktopo.connectomes import regress_confounds
    >>> rng = np.random.default_rng(0)
    >>> motion = rng.normal(size=200)
    >>> regions = rng.normal(size=(200, 2)) + 2 * motion[:, None]
    >>> print(np.corrcoef(regions.T)[0, 1].round(1))
    0.8
    >>> bool(abs(np.corrcoef(regress_confounds(regions, motion).T)[0, 1]) < 0.1)
    True
    """
    check_flag("global_signal", global_signal)
    name = "Input activations"
    activations = read_sample(activations, name)
    if confounds is None:
        confounds = np.empty((len(activations), 0))
    columns = getattr(confounds, "columns", None)
    expected = "a table of numbers, one row for each observation"
    confounds = read_array(
        detach(confounds), "confounds", expected, ensure_2d=False, ensure_min_features=0
    )
    confounds = confounds[:, np.newaxis] if confounds.ndim == 1 else confounds
    if len(confounds) != len(activations):
        raise ValueError(
            f"confounds has {len(confounds)} row(s) for {len(activations)} "
            "observations; expected one for each."
        )
    check_finite(confounds, "confounds", columns, words=("observation", "confound"))
    _check_units_left(activations.shape[1], global_signal, name)
    fitted = Regression.fit(activations, confounds, global_signal, name)
    return fitted.transform(activations, confounds)


class RegressConfounds(StackOutputMixin, TransformerMixin, BaseEstimator):
    """Regress confounds out of the other units of each recording, and leave them out.

    The step before :class:`FunctionalConnectome` for recordings that hold motion, white
    matter or other signals as columns beside the regions.

    Parameters
    ----------
    confounds : str, int, sequence of str or int, or None, default=None
        The columns that are confounds: their names in data frames, or their numbers.

    global_signal : bool, default=False
        Whether the mean of the other columns is a confound as well, see
        :func:`sktopo.connectomes.regress_confounds`.

    Attributes
    ----------
    confound_indices_ : ndarray of shape (n_confounds,)
        Numbers of the columns that are confounds, in ascending order; only if all
        samples have the same number of columns.

    input_kind_ : {"samples", "ragged samples", "frames"}
        What was fitted. Samples are ragged if they differ in their number of columns.

    n_features_in_ : int
        Number of columns, if all samples have the same.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X was a data frame or a sequence of data frames.

    See Also
    --------
    sktopo.connectomes.regress_confounds : The same for confounds in a table of their
        own.
    FunctionalConnectome : Relates what remains.

    Notes
    -----
    Each sample is regressed on its own confounds. A table of frames is one recording,
    whose regression `fit` learns and `transform` applies, also to other frames.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sktopo import FunctionalConnectome
    >>> from sktopo.connectomes import RegressConfounds
    >>> rng = np.random.default_rng(0)
    >>> motion = rng.normal(size=(3, 200, 1))
    >>> regions = rng.normal(size=(3, 200, 4)) + 2 * motion
    >>> recordings = np.concatenate([regions, motion], axis=2)
    >>> print(FunctionalConnectome().fit_transform(regions).mean().round(1))
    0.8
    >>> chain = make_pipeline(RegressConfounds(confounds=4), FunctionalConnectome())
    >>> print(chain.fit_transform(recordings).mean().round(1))
    0.0
    """

    def __init__(
        self,
        confounds: str | int | Sequence[str | int] | None = None,
        *,
        global_signal: bool = False,
    ) -> None:
        self.confounds = confounds
        self.global_signal = global_signal

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Find the confounds and, for frames, learn the regression.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_observations, n_columns), sequence of \
                array-like of shape (n_observations, n_columns), or array-like of \
                shape (n_frames, n_columns)
            Recordings, or the frames of one.

        y : None
            Ignored.

        Returns
        -------
        self : RegressConfounds
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter has a wrong value, X holds numbers that are not finite, a
            sample lacks a confound or has no other columns, or there are too few frames
            for the confounds.

        TypeError
            If X, or a sample in it, is not an array of numbers.
        """
        with fitted_copy(self) as fitted:
            fitted._learn(X)
        return self

    def transform(self, X: ArrayLike) -> Any:
        """Return recordings without their confounds.

        Parameters
        ----------
        X : array-like or sequence
            Recordings if those were fitted, frames if frames were.

        Returns
        -------
        residuals : ndarray of shape (n_samples, n_observations, n_nodes), list of \
                ndarray or data frame, or ndarray of shape (n_frames, n_nodes)
            What confounds do not explain, with the mean of each unit, in the order of
            the columns; float32 if X is, else float64. A list if X is a sequence, in
            which data frames of pandas stay data frames.

        Raises
        ------
        ValueError
            For the reasons that `fit` raises one, if a sample has too few observations
            for the confounds, or if X is of another kind than what was fitted.

        TypeError
            If X, or a sample in it, is not an array of numbers.
        """
        check_is_fitted(self)
        self._check_parameters()
        samples = read_fitted_samples(self, X)
        if samples is None:
            units, confounds = self._split(read_frames(self, X, reset=False))
            return self._regression.transform(units, confounds)
        rest = self._clean_all(X, samples)
        return np.stack(rest) if getattr(X, "ndim", 0) == 3 else rest

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]:
        """Name the columns that are not confounds.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of all columns. If None, `feature_names_in_`, else x0, x1, ...

        Returns
        -------
        names : ndarray of str
            Names of the other columns.

        Raises
        ------
        ValueError
            If the number of names is not the number of columns, or the fitted samples
            differ in it.
        """
        check_is_fitted(self)
        if not hasattr(self, "confound_indices_"):
            raise ValueError(
                "The fitted samples differ in their number of columns, which have no "
                "common names."
            )
        check_input_features(input_features)
        names = OneToOneFeatureMixin.get_feature_names_out(self, input_features)
        return np.delete(names, self.confound_indices_)

    def _check_parameters(self):
        _list_columns(self.confounds)
        check_flag("global_signal", self.global_signal)

    def _learn(self, X):
        """Find the confounds of samples, or learn the regression of frames."""
        self._check_parameters()
        samples = read_samples(X)
        if samples is None:
            frames = read_frames(self, X, reset=True)
            self.confound_indices_ = self._find_confounds("X", X, frames)
            units, confounds = self._split(frames)
            self._regression = Regression.fit(units, confounds, self.global_signal, "X")
            self.input_kind_ = "frames"
            return
        found = [
            self._find_confounds(f"Sample {i} of X", table, sample)
            for i, (table, sample) in enumerate(zip(X, samples, strict=True))
        ]
        same_width = len({sample.shape[1] for sample in samples}) == 1
        if same_width:
            check_units(self, X, samples, reset=True)
            self.confound_indices_ = found[0]
        self.input_kind_ = "samples" if same_width else "ragged samples"

    def _split(self, frames):
        """Split frames into units and confounds."""
        indices = self.confound_indices_
        return np.delete(frames, indices, axis=1), frames[:, indices]

    def _clean_all(self, X, samples):
        """Return what remains of each sample."""
        return [
            self._clean(i, table, sample)
            for i, (table, sample) in enumerate(zip(X, samples, strict=True))
        ]

    def _clean(self, index, table, sample):
        """Return what remains of one sample, a data frame if it was one."""
        name = f"Sample {index} of X"
        indices = self._find_confounds(name, table, sample)
        units, confounds = np.delete(sample, indices, axis=1), sample[:, indices]
        fitted = Regression.fit(units, confounds, self.global_signal, name)
        rest = fitted.transform(units, confounds)
        if not hasattr(table, "iloc"):
            return rest
        columns = np.delete(np.asarray(table.columns), indices)
        return type(table)(rest, index=table.index, columns=columns)

    def _find_confounds(self, name, table, sample):
        """Return the numbers of the columns of a sample that are confounds."""
        names = list(table.columns) if hasattr(table, "columns") else None
        n_columns = sample.shape[1]
        numbers = []
        for column in _list_columns(self.confounds):
            if isinstance(column, str):
                numbers.append(_find_name(column, names, name))
                continue
            if not -n_columns <= column < n_columns:
                raise ValueError(
                    f"{name} has {n_columns} columns, and none has the number "
                    f"{column} that confounds={self.confounds!r} has."
                )
            numbers.append(column % n_columns)
        indices = np.unique(np.array(numbers, dtype=np.intp))
        _check_units_left(n_columns - len(indices), self.global_signal, name)
        return indices

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _list_columns(confounds):
    """Return a list of names and numbers of columns."""
    if confounds is None:
        return []
    columns = [confounds]
    if isinstance(confounds, (list, tuple, range, np.ndarray)):
        columns = list(confounds)
    if not all(isinstance(column, str) or is_integer(column) for column in columns):
        raise ValueError(
            "confounds must be names or numbers of columns, one or a list, got "
            f"{confounds!r}. For a table of confounds use regress_confounds."
        )
    return columns


def _find_name(column, names, name):
    """Return the number of a column with a name, in the sample called `name`."""
    if names is None:
        raise ValueError(
            f"{name} is an array, whose columns have no names, such as {column!r} in "
            "confounds. Give data frames, or the numbers of columns."
        )
    if names.count(column) != 1:
        raise ValueError(
            f"{name} has {names.count(column)} columns named {column!r}; expected one, "
            f"because it is a confound. Its columns are {names[:8]}"
            f"{'' if len(names) <= 8 else ', ...'}."
        )
    return names.index(column)


def _check_units_left(n_units, global_signal, name):
    """Raise a ValueError unless there are units beside the confounds."""
    least = 2 if global_signal else 1
    if n_units < least:
        raise ValueError(
            f"{name} has {n_units} column(s) that are not confounds; expected at least "
            f"{least}"
            + (", because the global signal is their mean." if global_signal else ".")
        )
