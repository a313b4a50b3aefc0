"""The scalars of a run, against distances that are computed otherwise."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from sktopo.barcodes import decompose_distance
from sktopo.training._network_rows import RowLayout
from sktopo.training._records import Records
from sktopo.training._scalars import describe_run, make_run_table

N = 5
PARTS = {"births": slice(0, N), "deaths": slice(N, 2 * N)}


def make_rows(n_records=4, seed=0):
    """Return Wasserstein rows, and the births and deaths in units of the weights."""
    values = np.random.default_rng(seed).random((2, n_records, N))
    values.sort(axis=2)
    return np.hstack(values) / np.sqrt(N), values


def w2(values, i, j):
    """Return the distance of births and deaths, each a probability measure."""
    return np.sqrt(((values[:, i] - values[:, j]) ** 2).mean(axis=1).sum())


def test_levels_and_scales_are_means_and_deviations():
    rows, (births, deaths) = make_rows()
    found = describe_run(rows, PARTS)
    np.testing.assert_allclose(found["births_level"], births.mean(axis=1))
    np.testing.assert_allclose(found["deaths_scale"], deaths.std(axis=1))
    both = (births.mean(axis=1) + deaths.mean(axis=1)) / 2
    np.testing.assert_allclose(found["level"], both)


def test_distances():
    rows, values = make_rows()
    reference, other = make_rows(1, seed=1)
    found = describe_run(rows, PARTS, reference[0])
    steps = [w2(values, k, k - 1) for k in range(1, 4)]
    assert np.isnan(found["change"][0])
    np.testing.assert_allclose(found["change"][1:], steps)
    np.testing.assert_allclose(found["travelled"], [0, *np.cumsum(steps)])
    from_first = [w2(values, k, 0) for k in range(4)]
    np.testing.assert_allclose(found["from_first"], from_first)
    np.testing.assert_allclose(found["to_last"], [w2(values, k, 3) for k in range(4)])
    values = np.concatenate([values, other], axis=1)
    expected = [w2(values, k, 4) for k in range(4)]
    np.testing.assert_allclose(found["to_reference"], expected)


def test_changes_have_three_parts():
    rows, values = make_rows(2)
    found = describe_run(rows, PARTS)
    barcodes = np.hstack([*values])  # as many deaths as births: split by hand
    parts = np.zeros(3)
    for kind in (barcodes[:, :N], barcodes[:, N:]):
        split = decompose_distance(rows_as_births(kind)).births
        parts += [split.level[0, 1], split.scale[0, 1], split.shape[0, 1]]
    names = ("level_change", "scale_change", "shape_change")
    squares = [found[name][1] ** 2 for name in names]
    np.testing.assert_allclose(squares, parts)
    np.testing.assert_allclose(sum(squares), found["change"][1] ** 2)


def rows_as_births(values):
    """Return barcodes with these births, and the deaths that go with them."""
    n_nodes = values.shape[1] + 1
    n_deaths = (n_nodes - 1) * (n_nodes - 2) // 2
    return np.hstack([values, np.zeros((len(values), n_deaths))])


def test_hand_computed():
    """Births 0, 2 become 3, 9: the level moves by 5, the scale by 2."""
    rows = np.array([[0.0, 2.0], [3.0, 9.0]]) / np.sqrt(2)
    found = describe_run(rows, {"births": slice(0, 2)})
    assert found["level"].tolist() == pytest.approx([1, 6])
    assert found["scale"].tolist() == pytest.approx([1, 3])
    assert found["level_change"][1] == pytest.approx(5)
    assert found["scale_change"][1] == pytest.approx(2)
    assert found["shape_change"][1] == pytest.approx(0, abs=1e-12)
    assert found["change"][1] == pytest.approx(np.sqrt(29))
    # The mean absolute difference is a bound.
    assert found["change"][1] >= wasserstein_distance([0, 2], [3, 9])


@pytest.mark.parametrize("unit", [1e-26, 1e30])
def test_units(unit):
    rows, _ = make_rows()
    found, expected = describe_run(unit * rows, PARTS), describe_run(rows, PARTS)
    for name, values in found.items():
        np.testing.assert_allclose(values / unit, expected[name], rtol=1e-9)


def test_a_common_constant_does_not_move_anything():
    rows, _ = make_rows()
    rows = np.round(rows * 2**20) / 2**20
    found, expected = describe_run(rows + 1024, PARTS), describe_run(rows, PARTS)
    for name in ("change", "level_change", "scale_change", "shape_change", "to_last"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-7)


def test_equal_records_and_a_single_one():
    rows, _ = make_rows(1)
    found = describe_run(np.repeat(rows, 3, axis=0), PARTS)
    assert (found["change"][1:] == 0).all()
    assert (found["travelled"] == 0).all()
    assert len(describe_run(rows, PARTS)["change"]) == 1


def test_the_table_is_long():
    pytest.importorskip("pandas")
    layout = RowLayout({"all": {"births": slice(2)}, "fc": {"births": slice(2, 4)}}, {})
    rows = np.hstack([np.arange(16.0).reshape(4, 4), np.eye(4)[:, :2]])
    records = Records(list(rows), [0, 1, 4, 9], 10, layout)
    table = make_run_table(records, "a")
    assert list(table.columns[:3]) == ["run", "step", "layer"]
    assert table["run"].tolist() == ["a"] * 8
    assert table["step"].tolist() == [0, 0, 1, 1, 4, 4, 9, 9]
    assert table["layer"].tolist() == ["all", "fc"] * 4
    assert table["n_constant"].tolist() == [1, 0, 0, 1, 0, 0, 0, 0]
    assert table["n_constant"].dtype == np.int64
    fc = table[table["layer"] == "fc"]
    np.testing.assert_allclose(fc["level"] / np.sqrt(2), [2.5, 6.5, 10.5, 14.5])
