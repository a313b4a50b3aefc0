"""What estimators of activations share."""

import numpy as np
import pytest

from sktopo import ConnectomePersistence, FunctionalConnectome
from sktopo.connectomes._base import ActivationTransformer, warn_lengths

ESTIMATORS = (FunctionalConnectome(), ConnectomePersistence(n_quantiles=3))


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_kinds_of_input(estimator):
    rng = np.random.default_rng(0)
    assert isinstance(estimator, ActivationTransformer)
    X = rng.normal(size=(2, 9, 4))
    assert estimator.fit(X).input_kind_ == "samples"
    with pytest.raises(ValueError, match="fitted on samples; give the same kind"):
        estimator.transform(X[0])
    assert estimator.fit([X[0], X[1, :, :3]]).input_kind_ == "ragged samples"
    assert not hasattr(estimator, "n_features_in_")
    assert estimator.fit(X[0]).input_kind_ == "frames"
    np.testing.assert_allclose(estimator.scale_, X[0].std(axis=0))
    with pytest.raises(ValueError, match=f"but {type(estimator).__name__} was fitted"):
        estimator.transform(X)


@pytest.mark.parametrize(
    ("estimator", "advice"),
    list(
        zip(
            ESTIMATORS,
            ("'nan', 'drop' or 'raise'", "='drop' or 'raise' to"),
            strict=True,
        )
    ),
)
def test_constant_units_are_counted(estimator, advice):
    X = np.random.default_rng(0).normal(size=(2, 9, 4))
    X[1, :, 2] = 5
    estimator.fit(X)
    with pytest.warns(UserWarning, match=f"^1 constant unit.*unit 2 in.*{advice}"):
        estimator.transform(X)
    estimator.set_params(constant_units="raise")
    with pytest.raises(ValueError, match="Remove them"):
        estimator.transform(X)
    estimator.set_params(constant_units="zero")


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_constant_units_are_counted_by_layer(estimator):
    pandas = pytest.importorskip("pandas")
    names = [f"{layer}[{k}]" for layer in ("fc1", "b.fc2", "out") for k in range(3)]
    X = np.random.default_rng(0).normal(size=(3, 9, 9))
    X[1, :, 2] = X[2, :, 2:5] = 5
    samples = [pandas.DataFrame(sample, columns=names) for sample in X]
    counts = (
        r"^4 .* in 2 of 3 .*'fc1\[2\]'\) in sample 1 \(2 in fc1, 2 in b.fc2\): their"
    )
    with pytest.warns(UserWarning, match=counts):
        estimator.fit(samples).transform(samples)
    renamed = [frame.set_axis(list("abcdefghi"), axis=1) for frame in samples]
    with pytest.warns(UserWarning, match=r"in sample 1: their"):
        estimator.fit(renamed).transform(renamed)


def test_many_layers_with_constant_units_are_summed_up():
    pandas = pytest.importorskip("pandas")
    names = [f"layer{k}[{i}]" for k in range(8) for i in range(2)] + ["free"]
    X = np.random.default_rng(0).normal(size=(9, 17))
    X[:, [0, 3, *range(4, 17)]] = 0
    with pytest.warns(UserWarning, match="^15 constant") as caught:
        FunctionalConnectome().fit(pandas.DataFrame(X, columns=names))
    assert (
        "(2 in layer2, 2 in layer3, 2 in layer4, 2 in layer5, 2 in layer6, 5 in 4 other"
        " layer(s)): their" in str(caught[0].message)
    )


def test_units_of_other_samples_than_the_fitted_have_no_names():
    pandas = pytest.importorskip("pandas")
    X = np.random.default_rng(0).normal(size=(2, 9, 4))
    estimator = FunctionalConnectome().fit(
        [pandas.DataFrame(sample, columns=list("abcd")) for sample in X]
    )
    other = np.random.default_rng(1).normal(size=(9, 6))
    other[:, 5] = 0
    with pytest.warns(UserWarning, match="the first unit 5 in sample 0: their"):
        estimator.transform([other])


def test_lengths_that_differ_by_more_than_a_tenth():
    warn_lengths([100, 110])
    with pytest.warns(UserWarning, match=r"from 100 \(sample 0\) to 111 \(sample 1\)"):
        warn_lengths([100, 111])
