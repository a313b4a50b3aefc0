"""SemiNMF."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline

from sktopo import FunctionalConnectome, GraphPersistence, SemiNMF

RNG = np.random.default_rng(0)
X = np.maximum(RNG.normal(size=(3, 40, 5)) @ RNG.normal(size=(5, 9)), 0)


def make(n_components=3, **parameters):
    return SemiNMF(n_components, random_state=0, **parameters)


def test_a_table_is_one_network():
    model = make().fit(X[0])
    weights = model.transform(X[0])
    assert model.components_.shape == (3, 9)
    assert_allclose(np.linalg.norm(model.components_, axis=1), 1)
    assert weights.shape == (40, 3)
    assert weights.min() >= 0
    error = np.linalg.norm(X[0] - weights @ model.components_) ** 2
    share = error / np.linalg.norm(X[0]) ** 2
    assert share <= model.losses_[-1] + 1e-12  # the weights are solved for once more
    assert model.n_iter_ == len(model.losses_) - 1
    assert list(model.get_feature_names_out()) == [f"seminmf{k}" for k in range(3)]


def test_other_stimuli_keep_the_features():
    model = make().fit(X[0])
    assert_allclose(model.transform(X[0, 7:9]), model.transform(X[0])[7:9])


def test_each_sample_has_features_of_its_own():
    weights = make().fit_transform(X)
    assert weights.shape == (3, 40, 3)
    for sample, found in zip(X, weights, strict=True):
        single = make().fit(X[:1]).transform(sample[np.newaxis])
        assert_array_equal(found, single[0])
    assert_array_equal(make(n_jobs=2).fit_transform(X), weights)


def test_samples_may_differ_in_their_units():
    ragged = [X[0], X[1, :, :7]]
    model = make().fit(ragged)
    assert model.input_kind_ == "ragged samples"
    assert [weights.shape for weights in model.transform(ragged)] == [(40, 3)] * 2


def test_features_are_nodes():
    chain = make_pipeline(make(4), FunctionalConnectome(), GraphPersistence())
    assert chain.fit_transform(X).shape == (3, 6)
    pytest.importorskip("pandas")
    chain = make_pipeline(make(4), FunctionalConnectome()).set_output(
        transform="pandas"
    )
    assert chain.fit_transform(X).columns[0] == "seminmf0--seminmf1"


def test_keep_leaves_few_units_in_a_feature():
    components = make(keep=0.3).fit(X[0]).components_
    assert_array_equal((components != 0).sum(axis=1), 3)


def test_dtypes_and_units():
    weights = make().fit_transform(X)
    single = make().fit_transform(X.astype(np.float32))
    assert single.dtype == np.float32
    assert_allclose(single, weights, rtol=1e-3, atol=1e-3)
    for unit in (2.0**-90, 2.0**90):
        assert_allclose(make().fit_transform(X * unit), weights * unit, rtol=1e-9)


def test_random_numbers_are_drawn_once():
    state = np.random.RandomState(3)
    model = SemiNMF(3, random_state=state).fit(X)
    assert_array_equal(model.transform(X), model.transform(X))


def test_too_few_iterations_warn():
    with pytest.warns(ConvergenceWarning, match="for 3 of 3 network.*sample 0"):
        make(max_iter=2).fit_transform(X)
    with pytest.warns(ConvergenceWarning, match="for 1 of 1 network"):
        make(max_iter=2).fit(X[0])


def test_another_kind_of_input():
    with pytest.raises(ValueError, match="fitted on samples"):
        make().fit(X).transform(X[0])
    with pytest.raises(ValueError, match="fitted on frames"):
        make().fit(X[0]).transform(X)


def test_fewer_stimuli_than_features():
    with pytest.raises(ValueError, match="Sample 1 of X has n_samples=2 stimuli"):
        make().fit([X[0], X[1, :2]])
    with pytest.raises(ValueError, match="Sample 0 of X has n_samples=2 stimuli"):
        make().fit(X).transform(X[:1, :2])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 0}, "n_components must be an integer of at least 1"),
        ({"keep": 0}, "keep must be positive"),
        ({"keep": 1.5}, "keep must be a finite number in"),
        ({"init": "svd"}, "init='svd' is unknown"),
        ({"n_init": 0}, "n_init must be"),
        ({"max_iter": 0}, "max_iter must be"),
        ({"tol": -1}, "tol must be"),
        ({"n_jobs": 0}, "n_jobs must be"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        SemiNMF(**parameters).fit(X)
