"""The methods of the studies, their folds and their ranks."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist
from scipy.stats import rankdata
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sktopo import GraphPersistence, GraphProfiles, WassersteinKernel
from sktopo.datasets import make_modular_connectomes

for module in ("matplotlib", "gudhi", "kmedoids", "tqdm", "networkx"):
    pytest.importorskip(module)
pandas = pytest.importorskip("pandas")

GROUPS = np.repeat(["a", "b", "c"], 4)


@pytest.fixture(name="load", scope="module")
def load_fixture():
    """Load a module of the studies, found where ``python -m`` finds it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[2]))
        yield lambda name: importlib.import_module(f"benchmarks.studies._{name}")


@pytest.fixture(name="study", scope="module")
def study_fixture():
    return make_modular_connectomes(6, n_nodes=12, n_modules=(2, 4), random_state=0)


def compute_rows(methods, method, X):
    """Compute the rows that a clusterer of a method is given."""
    R, sizes, _ = methods.represent(method.rows, method.form, X)
    steps = methods.make_clusterer(method, sizes)[:-1]
    return steps.fit_transform(R) if len(steps) else R


def test_every_method_is_described_and_made(load):
    methods = load("methods")
    assert set(methods.make_methods(3, GROUPS)) == set(methods.METHODS)
    assert not set(methods.RANKED) & set(methods.VARIANTS)


def test_rows_have_the_distances_of_the_estimators(load, study):
    methods = load("methods")
    X, _ = study
    partly = {"births": "graph", "deaths": "graph", "strengths": "groups"}
    for name, estimator in {
        "Top (normalised)": GraphPersistence(),
        "Top (balanced)": GraphPersistence(normalize="balanced"),
        "Top (sum)": GraphPersistence(normalize=False),
        "profiles": GraphProfiles(groups=GROUPS),
        "profile local": GraphProfiles(["local"], groups=GROUPS),
        "births, deaths, block strengths": GraphProfiles(partly, groups=GROUPS),
        "profiles, Ward": GraphProfiles(groups=GROUPS),
    }.items():
        method = methods.make_methods(2, GROUPS)[name]
        found = pdist(compute_rows(methods, method, X))
        expected = pdist(estimator.fit_transform(X))
        # Balanced rows may have another unit.
        found *= expected.mean() / found.mean()
        assert_allclose(found, expected, rtol=1e-9, err_msg=name)


def test_balance_is_learnt_from_the_training_folds(load, study):
    methods, classifications = load("methods"), load("classifications")
    X, y = study
    folds = list(classifications.NetworkFolds(3).split(X, y))
    for name, rows in {
        "Top (balanced)": GraphPersistence(normalize="balanced"),
        "profiles": GraphProfiles(groups=GROUPS),
    }.items():
        method = methods.make_methods(2, GROUPS)[name]
        R, sizes, _ = methods.represent(method.rows, method.form, X)
        classifier = methods.make_classifier(method, sizes)
        classifier.set_params(exponent__kw_args={"exponent": 1})
        chain = make_pipeline(rows, WassersteinKernel(), SVC(kernel="precomputed"))
        for train, test in folds:
            found = classifier.fit(R[train], y[train]).decision_function(R[test])
            expected = chain.fit(X[train], y[train]).decision_function(X[test])
            assert_allclose(found, expected, rtol=1e-6, atol=1e-9, err_msg=name)


def test_a_block_that_does_not_vary_is_not_blown_up(load):
    methods = load("methods")
    rng = np.random.default_rng(0)
    flat = np.full((6, 9), 0.3) + 1e-9 * rng.normal(size=(6, 9))
    assert_array_equal(methods.span_coordinates(flat), np.zeros((6, 1)))
    X = np.hstack([np.zeros((6, 1)), rng.normal(size=(6, 4))])
    found = methods.BlockBalance([1, 4]).fit_transform(X)
    assert_array_equal(found[:, 0], 0)
    assert found.var(axis=0).sum() == pytest.approx(1)


def test_the_exponent_is_the_gamma_of_a_gaussian_kernel(load):
    methods = load("methods")
    X = np.random.default_rng(0).normal(size=(5, 3))
    plain, wide = (WassersteinKernel(gamma=g).fit_transform(X) for g in (0.3, 1.2))
    assert_allclose(methods.raise_kernel(plain, 4), wide)


def test_distances_are_cut_in_rows_and_columns(load, study):
    methods = load("methods")
    X, y = study
    method = methods.make_methods(2, GROUPS)["SWK"]
    R, sizes, _ = methods.represent(method.rows, method.form, X / X.max())
    assert R.shape == (12, 12) and sizes == [12]
    classifier = methods.make_classifier(method, sizes)
    classifier.set_params(exponent__kw_args={"exponent": 1})
    assert cross_val_score(classifier, R, y, cv=3, error_score="raise").shape == (3,)


