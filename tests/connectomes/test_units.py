"""Units that never vary, and the magnitudes of units."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo.connectomes._units import find_constant_units, largest_magnitudes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("level", [0.0, 0.1, -3.0, 1e30])
def test_constant_units_are_found_whatever_their_level(dtype, level):
    activations = np.random.default_rng(0).normal(size=(300, 4)).astype(dtype)
    activations[:, 2] = level
    assert_array_equal(find_constant_units(activations), [False, False, True, False])


def test_a_unit_that_varies_once_is_not_constant():
    activations = np.zeros((1000, 3))
    activations[-1, 1] = 1e-300
    activations[0, 2] = 5
    assert_array_equal(find_constant_units(activations), [True, False, False])


def test_largest_magnitudes_by_hand():
    activations = np.array([[1.0, -4.0, 0.0], [-2.0, 3.0, 0.0]])
    assert_array_equal(largest_magnitudes(activations), [2, 4, 1])
