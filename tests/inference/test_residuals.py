"""Tests beside covariates and groups, against models that are fitted again."""

from itertools import permutations, product

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist, pdist, squareform

from sktopo.inference import difference_table, permanova, permutation_test
from sktopo.inference._residuals import ResidualRatios, embed_study
from sktopo.inference._study import Study

pytestmark = pytest.mark.filterwarnings("ignore:pvalue.* cannot be below")

Y = np.array([0, 1, 0, 1, 1, 0])
PERSONS = np.array([0, 0, 1, 1, 2, 2])
RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(6, 3)) + PERSONS[:, None]
AGE = RNG.normal(size=6) + Y


def fit(columns, rows):
    """Fit a linear model with an intercept by least squares: what it predicts."""
    model = np.column_stack([np.ones(len(rows)), columns])
    return model @ np.linalg.lstsq(model, rows, rcond=None)[0]


def list_orders(groups):
    """List all orders of samples that stay within groups."""
    members = [np.flatnonzero(groups == g) for g in np.unique(groups)]
    for parts in product(*map(permutations, members)):
        order = np.empty(len(groups), dtype=int)
        for member, part in zip(members, parts, strict=True):
            order[member] = part
        yield order


def code_persons(groups):
    """Return columns for all groups but the first, none if there is one."""
    return (groups[:, None] == np.unique(groups)[1:]).astype(float)


@pytest.mark.parametrize("groups", [None, PERSONS])
def test_permanova_is_brute_force_by_least_squares(groups):
    strata = np.zeros(6, int) if groups is None else groups
    covariates = np.column_stack([AGE, code_persons(strata)])
    reduced = fit(covariates, ROWS)
    ratios = []
    for order in list_orders(strata):
        rows = reduced + (ROWS - reduced)[order]
        total = ((rows - fit(covariates, rows)) ** 2).sum()
        within = ((rows - fit(np.column_stack([covariates, Y]), rows)) ** 2).sum()
        freedom = 6 - 3 - (strata.max())
        ratios.append((total - within) / (within / freedom))
        if (order == np.arange(6)).all():
            observed, share = ratios[-1], 1 - within / total
    result = permanova(ROWS, Y, covariates=AGE, groups=groups)
    assert result.exact
    assert_allclose(result.statistic, observed)
    assert_allclose(result.r_squared, share)
    assert_allclose(np.sort(result.null_distribution), np.sort(ratios))
    assert_allclose(result.pvalue, np.mean(np.array(ratios) >= observed * (1 - 1e-9)))


@pytest.mark.parametrize("squared", [False, True])
@pytest.mark.parametrize("groups", [None, PERSONS])
def test_ratio_is_brute_force_by_least_squares(groups, squared):
    strata = np.zeros(6, int) if groups is None else groups
    covariates = np.column_stack([AGE, code_persons(strata)])
    residuals = ROWS - fit(covariates, ROWS)
    same = pdist(Y[:, None]) == 0
    ratios = []
    for order in list_orders(strata):
        rows = residuals[order]
        distances = pdist(rows - fit(covariates, rows)) ** (2 if squared else 1)
        ratios.append(distances[~same].mean() / distances[same].mean())
        if (order == np.arange(6)).all():
            observed = ratios[-1]
    options = {"covariates": AGE, "groups": groups, "squared": squared}
    result = permutation_test(ROWS, Y, **options)
    assert_allclose(result.statistic, observed)
    assert_allclose(np.sort(result.null_distribution), np.sort(ratios), rtol=1e-6)
    assert_allclose(result.pvalue, np.mean(np.array(ratios) >= observed * (1 - 1e-6)))


