"""Comparison of classifiers by nested cross-validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.model_selection import (
    GridSearchCV,
    ParameterGrid,
    check_cv,
    cross_validate,
)

from sktopo.comparison._jobs import (
    SECONDS,
    check_comparison,
    run_jobs,
    share_memory,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from numpy.typing import ArrayLike

    from sktopo._typing import Folds, MemoryLike, Table


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
    GridSearchCV within the training folds only. The best setting is fitted again on
    all training folds and scored on the held-out fold.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), or sequence
        Samples: connectome rows, or networks for pipelines that begin with them.

    y : array-like of shape (n_samples,)
        Classes.

    candidates : dict of str to estimator or (estimator, param_grid)
        The candidates by name. Steps of a pipeline may be alternatives in its grid.

    cv : int, splitter, iterable or None, default=None
        The outer folds, see :term:`cv`; 5 stratified ones if None.

    inner_cv : int, splitter, iterable or None, default=None
        The folds of the searches, in the same forms.

    scoring : str, callable or None, default=None
        One score, for searches and held-out folds, see :term:`scoring`. If None, the
        estimator's own score, which is the accuracy for classifiers.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`. One job is one candidate on one
        fold.

    memory : None, str or joblib.Memory, default=None
        Where to cache finished results, so that the same call continues after an
        interruption. Failed jobs are tried again. See Notes.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Returns
    -------
    table : pandas.DataFrame
        One row per candidate and fold: `candidate`, `fold`, `score`, `inner_score`
        (of the best setting in its search), `best_params`, `fit_seconds` (with the
        search), `score_seconds`, and `error`, which is empty or says why there is no
        score.

    Raises
    ------
    ImportError
        If pandas is not installed; ``pip install 'sktopo[tables]'`` installs it.

    TypeError
        If `candidates` is not a dict of estimators.

    ValueError
        If there are no candidates, or X and y differ in length.

    See Also
    --------
    summarize : Means and standard deviations over rows.
    sktopo.baselines.baseline_kernels : Candidates.

    Notes
    -----
    Pipelines, and steps whose parameter `memory` is None, also cache their results in
    `memory`, or for the length of the call if that is None. So settings and starts
    share the steps that they have in common, and seconds count only what a job
    computed itself. Cached results are recognised by the value of X. Torch networks
    that were loaded again or sent to a worker are not recognised, so compute
    connectomes first.

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
    y, candidates = check_comparison(X, y, candidates, verbose)
    jobs = [
        ({"candidate": name, "fold": fold}, (estimator, grid, split, inner_cv, scoring))
        for fold, split in enumerate(check_cv(cv, y, classifier=True).split(X, y))
        for name, (estimator, grid) in candidates.items()
    ]
    columns = ("candidate", "fold", "score", "inner_score", "best_params", *SECONDS)
    options = {"n_jobs": n_jobs, "memory": memory, "verbose": verbose}
    return run_jobs(_classify, jobs, X, y, columns, **options)


def _classify(estimator, grid, split, inner_cv, scoring, *, X, y, memory):
    """Search and fit on the training folds, and score on the held-out fold."""
    model = share_memory(estimator, memory)
    options = {"scoring": scoring, "error_score": "raise"}
    if grid is not None:
        # A grid for each setting: values can be estimators, which share the memory.
        grids = [
            {key: [share_memory(value, memory)] for key, value in setting.items()}
            for setting in ParameterGrid(grid)
        ]
        model = GridSearchCV(model, grids, cv=inner_cv, **options)
    results = cross_validate(model, X, y, cv=[split], return_estimator=True, **options)
    (fitted,) = results["estimator"]
    return {
        "score": results["test_score"][0],
        "inner_score": getattr(fitted, "best_score_", np.nan),
        "best_params": getattr(fitted, "best_params_", {}),
        "fit_seconds": results["fit_time"][0],
        "score_seconds": results["score_time"][0],
    }
