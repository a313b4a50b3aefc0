"""Compare named estimators on one data set.

Classifiers are compared by nested cross-validation, clusterers over random starts, on
all samples or on held-out folds. Any estimators of scikit-learn can be compared;
those of :mod:`sktopo.baselines` are made for it.
"""

from __future__ import annotations

import os
import platform
from contextlib import contextmanager, nullcontext
from functools import partial
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from joblib import Memory, parallel_config
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    check_cv,
    cross_validate,
)
from sklearn.utils import (
    check_consistent_length,
    check_random_state,
    column_or_1d,
)
from sklearn.utils.validation import check_memory

from sktopo._utils.parallel import run_parallel
from sktopo._utils.parameters import check_flag, check_integer
from sktopo._utils.tables import make_table
from sktopo.metrics import matched_accuracy_score, purity_score

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from numpy.typing import ArrayLike, NDArray
    from sklearn.base import BaseEstimator

    from sktopo._typing import Folds, IntArray, MemoryLike, RandomState, Table

__all__ = ["compare_classifiers", "compare_clusterers", "summarize"]

_AGREEMENT = {
    "purity": purity_score,
    "matched_accuracy": matched_accuracy_score,
    "adjusted_rand": adjusted_rand_score,
    "normalized_mutual_info": normalized_mutual_info_score,
}
_SECONDS = ("fit_seconds", "score_seconds")


def compare_classifiers(
    X: ArrayLike | Sequence[Any],
    y: ArrayLike,
    candidates: dict[str, Any],
    *,
    cv: Folds = None,
    inner_cv: Folds = None,
    scoring: str | Callable[..., float] | None = None,
    n_jobs: int | None = None,
    memory: MemoryLike = None,
    verbose: bool = False,
) -> Table:
    """Compare classifiers by nested cross-validation.

    All candidates see the same folds. A candidate with a grid is searched by
    GridSearchCV within the training folds only; the best is refitted there and
    scored on the held-out fold.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), or sequence
        Samples: connectome rows, or networks for pipelines that begin with them.

    y : array-like of shape (n_samples,)
        Classes.

    candidates : dict of str to estimator or (estimator, param_grid)
        What to compare. Steps of a pipeline may be alternatives in its grid.

    cv : int, splitter, iterable or None, default=None
        The outer folds, see :term:`cv`; 5 stratified ones if None.

    inner_cv : int, splitter, iterable or None, default=None
        The folds of the searches, likewise.

    scoring : str, callable or None, default=None
        One score, for searches and held-out folds, see :term:`scoring`. If None,
        each estimator's own, for classifiers the accuracy.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`; one piece of work is one
        candidate on one fold.

    memory : None, str or joblib.Memory, default=None
        Where to keep what is finished: after an interruption the same call goes on
        from there. Failed pieces are tried again. See Notes.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Returns
    -------
    table : pandas.DataFrame or dict of ndarray
        One row per candidate and fold: `candidate`, `fold`, `score`, `inner_score`
        (of the best setting in its search), `best_params`, `fit_seconds` (with the
        search), `score_seconds`, and `error`, empty or why there is no score. A
        dict of columns where pandas is not installed.

    Raises
    ------
    TypeError
        If `candidates` is no dict of estimators.

    ValueError
        If there are no candidates, or X and y differ in length.

    See Also
    --------
    summarize : Means and standard deviations over rows.
    sktopo.baselines.baseline_kernels : Candidates.

    Notes
    -----
    Pipelines, and steps with a parameter `memory` of None, keep their results in
    `memory` too, or for the length of the call if it is None, so that settings and
    starts share what they have in common; seconds then count what a piece really
    computed. What is kept is found again by the value of X. Arrays have one, torch
    networks that were loaded anew or sent to a worker have not: compute connectomes
    first.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from sktopo.comparison import compare_classifiers
    >>> from sktopo.datasets import make_modular_connectomes
    >>> X, y = make_modular_connectomes(9, n_nodes=12, random_state=0)
    >>> candidates = {"plain": SVC(), "searched": (SVC(), {"C": [0.1, 1, 10]})}
    >>> table = compare_classifiers(X, y, candidates, cv=3, inner_cv=2)
    >>> len(table["score"])
    6
    """
    candidates = _check_candidates(candidates)
    check_flag("verbose", verbose)
    check_consistent_length(X, y)
    y = column_or_1d(y)
    with _storage(memory) as (kept, shared):
        fixed = {"inner_cv": inner_cv, "scoring": scoring, "memory": shared}
        pieces = [
            (
                {"candidate": name, "fold": fold},
                {"estimator": estimator, "grid": grid, "train": train, "test": test},
            )
            for fold, (train, test) in enumerate(
                check_cv(cv, y, classifier=True).split(X, y)
            )
            for name, (estimator, grid) in candidates.items()
        ]
        compute = kept.cache(_classify, ignore=["memory"])
        rows = _run(compute, pieces, fixed, (X, y), n_jobs, verbose)
    columns = ("candidate", "fold", "score", "inner_score", "best_params")
    return make_table(rows, (*columns, *_SECONDS, "error"))


