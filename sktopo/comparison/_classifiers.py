"""Comparison of classifiers by nested cross-validation."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    LeaveOneGroupOut,
    LeavePGroupsOut,
    StratifiedGroupKFold,
    cross_validate,
)

from sktopo._utils.tables import make_table
from sktopo.comparison._jobs import (
    SECONDS,
    check_apart,
    check_comparison,
    check_groups,
    choose_splitter,
    run_jobs,
    share_memory,
    split_samples,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from numpy.typing import ArrayLike

    from sktopo._typing import Folds, MemoryLike, Table

# Splitters that do not split without groups.
_GROUPED = (
    GroupKFold,
    GroupShuffleSplit,
    LeaveOneGroupOut,
    LeavePGroupsOut,
    StratifiedGroupKFold,
)


def compare_classifiers(
    X: ArrayLike | Sequence[Any],
    y: ArrayLike,
    candidates: dict[str, Any],
    *,
    cv: Folds = None,
    inner_cv: Folds = None,
    groups: ArrayLike | None = None,
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

    groups : array-like of shape (n_samples,), default=None
        The person, site or other group of each sample. No group has samples among both
        the training and the held-out samples of a fold, of `cv` and of
        `inner_cv`. They
        are handed to splitters such as :class:`~sklearn.model_selection.GroupKFold` or
        :class:`~sklearn.model_selection.LeaveOneGroupOut`; a number of folds means
        :class:`~sklearn.model_selection.StratifiedGroupKFold`.

    scoring : str, callable or None, default=None
        One score, for searches and held-out folds, see :term:`scoring`. If None, the
        estimator's own score, which is the accuracy for classifiers.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`. One job is one candidate on one
        fold.

    memory : None, str or joblib.Memory, default=None
        A folder to cache finished results in, so that the same call continues after an
        interruption. Failed jobs are tried again. Use only a folder of your own: steps
        are cached as pickles, and reading a pickle can run any code. See Notes.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    Returns
    -------
    table : pandas.DataFrame
        One row per candidate and fold: `candidate`, `fold`, `score`, `inner_score`
        (of the best setting in its search), `best_params`, `fit_seconds` (with the
        search), `score_seconds`, and `error`, which is empty or says why there is no
        score. `best_params` is one of the settings of the grid, as it was passed.

    Raises
    ------
    ImportError
        If pandas is not installed; ``pip install 'sktopo[tables]'`` installs it.

    TypeError
        If `candidates` is not a dict of names and classifiers, or X is not a sequence.

    ValueError
        Before any work: if there are no candidates, a grid is empty or has a parameter
        that its candidate does not have, X and y differ in length, y has missing or
        continuous values, `cv` or `inner_cv` does not split the samples, needs `groups`
        or separates the samples of one of `groups`, `scoring` is
        not one score, or no file can be written in `memory`.

    Warns
    -----
    UserWarning
        If a cached result is damaged; it is computed again. The warning names the file.

    See Also
    --------
    summarize : Means and standard deviations over rows.
    sktopo.baselines.baseline_kernels : Candidates.

    Notes
    -----
    A cached result is used again only if nothing has changed that decides about it: X
    and y, parameters, folds, versions of sktopo and of other installed packages, and
    your own code. Own modules are recognised by their files and by all that these
    import; what a notebook defines, until it is defined anew. The variables that your
    code names count by their values, or by their types if they cannot be pickled;
    variables that a function itself changes, such as counters, do not count. Files that
    your code reads while it is fitted, and modules whose names it puts together, are
    not noticed. The rows of the table are cached as JSON.

    Pipelines, and steps whose parameter `memory` is None, also cache their results, as
    pickles, in `memory`, or for the length of the call if that is None. So settings
    and starts share the steps that they have in common, and seconds count only what a
    job computed itself. Torch networks that were loaded again or sent to a worker are
    not recognised, so compute connectomes first.

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
    y, candidates = check_comparison(X, y, candidates, verbose, "classifier", _predicts)
    groups = check_groups(groups, len(y))
    folds = split_samples(X, y, cv, groups=groups)
    for name, (estimator, _) in candidates.items():
        _check_scoring(name, estimator, scoring)
    searched = any(settings for _, settings in candidates.values())
    inner_cv = _check_inner(inner_cv, y, groups, folds if searched else [])
    jobs = [
        (
            {"candidate": name, "fold": fold},
            (estimator, settings, split, inner_cv, groups, scoring),
        )
        for fold, split in enumerate(folds)
        for name, (estimator, settings) in candidates.items()
    ]
    options = {"n_jobs": n_jobs, "memory": memory, "verbose": verbose}
    rows = run_jobs(_classify, jobs, X, y, **options)
    for row in rows:
        if not row["error"]:
            best = row.pop("best_index")
            settings = candidates[row["candidate"]][1]
            row["best_params"] = {} if best is None else settings[best]
    columns = ("candidate", "fold", "score", "inner_score", "best_params", *SECONDS)
    return make_table(rows, [*columns, "error"])


def _predicts(estimator):
    return hasattr(estimator, "fit") and hasattr(estimator, "predict")


def _check_scoring(name, estimator, scoring):
    """Raise a ValueError unless `scoring` is one score that fits the estimator."""
    if not (scoring is None or isinstance(scoring, str) or callable(scoring)):
        raise ValueError(
            f"scoring={scoring!r:.80} is not one score; expected None, a name or a "
            "callable."
        )
    try:
        check_scoring(estimator, scoring)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"scoring={scoring!r:.80} cannot score candidate {name!r}: {error}"
        ) from error


class GroupFolds:
    """A splitter that refuses folds which separate the samples of a group.

    Parameters
    ----------
    splitter : splitter
        Makes the folds.
    """

    def __init__(self, splitter):
        self.splitter = splitter

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of folds."""
        return self.splitter.get_n_splits(X, y, groups)

    def split(self, X, y=None, groups=None):
        """Yield the numbers of training samples and of held-out samples."""
        for fold, (train, test) in enumerate(self.splitter.split(X, y, groups)):
            check_apart(train, test, groups, f"Fold {fold} of inner_cv")
            yield train, test


