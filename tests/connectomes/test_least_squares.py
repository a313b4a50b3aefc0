"""Least squares with numbers that are not negative."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sktopo.connectomes import _least_squares
from sktopo.connectomes._least_squares import solve_non_negative


def draw(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape)


def test_by_hand():
    matrix = np.array([[1.0, 0], [0, 2]])
    assert_allclose(solve_non_negative(matrix, np.array([3.0, 4])), [3, 2])
    assert_allclose(solve_non_negative(matrix, np.array([-3.0, 4])), [0, 2])


@pytest.mark.parametrize("seed", range(4))
def test_it_is_found_where_scipy_gives_up(monkeypatch, seed):
    matrix, target = draw(seed, 7, 3), draw(seed + 10, 7)
    expected = solve_non_negative(matrix, target)

    def give_up(*args, **kwargs):
        raise RuntimeError("Maximum number of iterations reached.")

    monkeypatch.setattr(_least_squares, "nnls", give_up)
    assert_allclose(solve_non_negative(matrix, target), expected, atol=1e-8)