def compare_clusterers(
    X: ArrayLike | Sequence[Any],
    y: ArrayLike,
    candidates: dict[str, Any],
    *,
    cv: Folds = None,
    n_starts: int = 20,
    n_jobs: int | None = None,
    memory: MemoryLike = None,
    verbose: bool = False,
    random_state: RandomState = None,
) -> Table:
    """Compare clusterers over random starts, on all samples or on held-out folds.

    Classes are for the scores alone: no clusterer sees them.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), or sequence
        Samples: connectome rows, or networks for pipelines that begin with them.

    y : array-like of shape (n_samples,)
        Classes.

    candidates : dict of str to estimator or (estimator, param_grid)
        What to compare. Nothing can be searched without classes, so every setting
        of a grid becomes a candidate of its own, named after it.

    cv : int, splitter, iterable or None, default=None
        If None, candidates are fitted to all samples, whose labels are scored. Else
        they are fitted to the training folds and `predict` the held-out fold, see
        :term:`cv`; an int means stratified folds.

    n_starts : int, default=20
        Number of starts, on each fold if there are folds. Start k has the same
        `random_state` in all candidates, in every parameter of that name.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`; one piece of work is one start
        of one candidate.

    memory : None, str or joblib.Memory, default=None
        Where to keep what is finished: after an interruption the same call, with
        the same int `random_state`, goes on from there. See the notes of
        :func:`compare_classifiers`.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    random_state : int, RandomState instance or None, default=None
        Draws the seeds of the starts. Pass an int for repeatable results.

    Returns
    -------
    table : pandas.DataFrame or dict of ndarray
        One row per candidate, fold and start: `candidate`, `fold` (-1 without
        folds), `start`, `purity`, `matched_accuracy`, `adjusted_rand`,
        `normalized_mutual_info`, `fit_seconds`, `score_seconds`, and `error`, empty
        or why there are no scores. A dict of columns where pandas is not installed.

    Raises
    ------
    TypeError
        If `candidates` is no dict of estimators.

    ValueError
        If there are no candidates, `n_starts` is out of range, or X and y differ in
        length.

    See Also
    --------
    summarize : Means and standard deviations over rows.
    sktopo.baselines.baseline_clusterers : Candidates.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sktopo.comparison import compare_clusterers
    >>> from sktopo.datasets import make_modular_connectomes
    >>> X, y = make_modular_connectomes(9, n_nodes=12, random_state=0)
    >>> candidates = {"k-means": KMeans(3, n_init=1)}
    >>> table = compare_clusterers(X, y, candidates, cv=3, n_starts=2, random_state=0)
    >>> len(table["purity"])
    6
    """
    candidates = _settings(_check_candidates(candidates))
    check_integer("n_starts", n_starts, 1)
    check_flag("verbose", verbose)
    check_consistent_length(X, y)
    y = column_or_1d(y)
    seeds = check_random_state(random_state).randint(2**31 - 1, size=n_starts).tolist()
    folds = [(-1, (None, None))]
    if cv is not None:
        folds = list(enumerate(check_cv(cv, y, classifier=True).split(X, y)))
    pieces = [
        (
            {"candidate": name, "fold": fold, "start": start},
            {"estimator": estimator, "seed": seed, "train": train, "test": test},
        )
        # Start by start, so that later ones find what the first have kept.
        for start, seed in enumerate(seeds)
        for fold, (train, test) in folds
        for name, estimator in candidates.items()
    ]
    with _storage(memory) as (kept, shared):
        compute = kept.cache(_cluster, ignore=["memory"])
        rows = _run(compute, pieces, {"memory": shared}, (X, y), n_jobs, verbose)
    columns = ("candidate", "fold", "start", *_AGREEMENT, *_SECONDS, "error")
    return make_table(rows, columns)


