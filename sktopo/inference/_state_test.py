"""The test for states, in which windows of recordings differ by more than chance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from sklearn.base import clone
from sklearn.metrics import silhouette_score

from sktopo._utils.geometry import (
    mean_row,
    restore_unit,
    squared_distances,
    total_variance,
)
from sktopo._utils.labels import check_labels
from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import (
    check_flag,
    check_integer,
    check_n_jobs,
    check_option,
    read_random_state,
)
from sktopo._utils.samples import read_rows
from sktopo.connectomes import SlidingWindows, phase_randomize
from sktopo.connectomes._inputs import read_samples

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from sklearn.pipeline import Pipeline

    from sktopo._typing import FloatArray, RandomState

_STATISTICS = ("variance", "silhouette")


@dataclass(frozen=True, eq=False)
class SurrogateResult:
    """Result of :func:`state_test`.

    Its attributes have the names of the parameters.

    Parameters
    ----------
    statistic : float
        The statistic of the recordings.

    pvalue : float
        The share of the recordings and their surrogates whose statistic is at least as
        large.

    null_distribution : ndarray of shape (n_surrogates,)
        The statistics of the surrogates.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo.inference import SurrogateResult
    >>> SurrogateResult(0.4, 0.25, np.array([0.1, 0.3, 0.2]))
    SurrogateResult(statistic=0.4, pvalue=0.25)
    """

    statistic: float
    pvalue: float
    null_distribution: FloatArray = field(repr=False)


def state_test(
    X: ArrayLike,
    estimator: Pipeline,
    *,
    statistic: Literal["variance", "silhouette"] = "variance",
    n_surrogates: int = 199,
    n_jobs: int | None = None,
    random_state: RandomState = None,
    verbose: bool = False,
) -> SurrogateResult:
    """Test for states: whether windows of recordings differ by more than chance.

    Connectomes of windows differ even if nothing changes, because a window holds few
    observations, and a clusterer finds clusters in anything. The test compares a
    statistic of the windows with those of surrogates of the recordings: stationary
    recordings with the same spectra and correlations, and without states.

    Parameters
    ----------
    X : array-like of shape (n_recordings, n_observations, n_nodes) or sequence of \
            array-like of shape (n_observations, n_nodes)
        Recordings, observed at equal intervals.

    estimator : Pipeline
        Begins with :class:`~sktopo.SlidingWindows` and computes a row for each window;
        a clusterer may come last. It need not be fitted: it is fitted to X and to each
        surrogate anew.

    statistic : {"variance", "silhouette"}, default="variance"
        What to compare, larger if there are states:

        - "variance": the mean squared distance of the windows from the mean row of
          their recording; the clusterer, if any, is not used
        - "silhouette": the mean silhouette [1]_ of all windows in the clusters that
          the clusterer finds

    n_surrogates : int, default=199
        Number of surrogates.

    n_jobs : int or None, default=None
        Number of surrogates to work on at once, see :term:`n_jobs`.

    random_state : int, RandomState instance or None, default=None
        Determines the surrogates. Pass an int for repeatable results; they do not
        depend on `n_jobs`. The clusterer has a `random_state` of its own.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Returns
    -------
    result : SurrogateResult
        With attributes `statistic`, `pvalue` and `null_distribution` of shape
        (n_surrogates,).

    Raises
    ------
    ValueError
        If a parameter is out of range, X does not hold recordings of finite numbers,
        no recording has two windows, windows do not become rows of one width, or there
        is only one cluster, or one for each window.

    TypeError
        If X, or a recording in it, is not an array of numbers, or `estimator` is not a
        pipeline that begins with SlidingWindows and, for silhouettes, ends in a
        clusterer.

    ImportError
        If `verbose` is set and tqdm is not installed.

    See Also
    --------
    sktopo.connectomes.phase_randomize : Makes the surrogates, with common phases.
    state_table : Describes the states of each recording.

    Notes
    -----
    The null hypothesis is that recordings are stationary, Gaussian and linear [2]_
    [3]_. The recordings count as one more surrogate, so the p-value is (1 + number as
    extreme) / (1 + `n_surrogates`).

    A small p-value says that recordings are not of this kind. States are one reason;
    gradual changes, movement and signals that are not Gaussian are others. A large one
    says that windows differ no more than those of a stationary process, so that their
    clusters should not be called states. It does not prove that there are none.

    The silhouette is lower where states change within windows, and it is also large
    where recordings differ from each other.

    References
    ----------
    .. [1] Rousseeuw, "Silhouettes: a graphical aid to the interpretation and
       validation of cluster analysis", Journal of Computational and Applied
       Mathematics 20, 1987.
    .. [2] Prichard & Theiler, "Generating surrogate data for time series with several
       simultaneously measured variables", Physical Review Letters 73(7), 1994.
    .. [3] Hindriks et al., "Can sliding-window correlations reveal dynamic functional
       connectivity in resting-state fMRI?", NeuroImage 127, 2016.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sktopo import FunctionalConnectome, GraphPersistence, SlidingWindows
    >>> from sktopo.datasets import make_state_recordings
    >>> from sktopo.inference import state_test
    >>> X, _ = make_state_recordings(2, n_observations=200, random_state=0)
    >>> chain = make_pipeline(
    ...     SlidingWindows(40, step=20), FunctionalConnectome(), GraphPersistence()
    ... )
    >>> state_test(X, chain, n_surrogates=19, random_state=0).pvalue
    0.05
    """
    check_option("statistic", statistic, _STATISTICS)
    check_integer("n_surrogates", n_surrogates, 1)
    check_n_jobs(n_jobs)
    check_flag("verbose", verbose)
    random_state = read_random_state(random_state)
    chain, clusterer = _split_steps(estimator, statistic)
    recordings = read_samples(X)
    if recordings is None:
        raise ValueError(
            "X is a table, each row one frame. If it is a single recording, give "
            "X[None] or [X]."
        )
    observed = _compute_statistic(recordings, chain, clusterer)
    seeds = random_state.randint(2**32, size=n_surrogates, dtype=np.uint32)
    computed = run_parallel(
        _compute_null,
        [(int(seed),) for seed in seeds],
        shared=(recordings, chain, clusterer),
        n_jobs=n_jobs,
        verbose=verbose,
        description="surrogates",
    )
    null = np.array(list(computed))
    pvalue = float((1 + np.count_nonzero(null >= observed)) / (1 + n_surrogates))
    return SurrogateResult(observed, pvalue, null)


def _split_steps(estimator, statistic):
    """Return the steps that make rows, and the clusterer that the statistic needs."""
    steps = getattr(estimator, "steps", None)
    if isinstance(estimator, type) or not steps:
        raise TypeError(
            f"estimator is of type {type(estimator).__name__}; expected a pipeline "
            "that begins with SlidingWindows, such as make_pipeline("
            "SlidingWindows(60), FunctionalConnectome(), GraphPersistence())."
        )
    first, last = steps[0][1], steps[-1][1]
    if not isinstance(first, SlidingWindows):
        raise TypeError(
            f"The pipeline begins with {type(first).__name__}; expected "
            "SlidingWindows, which says which windows a recording has."
        )
    is_clusterer = hasattr(last, "fit_predict")
    if statistic == "silhouette" and not is_clusterer:
        raise TypeError(
            f"The pipeline ends in {type(last).__name__}; statistic='silhouette' needs "
            "a clusterer there, such as TopClusterer."
        )
    chain = estimator[:-1] if is_clusterer else estimator
    return chain, last if statistic == "silhouette" else None


def _compute_null(seed, recordings, chain, clusterer):
    """Compute the statistic of a surrogate of each recording."""
    surrogates = phase_randomize(recordings, random_state=seed)
    return _compute_statistic(surrogates, chain, clusterer)


def _compute_statistic(recordings, chain, clusterer):
    """Compute the silhouette, or without a clusterer the variance, of windows."""
    fitted = clone(chain)
    rows = read_rows(fitted.fit_transform(recordings), "The rows of windows")
    windows = fitted[0].window_recordings_
    if len(rows) != len(windows):
        raise ValueError(
            f"The pipeline made {len(rows)} rows of {len(windows)} windows; expected a "
            "row for each window."
        )
    if clusterer is None:
        return _measure_variance(rows, windows)
    return _measure_silhouette(rows, clone(clusterer).fit_predict(rows))


def _measure_variance(rows, recordings):
    """Average the squared distances of windows from the mean of their recording."""
    if len(np.unique(recordings)) == len(recordings):
        raise ValueError(
            "No recording has more than one window, so windows of a recording cannot "
            "differ. Choose a smaller width or step of SlidingWindows."
        )
    gaps = np.empty(rows.shape)
    for recording in np.unique(recordings):
        members = np.flatnonzero(recordings == recording)
        mean, remainder = mean_row(rows, members=members, caller="state_test")
        gaps[members] = rows[members] - mean - remainder
    variance, unit = total_variance(gaps, caller="state_test")
    return float(restore_unit(variance, unit, power=2, caller="state_test"))


def _measure_silhouette(rows, labels):
    """Average the silhouettes of windows in their clusters."""
    labels = check_labels(labels, len(rows), "The clusters", of="window")
    n_clusters = len(np.unique(labels))
    if not 1 < n_clusters < len(rows):
        raise ValueError(
            f"The clusterer found {n_clusters} cluster(s) of {len(rows)} windows; "
            "silhouettes need at least two clusters, and fewer clusters than windows."
        )
    squared, _ = squared_distances(rows, caller="state_test")
    distances = np.sqrt(squared)
    return float(silhouette_score(distances, labels, metric="precomputed"))