def _check_inner(inner_cv, y, groups, folds):
    """Return the splitter of the searches, after checks with all training folds."""
    try:
        inner = choose_splitter(inner_cv, y, groups)
    except ValueError as error:
        raise ValueError(
            f"inner_cv={inner_cv!r:.80} does not split: {error}"
        ) from error
    if groups is None and isinstance(inner, _GROUPED):
        raise ValueError(f"inner_cv={inner_cv!r:.80} needs groups; got None.")
    # Splitters of the user's own may look at the samples, or draw random numbers.
    if hasattr(inner_cv, "split") and not isinstance(inner_cv, str):
        return inner if groups is None else GroupFolds(inner)
    for fold, (train, _) in enumerate(folds):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of small classes, as the search will
                X, chosen = np.zeros((len(train), 1)), None
                if groups is not None:
                    chosen = groups[train]
                split_samples(X, y[train], inner, "inner_cv", chosen)
        except ValueError as error:
            names, sizes = np.unique(y[train], return_counts=True)
            classes = ", ".join(map("{1} of {0!s}".format, names, sizes))
            raise ValueError(
                f"inner_cv={inner_cv!r:.80} does not split the {len(train)} training "
                f"samples of fold {fold} of cv, {classes:.200}, into "
                f"{inner.get_n_splits()} inner fold(s): {error.__cause__ or error} "
                "Give fewer inner folds, or more samples of each class."
            ) from error
    return inner


def _classify(estimator, settings, split, inner_cv, groups, scoring, *, X, y, memory):
    """Search and fit on the training folds, and score on the held-out fold."""
    model = share_memory(estimator, memory)
    options = {"scoring": scoring, "error_score": "raise"}
    if settings is not None:
        # A grid for each setting: values can be estimators, which share the memory.
        grids = [
            {key: [share_memory(value, memory)] for key, value in setting.items()}
            for setting in settings
        ]
        model = GridSearchCV(model, grids, cv=inner_cv, **options)
        # The search is given the groups of the training samples only.
        options["params"] = None if groups is None else {"groups": groups}
    results = cross_validate(model, X, y, cv=[split], return_estimator=True, **options)
    if "test_score" not in results:
        raise ValueError(f"scoring={scoring!r:.80} returns more than one score.")
    (fitted,) = results["estimator"]
    searched = settings is not None
    return {
        "score": float(results["test_score"][0]),
        "inner_score": float(fitted.best_score_) if searched else np.nan,
        "best_index": int(fitted.best_index_) if searched else None,
        "fit_seconds": float(results["fit_time"][0]),
        "score_seconds": float(results["score_time"][0]),
    }