def test_folds_keep_networks_together_and_have_all_classes(load):
    folds = load("classifications").NetworkFolds
    y = np.repeat([3, 1, 2], 7)
    network = np.tile(np.arange(7), 3)
    splits = list(folds(5, n_repeats=2, seed=1).split(None, y))
    assert len(splits) == folds(5, n_repeats=2).get_n_splits(None, y) == 10
    for first in (0, 5):
        held_out = np.concatenate([test for _, test in splits[first : first + 5]])
        assert_array_equal(np.sort(held_out), np.arange(21))
    for train, test in splits:
        assert not set(network[train]) & set(network[test])
        assert len(set(np.bincount(y[test])[1:])) == 1
        # The same holds within the training samples, for the search.
        for inner, left in folds(3).split(None, y[train]):
            assert not set(network[train][inner]) & set(network[train][left])
    assert any(
        set(one) != set(other)
        for (_, one), (_, other) in zip(splits[:5], splits[5:], strict=True)
    )
    assert len(list(folds(5).split(None, np.repeat([0, 1], 3)))) == 3


def make_scores(values, **given):
    """Make a table of scores: comparisons by methods."""
    rows = [
        {"kind": "clustering", "method": method, "score": value, "seed": 0, **cell}
        for method, column in values.items()
        for value, cell in zip(column, given["cells"], strict=True)
    ]
    return pandas.DataFrame(rows)


def make_cells(n):
    return [
        {"dataset": f"d{k // 2}", "question": "stimuli", "data": "D", "task": f"{k}"}
        for k in range(n)
    ]


def test_ranks_by_hand(load):
    ranks = load("ranks")
    values = {
        "profiles": [0.9, 0.5, 0.7, 0.7],
        "Top (sum)": [0.8, 0.5, 0.9, 0.9],
        "graph summaries": [0.7, 0.6, 0.8, 0.8],
        "profile local": [0.95, 0.5, 0.8, 0.1],  # not ranked, so it pushes none down
    }
    found = ranks.rank_methods(make_scores(values, cells=make_cells(4)))
    found = found[found["question"] == "stimuli"].set_index("method")
    own = np.array([values[name] for name in list(values)[:3]]).T
    expected = rankdata(-own, axis=1).mean(axis=0)
    assert_allclose(found.loc[list(values)[:3], "mean_rank"], expected)
    assert found.loc["profile local", "mean_rank"] == np.mean([1, 3, 2.5, 4])
    assert found.loc[list(values), "n_first"].tolist() == [1, 2, 1, 1]
    assert set(found["n_ranked"]) == {3} and set(found["n_comparisons"]) == {4}
    # Two data sets: the mean of one, of the other, or of both.
    blocks = rankdata(-own, axis=1).reshape(2, 2, 3).mean(axis=1)
    assert_allclose(found.loc[list(values)[:3], "low"], blocks.min(axis=0))
    assert_allclose(found.loc[list(values)[:3], "high"], blocks.max(axis=0))


def test_methods_without_all_scores_are_left_out(load):
    ranks = load("ranks")
    values = {"profiles": [0.9, 0.5], "BD": [0.8, np.nan]}
    scores = make_scores(values, cells=make_cells(2)).dropna()
    assert set(ranks.rank_methods(scores)["method"]) == {"profiles"}


def test_the_words_say_who_is_behind_whom(load):
    ranks = load("ranks")
    values = {
        "profiles": [0.9, 0.5, 0.7, 0.7],
        "Top (sum)": [0.8, 0.5, 0.9, 0.5],
        "graph summaries": [0.9, 0.6, 0.8, 0.6],
    }
    scores = make_scores(values, cells=make_cells(4))
    found = ranks.rank_methods(scores)
    words = " ".join(ranks.state_ranks(scores, found).split())
    assert "**Clustering by class of the stimuli**, 4 comparisons of 3 methods" in words
    assert "the best mean rank is that of graph summaries, 1.6" in words
    assert "profiles at place 2, mean rank 2.0; Top (sum) at place 3" in words
    assert (
        "The profiles are ahead of all others in 1, share the lead in 1 and are behind "
        "in 2, most often behind graph summaries: in 2, by 0.100 on average and by "
        "0.100 at most." in words
    )
    table = ranks.tabulate_rivals(scores).set_index("method")
    assert table.loc["profiles", "behind in"] == "2 of 4"
    assert table.loc["profiles", "mean difference"] == pytest.approx(-0.025)
    assert table.loc["Top (sum)", "largest deficit"] == pytest.approx(0.1)
