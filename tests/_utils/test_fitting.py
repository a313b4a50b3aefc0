"""Fits that leave an estimator as it was if they fail, and fits that transform."""

import pytest

from sktopo._utils.fitting import clone_sharing, fit_and_transform, fitted_copy


class Estimator:
    """Has a parameter, a fitted attribute and a private one."""

    def __init__(self):
        self.parameter = 1
        self.labels_ = 2
        self._private_ = 3


def test_fitted_attributes_are_deleted_and_nothing_else():
    with fitted_copy(Estimator()) as fitted:
        assert vars(fitted) == {"parameter": 1, "_private_": 3}


def test_the_estimator_takes_over_what_was_fitted():
    estimator = Estimator()
    with fitted_copy(estimator) as fitted:
        fitted.inertia_ = 4
        assert vars(estimator) == vars(Estimator())
    assert vars(estimator) == {"parameter": 1, "_private_": 3, "inertia_": 4}


def test_an_error_leaves_the_estimator_as_it_was():
    estimator = Estimator()
    with pytest.raises(KeyError), fitted_copy(estimator) as fitted:
        fitted.inertia_ = 4
        raise KeyError
    assert vars(estimator) == vars(Estimator())


def test_clones_share_what_is_large_and_copy_the_rest():
    estimator = Estimator()
    estimator.parameter, estimator.model = [1], [2]
    cloned = clone_sharing(estimator, estimator.model)
    assert vars(cloned) == {"parameter": [1], "model": [2], "_private_": 3}
    assert cloned.model is estimator.model
    assert cloned.parameter is not estimator.parameter
    assert estimator.labels_ == 2


class Doubling:
    """Transforms as it was fitted."""

    def fit(self, X, y):
        self.factor = y or 2
        return self

    def transform(self, X):
        return self.factor * X


class Tripling(Doubling):
    """Transforms otherwise while it is fitted."""

    def fit_transform(self, X, y):
        return self.fit(X, y).transform(X) + X


def test_fits_transform_by_their_own_method_if_there_is_one():
    assert fit_and_transform(Doubling(), 10) == 20
    assert fit_and_transform(Doubling(), 10, y=5) == 50
    assert fit_and_transform(Tripling(), 10) == 30
    assert fit_and_transform(Tripling(), 10, y=5) == 60
