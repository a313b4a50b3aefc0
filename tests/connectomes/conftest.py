"""Activations that the test files of connectomes share."""

import numpy as np
import pytest


@pytest.fixture
def activations():
    """Make three samples of 40 observations of 5 related units."""
    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(3, 5, 5))
    return rng.normal(size=(3, 40, 5)) @ mixing + rng.normal(size=5) * 10