def summarize(table: Table) -> Table:
    """Summarise a comparison: one row per candidate.

    Parameters
    ----------
    table : pandas.DataFrame or dict of ndarray
        What :func:`compare_classifiers` or :func:`compare_clusterers` returned.

    Returns
    -------
    summary : pandas.DataFrame or dict of ndarray
        In the order of the candidates: `candidate`, `n_scored` and `n_failed` rows,
        mean and standard deviation of each score over the scored rows
        (`mean_purity`, `std_purity` and so on), `seconds` (the sum over all rows, to
        fit and to score), and the first `error`.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from sktopo.comparison import compare_clusterers, summarize
    >>> from sktopo.datasets import make_modular_connectomes
    >>> X, y = make_modular_connectomes(9, n_nodes=12, random_state=0)
    >>> candidates = {"k-means": KMeans(3, n_init=1)}
    >>> table = compare_clusterers(X, y, candidates, n_starts=4, random_state=0)
    >>> [int(n) for n in summarize(table)["n_scored"]]
    [4]
    """
    columns = {name: np.asarray(table[name]) for name in table}
    scores = [name for name in ("score", "inner_score", *_AGREEMENT) if name in columns]
    rows = []
    for candidate in dict.fromkeys(columns["candidate"]):
        chosen = columns["candidate"] == candidate
        scored = chosen & (columns["error"] == "")
        row = {
            "candidate": candidate,
            "n_scored": np.count_nonzero(scored),
            "n_failed": np.count_nonzero(chosen & ~scored),
        }
        for name in scores:
            values = columns[name][scored].astype(float)
            row[f"mean_{name}"] = values.mean() if values.size else np.nan
            row[f"std_{name}"] = values.std() if values.size else np.nan
        row["seconds"] = sum(columns[name][scored].sum() for name in _SECONDS)
        row["error"] = next((e for e in columns["error"][chosen] if e), "")
        rows.append(row)
    return make_table(rows, tuple(rows[0]))


