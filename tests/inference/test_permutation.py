"""The test of the ratio: by hand, its squared form, and the null hypothesis."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from sktopo import GraphPersistence
from sktopo.datasets import make_modular_connectomes
from sktopo.inference import (
    permanova,
    permutation_test,
)

# Small groups can be compared with loops over all relabellings.
pytestmark = pytest.mark.filterwarnings("ignore:pvalue.* cannot be below")


def test_exact_as_soon_as_there_are_no_more_relabellings(make_study):
    X, y = make_study((3, 3))
    assert permutation_test(X, y, n_permutations=10).exact
    result = permutation_test(X, y, n_permutations=9)
    assert not result.exact
    assert result.null_distribution.shape == (9,)


def test_ties_count_in_random_tests():
    values = np.repeat([0.1, 0.7], [22, 18]).reshape(-1, 1)
    y = np.arange(40) % 2
    y[:5] = 1
    y[-7:] = 0
    result = permutation_test(values, y, n_permutations=5000, random_state=0)
    rounded = result.null_distribution.round(9)
    assert len(np.unique(rounded)) < 20
    extreme = np.count_nonzero(rounded >= round(result.statistic, 9))
    assert 1 < np.count_nonzero(rounded == round(result.statistic, 9)) < extreme
    assert result.pvalue == (1 + extreme) / 5001


def test_ratio_by_hand():
    # Between: 4, 5, 3, 4; within: 1, 1.
    rows = [[0.0], [1.0], [4.0], [5.0]]
    assert_allclose(permutation_test(rows, list("aabb")).statistic, 4)
    squared = permutation_test(rows, list("aabb"), squared=True)
    assert_allclose(squared.statistic, 16.5)
    assert_allclose(squared.pvalue, 1 / 3)


def test_in_equal_groups_the_squared_ratio_is_permanova(make_study):
    X, y = make_study((9, 9, 9))
    options = {"n_permutations": 999, "random_state": 0}
    squared = permutation_test(X, y, squared=True, **options)
    result = permanova(X, y, **options)
    assert squared.pvalue == result.pvalue
    order = np.argsort(result.null_distribution)
    assert (np.diff(squared.null_distribution[order]) > -1e-12).all()
    assert permutation_test(X, y, **options).pvalue != squared.pvalue


def test_the_ratio_sees_spread_and_permanova_only_position():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(60, 40)) * np.repeat([1, 1.5], 30)[:, np.newaxis]
    y = np.repeat([0, 1], 30)
    assert permutation_test(X, y, random_state=0).pvalue < 0.001
    assert permanova(X, y, random_state=0).pvalue > 0.1


def test_calibration():
    pvalues = np.array(
        [
            permutation_test(
                GraphPersistence().fit_transform(
                    make_modular_connectomes(
                        10, n_nodes=10, n_modules=(2, 2), random_state=seed
                    )[0]
                ),
                np.repeat([0, 1], 10),
                n_permutations=199,
                random_state=seed,
            ).pvalue
            for seed in range(200)
        ]
    )
    assert stats.kstest(pvalues, "uniform").pvalue > 0.05
    # Four standard deviations of a share of 200 tests around their level.
    for level in (0.05, 0.25, 0.5):
        gap = 4 * (level * (1 - level) / 200) ** 0.5
        assert abs(np.mean(pvalues <= level) - level) < gap


def test_squared_must_be_a_flag(make_study):
    X, y = make_study((3, 3))
    with pytest.raises(ValueError, match="^squared must be True or False"):
        permutation_test(X, y, squared=1)
