"""Tests of all pairs of groups."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist

from sktopo.inference import (
    pairwise_permutation_test,
    permanova,
    permutation_test,
)

# Small groups can be compared with loops over all relabellings.
pytestmark = pytest.mark.filterwarnings("ignore:pvalue.* cannot be below")


def test_pairs_are_tests_of_two_groups(make_study):
    X, y = make_study((4, 5, 6), n_features=3)
    X[y == 2] += 2
    names = np.array(["b", "a", "c"])[y]
    for test, function in (("ratio", permutation_test), ("permanova", permanova)):
        table = pairwise_permutation_test(X, names, test=test)
        assert list(table["group_1"]) == ["a", "a", "b"]
        assert list(table["group_2"]) == ["b", "c", "c"]
        for row, two in enumerate((("a", "b"), ("a", "c"), ("b", "c"))):
            chosen = np.isin(names, two)
            expected = function(X[chosen], names[chosen])
            assert expected.exact and table["exact"][row]
            assert table["pvalue"][row] == expected.pvalue
            assert_allclose(table["statistic"][row], expected.statistic)
            if test == "permanova":
                assert_allclose(table["r_squared"][row], expected.r_squared)
                assert_allclose(table["omega_squared"][row], expected.omega_squared)
        assert ("r_squared" in table) == (test == "permanova")


def test_pairs_are_adjusted_by_hand(make_study):
    X, y = make_study((4, 5, 6))
    X[y == 2] += 1
    table = pairwise_permutation_test(X, y)
    small, middle, large = np.sort(table["pvalue"])
    order = np.argsort(table["pvalue"])
    hochberg = np.minimum.accumulate([large, middle * 3 / 2, small * 3])[::-1]
    assert_allclose(np.asarray(table["adjusted_pvalue"])[order], hochberg)
    assert hochberg[0] > small
    table = pairwise_permutation_test(X, y, correction="by")
    harmonic = 1 + 1 / 2 + 1 / 3
    expected = np.minimum(np.asarray(hochberg) * harmonic, 1)
    assert_allclose(np.asarray(table["adjusted_pvalue"])[order], expected)


def test_pairs_are_repeatable_and_take_distances(make_study):
    X, y = make_study((9, 10, 11))
    options = {"n_permutations": 199, "random_state": 0}
    expected = pairwise_permutation_test(X, y, **options)
    assert not np.any(expected["exact"])
    distances = cdist(X, X)
    for n_jobs in (None, 2):
        table = pairwise_permutation_test(
            distances, y, metric="precomputed", n_jobs=n_jobs, **options
        )
        assert_array_equal(table["pvalue"], expected["pvalue"])
    other = pairwise_permutation_test(X, y, n_permutations=199, random_state=1)
    assert not np.array_equal(other["pvalue"], expected["pvalue"])


@pytest.mark.usefixtures("without_pandas")
def test_without_pandas_the_error_names_the_extra(monkeypatch, make_study):
    monkeypatch.setattr("sktopo.inference._pairwise.compare_distances", None)
    # Raised before any pair is tested.
    with pytest.raises(ImportError, match=r"pip install 'sktopo\[tables\]'"):
        pairwise_permutation_test(*make_study((3, 3, 3)))


def test_the_table_is_a_data_frame(make_study):
    pandas = pytest.importorskip("pandas")
    X, y = make_study((3, 3, 3))
    table = pairwise_permutation_test(X, y, test="permanova")
    assert isinstance(table, pandas.DataFrame)
    assert list(table) == [
        *("group_1", "group_2", "statistic", "pvalue", "adjusted_pvalue", "exact"),
        *("r_squared", "omega_squared"),
    ]
    assert table["exact"].dtype == bool


def test_pairs_of_equal_samples_raise():
    with pytest.raises(ValueError, match="All samples are the same"):
        pairwise_permutation_test([[0.0]] * 4 + [[1.0]] * 2, list("aabbcc"))


def test_pairs_that_cannot_be_compared_are_named_before_any_is(monkeypatch):
    monkeypatch.setattr("sktopo.inference._pairwise.compare_distances", None)
    with pytest.raises(
        ValueError, match="^Groups b and c have a single sample each; .* group.$"
    ):
        pairwise_permutation_test([[0.0], [1.0], [2.0], [3.0]], list("aabc"))
    rows = [[0.0], [1.0], [2.0], [2.0], [2.0], [2.0]]
    with pytest.raises(
        ValueError, match="^All samples are the same in groups b and c: .* compare.$"
    ):
        pairwise_permutation_test(rows, list("aabbcc"))


@pytest.mark.parametrize("test", ["ratio", "permanova"])
@pytest.mark.parametrize("unit", [1e-30, 1e200])
def test_pairs_do_not_depend_on_the_unit_or_on_other_groups(test, unit, make_study):
    X, y = make_study((4, 4, 3))
    X[y == 1] += 1e7 * np.array([0, 0, 0, 1])  # far from the others
    table = pairwise_permutation_test(X * unit, y, test=test)
    function = {"ratio": permutation_test, "permanova": permanova}[test]
    expected = function(X[y != 1], y[y != 1])
    assert table["pvalue"][1] == expected.pvalue
    assert_allclose(table["statistic"][1], expected.statistic, rtol=1e-12)


def test_errors_of_parameters_of_pairs(make_study):
    X, y = make_study((3, 3))
    with pytest.raises(
        ValueError, match="^test='anova' is unknown; .* 'ratio', 'permanova'.$"
    ):
        pairwise_permutation_test(X, y, test="anova")
    with pytest.raises(
        ValueError, match="^correction='holm' is unknown; .* 'bh', 'by'.$"
    ):
        pairwise_permutation_test(X, y, correction="holm")


def test_progress_counts_pairs(capfd, make_study):
    pytest.importorskip("tqdm")
    X, y = make_study((15, 15, 15))
    options = {"n_permutations": 250, "random_state": 0}
    pairwise_permutation_test(X, y, verbose=True, **options)
    shown = capfd.readouterr().err
    assert "pairs" in shown and "3/3" in shown and "relabellings" not in shown
    pairwise_permutation_test(X, y, **options)
    assert capfd.readouterr() == ("", "")


def test_one_warning_for_all_pairs_of_which_nothing_can_be_found(make_study):
    X, y = make_study((5, 2, 2, 3))
    with pytest.warns(
        UserWarning, match="some pairs, such as groups 1 and 2,"
    ) as found:
        pairwise_permutation_test(X, y)
    assert [record.filename for record in found] == [__file__]
