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
    list(zip(ESTIMATORS, ("'nan' or 'raise'", "'raise' to"), strict=True)),
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


def test_lengths_that_differ_by_more_than_a_tenth():
    warn_lengths([np.ones((100, 2)), np.ones((110, 2))])
    with pytest.warns(UserWarning, match=r"from 100 \(sample 0\) to 111 \(sample 1\)"):
        warn_lengths([np.ones((100, 2)), np.ones((111, 2))])