def test_permanova_is_the_row_of_a_table():
    rng = np.random.default_rng(1)
    X, y, age = rng.normal(size=(24, 6)), np.arange(24) % 2, rng.normal(size=24)
    for groups in (
        None,
        np.arange(24) // 4,
        (np.arange(24) % 2) + 2 * (np.arange(24) // 6),
    ):
        options = {"covariates": age, "n_permutations": 199, "random_state": 0}
        table = difference_table(
            X,
            y,
            slices={"births": slice(None)},
            sample_groups=groups,
            level=None,
            cv=2,
            **options,
        )
        result = permanova(X, y, groups=groups, **options)
        assert table["pvalue"][0] == result.pvalue
        assert_allclose(table["statistic"][0], result.statistic)
        assert_allclose(table["omega_squared"][0], result.omega_squared)


def test_covariates_explain_what_they_cause():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    age = 2 * y + rng.normal(size=60)
    X = age[:, None] + rng.normal(size=(60, 4))
    for test in (permanova, permutation_test):
        options = {"n_permutations": 199, "random_state": 0}
        assert test(X, y, **options).pvalue == 0.005
        assert test(X, y, covariates=age, **options).pvalue > 0.05
        apart = X + 3 * y[:, None]
        assert test(apart, y, covariates=age, **options).pvalue == 0.005


def test_covariates_of_persons_are_averaged():
    rng = np.random.default_rng(0)
    persons = np.arange(24) // 3
    y, X, age = persons % 2, rng.normal(size=(24, 4)), rng.normal(size=24)
    options = {"n_permutations": 199, "random_state": 0}
    means = [part.reshape(8, 3, -1).mean(axis=1) for part in (X, age)]
    for test in (permanova, permutation_test):
        result = test(X, y, groups=persons, covariates=age, **options)
        expected = test(means[0], y[::3], covariates=means[1], **options)
        assert result.pvalue == expected.pvalue
        assert_allclose(result.statistic, expected.statistic)
    # What varies within persons only explains nothing between them.
    run = np.arange(24) % 3
    result = permanova(X, y, groups=persons, covariates=run, **options)
    assert result.statistic == permanova(X, y, groups=persons, **options).statistic


def test_distances_that_are_not_euclidean():
    rng = np.random.default_rng(0)
    distances = squareform(rng.uniform(1, 3, size=66))
    y, age = np.arange(12) % 2, rng.normal(size=12)
    tables = embed_study(Study(distances, None, y, np.finfo(float).eps))
    assert len(tables) == 2
    squares = cdist(tables[0], tables[0]) ** 2 - cdist(tables[1], tables[1]) ** 2
    assert_allclose(squares, distances**2, atol=1e-9)
    # McArdle and Anderson: traces of projections of the centred matrix.
    model = np.column_stack([np.ones(12), age])
    full = np.column_stack([model, y])
    reduced, complete = (m @ np.linalg.pinv(m) for m in (model, full))
    gram = -(distances**2) / 2
    between = np.trace((complete - reduced) @ gram)
    within = np.trace((np.eye(12) - complete) @ gram)
    result = permanova(
        distances, y, metric="precomputed", covariates=age, n_permutations=99
    )
    assert_allclose(result.statistic, between / (within / 9))
    with pytest.raises(ValueError, match="^covariates leave no distances between res"):
        permutation_test(distances, y, metric="precomputed", covariates=age)


def test_a_negative_sum_of_squares_is_refused():
    distances = np.ones((8, 8)) - np.eye(8)
    y = np.arange(8) // 4
    distances[y[:, None] == y] *= 0.01
    distances[:4, :4] *= 1e-3
    distances[0, 5:] = distances[5:, 0] = 90
    with pytest.raises(ValueError, match="^The sum of squares within groups is negat"):
        permanova(distances, y, metric="precomputed", covariates=np.arange(8) % 2)


def test_nothing_is_left():
    y, age = np.arange(10) % 2, np.arange(10.0) ** 2
    rows = np.outer(age, [1.0, 2.0])
    for test in (permanova, permutation_test):
        with pytest.raises(ValueError, match="^Nothing is left of X beside covariates"):
            test(rows, y, covariates=age)


def test_errors_of_covariates_name_the_parameters():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(8, 3)), np.arange(8) % 2
    for test in (permanova, permutation_test):
        for covariates, groups, message in (
            (y, None, "^Groups in y follow from covariates: "),
            (
                y,
                y[::-1] + np.arange(8) // 4,
                "^Groups in y follow from covariates and ",
            ),
            (np.ones(8), None, "^Column 0 of covariates is the same number"),
            (np.ones(7), None, r"^covariates has shape \(7,\)"),
            (rng.normal(size=(8, 6)), None, "^8 samples are too few for 2 groups"),
        ):
            with pytest.raises(ValueError, match=message):
                test(X, y, covariates=covariates, groups=groups)
    y = [0, 1, 0, 1, 2, 2, 2, 2]
    with pytest.raises(ValueError, match="^Groups in y follow from the groups of samp"):
        permanova(X, y, groups=[0, 0, 1, 1, 2, 2, 3, 3])


def test_groups_without_spread_have_an_infinite_ratio():
    y = np.arange(12) % 2
    residuals = np.column_stack([2.0 * y - 1, np.zeros(12)])
    ratios = ResidualRatios(residuals, np.zeros((12, 0)), y, False)
    assert ratios(np.arange(12)[None])[0] == np.inf
