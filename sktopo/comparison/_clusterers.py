"""Comparison of clusterers over random starts."""

from __future__ import annotations

from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score
from sklearn.model_selection import cross_validate

from sktopo._utils.parameters import check_integer, read_random_state
from sktopo._utils.tables import make_table
from sktopo.comparison._jobs import (
    SECONDS,
    check_comparison,
    check_groups,
    list_parameters,
    run_jobs,
    share_memory,
    split_samples,
)
from sktopo.metrics import matched_accuracy_score, purity_score

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import ArrayLike

    from sktopo._typing import Folds, MemoryLike, RandomState, Table

SCORES = {
    "purity": purity_score,
    "matched_accuracy": matched_accuracy_score,
    "adjusted_rand": adjusted_rand_score,
    "normalized_mutual_info": normalized_mutual_info_score,
}


def compare_clusterers(
    X: ArrayLike | Sequence[Any],
    y: ArrayLike,
    candidates: dict[str, Any],
    *,
    cv: Folds = None,
    groups: ArrayLike | None = None,
    n_starts: int = 20,
    n_jobs: int | None = None,
    memory: MemoryLike = None,
    verbose: bool = False,
    random_state: RandomState = None,
) -> Table:
    """Compare clusterers over random starts, on all samples or on held-out folds.

    Classes are used for the scores only: no clusterer sees them.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features), or sequence
        Samples: connectome rows, or networks for pipelines that begin with them.

    y : array-like of shape (n_samples,)
        Classes.

    candidates : dict of str to estimator or (estimator, param_grid)
        The candidates by name. A search needs classes, so every setting of a grid
        becomes a candidate of its own, named after the setting.

    cv : int, splitter, iterable or None, default=None
        If None, candidates are fitted to all samples, and their labels are scored.
        Otherwise they are fitted to the training folds and `predict` the held-out
        fold, see :term:`cv`; an int means stratified folds.

    groups : array-like of shape (n_samples,), default=None
        The person, site or other group of each sample. No group has samples among both
        the training and the held-out samples of a fold, of `cv`. They
        are handed to splitters such as :class:`~sklearn.model_selection.GroupKFold` or
        :class:`~sklearn.model_selection.LeaveOneGroupOut`; a number of folds means
        :class:`~sklearn.model_selection.StratifiedGroupKFold`.

    n_starts : int, default=20
        Number of starts, on each fold if there are folds. Start k has the same
        `random_state` in all candidates, in every parameter of that name.

    n_jobs : int or None, default=None
        Number of parallel jobs, see :term:`n_jobs`. One job is one start of one
        candidate.

    memory : None, str or joblib.Memory, default=None
        A folder to cache finished results in, so that the same call, with the same int
        `random_state`, continues after an interruption. Use only a folder of your own:
        steps are cached as pickles, and reading a pickle can run any code. See the
        notes of :func:`compare_classifiers`.

    verbose : bool, default=False
        Whether to show a progress bar (needs tqdm).

    random_state : int, RandomState instance or None, default=None
        Draws the seeds of the starts. Pass an int for repeatable results.

    Returns
    -------
    table : pandas.DataFrame
        One row per candidate, fold and start: `candidate`, `fold` (-1 without
        folds), `start`, `purity`, `matched_accuracy`, `adjusted_rand`,
        `normalized_mutual_info`, `fit_seconds`, `score_seconds`, and `error`, which is
        empty or says why there are no scores.

    Raises
    ------
    ImportError
        If pandas is not installed; ``pip install 'sktopo[tables]'`` installs it.

    TypeError
        If `candidates` is not a dict of names and clusterers, or X is not a sequence.

    ValueError
        Before any work: if there are no candidates, two have the same name, a grid is
        empty or has a parameter that its candidate does not have, X and y differ in
        length, y has missing or continuous values, `cv` does not split the samples or
        separates those of a group, `groups` are given without `cv`,
        `n_starts` or `random_state` is out of range, or no file can be written in
        `memory`.

    Warns
    -----
    UserWarning
        If a cached result is damaged; it is computed again. The warning names the file.

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
    y, candidates = check_comparison(X, y, candidates, verbose, "clusterer", _clusters)
    settings = _list_settings(candidates)
    check_integer("n_starts", n_starts, 1)
    generator = read_random_state(random_state)
    seeds = generator.randint(2**31 - 1, size=n_starts).tolist()
    groups = check_groups(groups, len(y))
    folds = [(-1, None)]
    if cv is not None:
        folds = list(enumerate(split_samples(X, y, cv, groups=groups)))
    elif groups is not None:
        raise ValueError(
            "groups are for folds, but cv is None, so that all samples are clustered; "
            "give cv, or leave out groups."
        )
    jobs = [
        ({"candidate": name, "fold": fold, "start": start}, (estimator, seed, split))
        # Starts come first, so that later ones find the cached steps of the first.
        for start, seed in enumerate(seeds)
        for fold, split in folds
        for name, estimator in settings.items()
    ]
    options = {"n_jobs": n_jobs, "memory": memory, "verbose": verbose}
    rows = run_jobs(_cluster, jobs, X, y, **options)
    columns = ("candidate", "fold", "start", *SCORES, *SECONDS, "error")
    return make_table(rows, columns)


def _clusters(estimator):
    return hasattr(estimator, "fit_predict") or (
        hasattr(estimator, "fit") and hasattr(estimator, "predict")
    )


def _list_settings(candidates):
    """Return an estimator for every setting of the grids, named after the setting."""
    estimators = {}
    for name, (estimator, settings) in candidates.items():
        for setting in [{}] if settings is None else settings:
            listed = ", ".join(f"{key}={value!r}" for key, value in setting.items())
            key = f"{name} ({listed})" if listed else name
            if key in estimators:
                raise ValueError(
                    f"Two candidates are called {key!r}: a setting of a grid has this "
                    "name. Expected different names; rename a candidate, or remove a "
                    "setting that is there twice."
                )
            estimators[key] = clone(estimator).set_params(**setting)
    return estimators


def _cluster(estimator, seed, split, *, X, y, memory):
    """Cluster all samples, or the training folds and predict the held-out fold."""
    model = share_memory(estimator, memory)
    model.set_params(**dict.fromkeys(list_parameters(model, "random_state"), seed))
    if split is None:
        start = perf_counter()
        labels = model.fit_predict(X)
        fitted = perf_counter()
        scores = _score_labels(y, labels)
        seconds = (fitted - start, perf_counter() - fitted)
    else:
        # The scorer is given the classes itself, because `fit` must not see them.
        scorer = partial(_score_predicted, y_true=y[split[1]])
        results = cross_validate(
            model, X, cv=[split], scoring=scorer, error_score="raise"
        )
        scores = {name: results[f"test_{name}"][0] for name in SCORES}
        seconds = (results["fit_time"][0], results["score_time"][0])
    scores |= dict(zip(SECONDS, seconds, strict=True))
    return {name: float(value) for name, value in scores.items()}


def _score_labels(y, labels):
    return {name: score(y, labels) for name, score in SCORES.items()}


def _score_predicted(estimator, X, *, y_true):
    return _score_labels(y_true, estimator.predict(X))
