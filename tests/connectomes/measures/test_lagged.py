"""Lagged correlation of units that follow each other."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sktopo.connectomes.measures import correlation, lagged_correlation


def test_by_hand():
    # Scores (1, -1, 1, -1) and (1, 1, -1, -1): 0 at once; one observation later, the
    # first times the second is 1 + 1 - 1 = 1, one earlier -1 - 1 + 1 = -1, of 4.
    sample = [[1, 1], [-1, 1], [1, -1], [-1, -1]]
    assert lagged_correlation(sample, max_lag=0)[0, 1] == 0
    assert lagged_correlation(sample, max_lag=1)[0, 1] == 0.25  # rather than -0.25
    # Two later 1 * -1 + -1 * -1 = 0; three later -1, and three earlier -1.
    assert lagged_correlation(sample, max_lag=2)[0, 1] == 0.25


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("lag", [-3, 0, 2])
def test_the_lag_is_found_with_its_sign(sign, lag):
    first = np.random.default_rng(0).normal(size=2000)
    sample = np.column_stack([first, sign * np.roll(first, lag)])
    found = lagged_correlation(sample, max_lag=3)
    assert_allclose(found, [[1, sign], [sign, 1]], atol=0.01)
    if lag:
        short = lagged_correlation(sample, max_lag=abs(lag) - 1)
        assert abs(short[0, 1]) < 0.1


def test_more_lags_find_more(activations):
    sample = activations[0]
    sizes = [np.abs(lagged_correlation(sample, max_lag=lag)) for lag in range(6)]
    assert_allclose(sizes[0], np.abs(correlation(sample)), rtol=1e-10)
    assert np.all(np.diff(sizes, axis=0) >= 0)
    assert sizes[5].max() <= 1


@pytest.mark.parametrize("max_lag", [-1, 1.0, True, None, 40])
def test_bad_lags(activations, max_lag):
    with pytest.raises(ValueError, match="^max_lag"):
        lagged_correlation(activations[0], max_lag=max_lag)


def test_weights_have_no_direction(activations):
    sample = activations[0]
    found = lagged_correlation(sample[::-1], max_lag=5)
    assert_allclose(found, lagged_correlation(sample, max_lag=5), rtol=1e-10)
