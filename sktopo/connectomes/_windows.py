"""Recordings to windows in time, each a sample of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sktopo._utils.base import BaseEstimator
from sktopo._utils.fitting import fitted_copy
from sktopo._utils.nodes import check_input_features
from sktopo._utils.output import StackOutputMixin
from sktopo._utils.parameters import check_integer
from sktopo._utils.samples import check_units, detach, validate_table
from sktopo.connectomes._inputs import read_samples

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from sktopo._typing import FloatArray, IntArray


class SlidingWindows(StackOutputMixin, TransformerMixin, BaseEstimator):
    """Cut recordings into windows in time, each a sample of its own.

    The connectome of a window says how nodes are related during that window. Clusters
    of windows are the states of dynamic functional connectivity [1]_::

        make_pipeline(
            SlidingWindows(60, step=10),
            FunctionalConnectome(),
            GraphPersistence(),
            TopClusterer(3),
        ).fit(recordings)

    Windows follow each other within a recording, and recordings follow each other. No
    window reaches from one recording into the next, and observations at the end that
    do not fill a window are left out.

    Parameters
    ----------
    width : int or None, default=None
        Number of observations in a window, at least 2. If None, each recording is one
        window, of its whole length.

    step : int, default=1
        Number of observations from the start of a window to the start of the next.
        Windows overlap if it is smaller than `width`. Ignored if `width` is None.

    Attributes
    ----------
    window_recordings_ : ndarray of shape (n_windows,)
        For each window of the fitted recordings, the number of its recording.

    window_starts_ : ndarray of shape (n_windows,)
        For each window of the fitted recordings, the number of its first observation.
        Multiply it by the time between observations to have its time.

    n_features_in_ : int
        Number of nodes, if all recordings have the same.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the nodes, if X was a data frame or a sequence of data frames.

    See Also
    --------
    FunctionalConnectome : Relates the nodes of each window.
    sktopo.connectomes.phase_randomize : Makes recordings that have no states.
    sktopo.inference.state_test : Tests whether windows differ by more than chance.
    sktopo.inference.state_table : Says how long recordings are in each state.
    sktopo.plotting.StatesDisplay : Draws states over time.

    Notes
    -----
    *Width.* Correlations in windows that are shorter than the longest period in the
    recording, one over its lowest frequency, vary although nothing changes [2]_. Wide
    windows miss short states.

    *Samples.* A Pipeline expects each step to return as many samples as it was given.
    A window is a sample, so that a recording becomes many. That works as long as no y
    is given, as in clustering. For labels of recordings, transform outside of the
    pipeline, and give ``y[windows.window_recordings_]`` to the steps after it. Windows
    of one recording are not independent: keep them in one fold, with
    ``groups=windows.window_recordings_`` and :class:`~sklearn.model_selection.\
GroupKFold`.

    *One recording.* A table ``(n_observations, n_nodes)`` is a table of single frames
    in sktopo, each a sample. It is returned as it is if `width` is None, and otherwise
    refused: give a single recording as ``X[None]`` or ``[X]``.

    *Memory.* Windows are views, which cannot be written to, of the recordings in X if
    these hold float32 or float64, memory maps included, and otherwise of one copy in
    float64. So overlapping windows take no memory, unless they are pickled, as
    `memory` of a Pipeline does, or turned into data frames.

    References
    ----------
    .. [1] Allen et al., "Tracking whole-brain connectivity dynamics in the resting
       state", Cerebral Cortex 24(3), 2014.
    .. [2] Leonardi & Van De Ville, "On spurious and real fluctuations of dynamic
       functional connectivity during rest", NeuroImage 104, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo import SlidingWindows
    >>> long, short = np.arange(16.0).reshape(8, 2), np.arange(10.0).reshape(5, 2)
    >>> windows = SlidingWindows(4, step=2).fit([long, short])
    >>> [window.shape for window in windows.transform([long, short])]
    [(4, 2), (4, 2), (4, 2), (4, 2)]
    >>> windows.window_recordings_
    array([0, 0, 0, 1])
    >>> windows.window_starts_
    array([0, 2, 4, 0])
    """

    def __init__(self, width: int | None = None, *, step: int = 1) -> None:
        self.width = width
        self.step = step

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the nodes of the recordings, and where their windows are.

        Parameters
        ----------
        X : array-like of shape (n_recordings, n_observations, n_nodes) or sequence \
                of array-like of shape (n_observations, n_nodes)
            Recordings, which may differ in n_observations and in n_nodes; if `width`
            is None, a table of frames as well.

        y : None
            Ignored.

        Returns
        -------
        self : SlidingWindows
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter is out of range, X holds numbers that are not finite, a
            recording is shorter than `width` or has fewer than two observations or
            nodes, X holds symmetric matrices, which are connectomes already, or X is
            a table although `width` is set.

        TypeError
            If X, or a recording in it, is not an array of numbers.
        """
        with fitted_copy(self) as fitted:
            recordings = fitted._read(X, reset=True)
            places = fitted._place(recordings)
            fitted.window_recordings_, fitted.window_starts_ = places
        return self

    def transform(self, X: ArrayLike) -> list[FloatArray] | FloatArray:
        """Cut recordings into windows.

        Parameters
        ----------
        X : array-like or sequence
            Recordings, as in `fit`. They need not be the fitted ones: `locate` says
            where their windows are.

        Returns
        -------
        windows : list of ndarray of shape (width, n_nodes)
            The windows, float32 where recordings are, else float64. The array itself
            if X is a table.

        Raises
        ------
        ValueError
            For the reasons that `fit` raises one, or if recordings with as many nodes
            as the fitted ones have other names of nodes.

        TypeError
            If X, or a recording in it, is not an array of numbers.
        """
        check_is_fitted(self)
        recordings = self._read(X, reset=False)
        if isinstance(recordings, np.ndarray):
            return _lock(recordings)
        locked = [_lock(recording) for recording in recordings]
        return [
            locked[recording][start:][: self.width]
            for recording, start in zip(*self._place(recordings), strict=True)
        ]

    def locate(self, X: ArrayLike) -> tuple[IntArray, IntArray]:
        """Return where the windows of recordings are, in the order of `transform`.

        Parameters
        ----------
        X : array-like or sequence
            Recordings, as in `fit`.

        Returns
        -------
        recordings : ndarray of shape (n_windows,)
            The number of the recording of each window.

        starts : ndarray of shape (n_windows,)
            The number of the first observation of each window.

        Raises
        ------
        ValueError
            For the reasons that `transform` raises one.

        TypeError
            If X, or a recording in it, is not an array of numbers.
        """
        check_is_fitted(self)
        return self._place(self._read(X, reset=False))

    def get_feature_names_out(
        self, input_features: ArrayLike | None = None
    ) -> NDArray[np.object_]:
        """Name the nodes, the columns of a window.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the nodes. If None, `feature_names_in_`, else x0, x1, ...

        Returns
        -------
        names : ndarray of str
            The names.

        Raises
        ------
        ValueError
            If the number of names is not the number of nodes, or the fitted recordings
            differ in their number of nodes.
        """
        check_is_fitted(self)
        if not hasattr(self, "n_features_in_"):
            raise ValueError(
                "The fitted recordings differ in their number of nodes, so their nodes "
                "have no common names."
            )
        check_input_features(input_features)
        return OneToOneFeatureMixin.get_feature_names_out(self, input_features)

    def _read(self, X, *, reset):
        """Return recordings as a list of finite arrays; a table of frames as an array.

        With `reset` their number of nodes and its names are learnt, else checked.
        """
        if self.width is not None:
            check_integer("width", self.width, 2)
        check_integer("step", self.step, 1)
        recordings = read_samples(X)
        if recordings is None:
            if self.width is not None:
                raise ValueError(
                    "X is a table, each row one frame, which has no windows. If it is "
                    "a single recording, give X[None] or [X]."
                )
            return validate_table(self, detach(X), reset=reset, words=("frame", "unit"))
        widths = {recording.shape[1] for recording in recordings}
        if len(widths) == 1 and (reset or widths == {self._get_width()}):
            check_units(self, X, recordings, reset=reset)
        for i, recording in enumerate(recordings):
            if self.width is not None and len(recording) < self.width:
                raise ValueError(
                    f"Sample {i} of X, a recording of {len(recording)} observations, "
                    f"is shorter than a window of width={self.width}. Leave it out, or "
                    "choose narrower windows."
                )
        return recordings

    def _get_width(self):
        return getattr(self, "n_features_in_", None)

    def _place(self, recordings):
        """Find the windows of recordings: their recordings and their starts."""
        if isinstance(recordings, np.ndarray):  # each frame is a window
            return np.zeros(len(recordings), np.intp), np.arange(len(recordings))
        starts = [
            np.arange(0, len(recording) - (self.width or len(recording)) + 1, self.step)
            for recording in recordings
        ]
        counts = [len(found) for found in starts]
        return np.repeat(np.arange(len(counts)), counts), np.concatenate(starts)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _lock(recording):
    """Return a view that cannot be written to."""
    view = recording.view()
    view.flags.writeable = False
    return view