def _check_candidates(candidates: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Validate candidates: a dict of (estimator, grid or None)."""
    if not isinstance(candidates, dict):
        raise TypeError(f"candidates must be a dict, got {type(candidates).__name__}.")
    if not candidates:
        raise ValueError("candidates is empty; expected names and estimators.")
    checked = {}
    for name, candidate in candidates.items():
        pair = candidate if isinstance(candidate, tuple) else (candidate, None)
        if len(pair) != 2 or not hasattr(pair[0], "get_params"):
            raise TypeError(
                f"Candidate {name!r} is {candidate!r:.80}; expected an estimator or a "
                "tuple (estimator, param_grid)."
            )
        checked[name] = pair
    return checked


def _settings(candidates: dict[str, tuple[Any, Any]]) -> dict[str, Any]:
    """Make a candidate of every setting of a grid."""
    settings = {}
    for name, (estimator, grid) in candidates.items():
        for setting in ParameterGrid({} if grid is None else grid):
            listed = ", ".join(f"{key}={value!r}" for key, value in setting.items())
            key = f"{name} ({listed})" if listed else name
            settings[key] = clone(estimator).set_params(**setting)
    return settings


@contextmanager
def _storage(memory: MemoryLike) -> Iterator[tuple[Memory, Memory]]:
    """Open the memory of finished pieces and that of steps, which may be temporary."""
    # A worker may have been started in another folder.
    kept = check_memory(os.path.abspath(memory) if isinstance(memory, str) else memory)
    if kept.location is not None:
        yield kept, kept
        return
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield kept, Memory(folder, verbose=0)


def _run(
    compute: Callable[..., dict[str, Any]],
    pieces: Sequence[tuple[dict[str, Any], dict[str, Any]]],
    fixed: dict[str, Any],
    samples: tuple[Any, Any],
    n_jobs: int | None,
    verbose: bool,
) -> list[dict[str, Any]]:
    """Run pieces of work in parallel: a row each."""
    home = _process()
    done = run_parallel(
        _attempt,
        [(compute, {**piece, **fixed}, home) for _, piece in pieces],
        shared=samples,
        n_jobs=n_jobs,
        verbose=verbose,
        description="comparison",
    )
    labels = (label for label, _ in pieces)
    return [{**label, **row} for label, row in zip(labels, done, strict=True)]


def _attempt(
    compute: Callable[..., dict[str, Any]],
    piece: dict[str, Any],
    home: tuple[str, int],
    X: Any,
    y: Any,
) -> dict[str, Any]:
    """Compute a row, or say why there is none."""
    # A memory map, as joblib hands large arrays to workers, would not be recognised
    # as the array it is by what was kept without workers.
    X, y = (np.asarray(v) if isinstance(v, np.memmap) else v for v in (X, y))
    # What is nested in a piece that was sent away stays there: X is there, and seconds
    # are its own. Dask's backend would spread it over all machines again.
    sent = home != _process()
    stay = parallel_config(require="sharedmem", n_jobs=1) if sent else nullcontext()
    try:
        with stay:
            return {**compute(X=X, y=y, **piece), "error": ""}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def _process() -> tuple[str, int]:
    """Identify this process among those of all machines."""
    return platform.node(), os.getpid()


def _classify(
    estimator: BaseEstimator,
    grid: Any,
    X: Any,
    y: NDArray[Any],
    train: IntArray,
    test: IntArray,
    inner_cv: Folds,
    scoring: Any,
    memory: Memory,
) -> dict[str, Any]:
    """Search and fit on the training folds, score on the held-out one."""
    model = _sharing(estimator, memory)
    if grid is not None:
        model = GridSearchCV(
            model,
            _map_grid(grid, partial(_sharing, memory=memory)),
            cv=inner_cv,
            scoring=scoring,
            error_score="raise",
        )
    done = cross_validate(
        model,
        X,
        y,
        cv=[(train, test)],
        scoring=scoring,
        return_estimator=True,
        error_score="raise",
    )
    (fitted,) = done["estimator"]
    return {
        "score": done["test_score"][0],
        "inner_score": getattr(fitted, "best_score_", np.nan),
        "best_params": getattr(fitted, "best_params_", {}),
        "fit_seconds": done["fit_time"][0],
        "score_seconds": done["score_time"][0],
    }


def _cluster(
    estimator: BaseEstimator,
    seed: int,
    X: Any,
    y: NDArray[Any],
    train: IntArray | None,
    test: IntArray | None,
    memory: Memory,
) -> dict[str, Any]:
    """Cluster all samples, or the training folds and predict the held-out one."""
    model = _sharing(estimator, memory)
    seeds = dict.fromkeys(_parameters(model, "random_state"), seed)
    model.set_params(**seeds)
    if test is None:
        start = perf_counter()
        labels = model.fit_predict(X)
        fitted = perf_counter()
        row = {name: score(y, labels) for name, score in _AGREEMENT.items()}
        seconds = (fitted - start, perf_counter() - fitted)
        return {**row, **dict(zip(_SECONDS, seconds, strict=True))}
    done = cross_validate(
        model,
        X,
        cv=[(train, test)],
        scoring=partial(_score_predicted, y=y[test]),
        error_score="raise",
    )
    row = {name: done[f"test_{name}"][0] for name in _AGREEMENT}
    seconds = (done["fit_time"][0], done["score_time"][0])
    return {**row, **dict(zip(_SECONDS, seconds, strict=True))}


def _score_predicted(
    estimator: BaseEstimator, X: Any, y: NDArray[Any]
) -> dict[str, float]:
    labels = estimator.predict(X)
    return {name: score(y, labels) for name, score in _AGREEMENT.items()}


def _parameters(estimator: BaseEstimator, name: str) -> list[str]:
    """List the parameters of a name, those of steps included."""
    return [key for key in estimator.get_params() if key.split("__")[-1] == name]


def _sharing(value: Any, memory: Memory) -> Any:
    """Clone an estimator whose steps keep results in a memory, where they have none."""
    if not hasattr(value, "get_params") or isinstance(value, type):
        return value
    estimator = clone(value)
    current = estimator.get_params()
    free = {
        key: memory for key in _parameters(estimator, "memory") if current[key] is None
    }
    return estimator.set_params(**free)


def _map_grid(grid: Any, function: Callable[[Any], Any]) -> Any:
    """Apply a function to all values of a grid or list of grids."""
    if isinstance(grid, dict):
        return {
            key: [function(value) for value in values] for key, values in grid.items()
        }
    return [_map_grid(part, function) for part in grid]
