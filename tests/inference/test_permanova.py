"""PERMANOVA against analysis of variance."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from sktopo import GraphPersistence, barcodes
from sktopo.datasets import make_modular_connectomes
from sktopo.inference import (
    permanova,
)

# Small groups can be compared with loops over all relabellings.
pytestmark = pytest.mark.filterwarnings("ignore:pvalue.* cannot be below")


def test_permanova_of_one_feature_is_analysis_of_variance(make_study):
    X, y = make_study((5, 8, 11), n_features=1)
    result = permanova(X, y, n_permutations=99, random_state=0)
    expected = stats.f_oneway(*(X[y == g, 0] for g in range(3))).statistic
    assert_allclose(result.statistic, expected)


def test_permanova_is_the_trace_form_around_means(make_study):
    X, y = make_study((5, 8, 11), n_features=6)
    means = np.stack([X[y == g].mean(axis=0) for g in range(3)])
    within = ((X - means[y]) ** 2).sum()
    total = ((X - X.mean(axis=0)) ** 2).sum()
    between = (np.bincount(y)[:, np.newaxis] * (means - X.mean(axis=0)) ** 2).sum()
    result = permanova(X, y, n_permutations=99, random_state=0)
    noise = within / 21
    assert_allclose(result.statistic, between / 2 / noise)
    assert_allclose(result.r_squared, between / total)
    assert_allclose(result.omega_squared, (between - 2 * noise) / (total + noise))


def test_omega_squared_has_no_bias_under_the_null(make_study):
    # The share of the sum of squares grows with the number of groups by chance alone.
    found = [
        permanova(*make_study((4,) * 6, seed=seed), n_permutations=1)
        for seed in range(100)
    ]
    assert np.mean([result.r_squared for result in found]) > 0.2
    assert abs(np.mean([result.omega_squared for result in found])) < 0.02


def test_permanova_measures_wasserstein_variance():
    X, y = make_modular_connectomes(5, n_nodes=12, random_state=0)
    rows = GraphPersistence().fit_transform(X)
    whole = barcodes.barcode_rows(X)
    within = np.mean([barcodes.wasserstein_variance(whole[y == g]) for g in range(3)])
    result = permanova(rows, y, n_permutations=9, random_state=0)
    explained = 1 - within / barcodes.wasserstein_variance(whole)
    assert_allclose(result.r_squared, explained)


def test_groups_without_spread_explain_everything():
    rows, y = [[0.0], [0.0], [0.3], [0.3], [0.3]], list("aabbb")
    assert permanova(rows, y).r_squared == 1


def test_the_null_distribution_is_left_out_of_the_repr(make_study):
    result = permanova(*make_study((3, 3)))
    assert "pvalue" in repr(result)
    assert "null_distribution" not in repr(result)
    with pytest.raises(AttributeError):
        result.pvalue = 0
