"""Fits that leave an estimator as it was if they fail."""

import pytest

from sktopo._utils.fitting import fitted_copy


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
