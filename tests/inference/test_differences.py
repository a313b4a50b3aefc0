"""The table of differences: planted layers, levels, and its contracts."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo import GraphPersistence, GraphProfiles
from sktopo.barcodes import BarcodeLayout, barcode_rows
from sktopo.inference import difference_table, permanova

pandas = pytest.importorskip("pandas")

FIRST = ["profile", "block", "statistic", "omega_squared", "pvalue", "adjusted_pvalue"]
COLUMNS = [*FIRST, "accuracy", "level", "scale", "shape"]
GIVEN = [f"{name}_given_level" for name in FIRST[3:]]
LAYERS = ["a"] * 5 + ["b"] * 4
Y = np.repeat([0, 1], [9, 8])
# Edges between nodes of layer b.
WITHIN_B = np.array([i >= 5 for i in range(9) for j in range(i + 1, 9)])


def make_connectomes(seed=0, y=Y):
    return np.random.default_rng(seed).random((len(y), 36))


def make_table(X, y=Y, **options):
    options = {"n_permutations": 199, "random_state": 0, "groups": LAYERS, **options}
    return difference_table(X, y, **options)


def find_row(table, profile, block="all"):
    chosen = (table["profile"] == profile) & (table["block"] == block)
    assert chosen.sum() == 1
    return table[chosen].iloc[0]


def test_rows_and_columns_of_the_table():
    table = make_table(make_connectomes())
    assert list(table.columns) == [*COLUMNS, *GIVEN]
    assert list(dict.fromkeys(table["profile"])) == [
        *("births", "deaths", "strengths", "spectrum", "local")
    ]
    assert list(dict.fromkeys(table["block"])) == ["all", "a", "b", "a--b"]
    assert len(table) == 20
    shares = table[["level", "scale", "shape"]]
    assert (shares.to_numpy() >= 0).all()
    assert_allclose(shares.sum(axis=1), 1, atol=1e-12)
    assert (table["adjusted_pvalue"] >= table["pvalue"]).all()
    assert table["pvalue"].between(1 / 200, 1).all()
    without = make_table(make_connectomes(), level=None)
    assert list(without.columns) == COLUMNS
    pandas.testing.assert_frame_equal(without, table[COLUMNS])


@pytest.mark.parametrize("y", [Y, np.array(list("aabbcccabcabbccca"))])
def test_each_row_is_permanova(y):
    X = make_connectomes()
    profiles = GraphProfiles(groups=LAYERS).fit(X)
    rows = profiles.transform(X)
    table = make_table(X, y, cv=2)
    for (_, row), columns in zip(
        table.iterrows(), profiles.profile_slices_.values(), strict=True
    ):
        test = permanova(rows[:, columns], y, n_permutations=199, random_state=0)
        assert row["pvalue"] == test.pvalue
        assert_allclose(row["statistic"], test.statistic)
        assert_allclose(row["omega_squared"], test.omega_squared, atol=1e-12)


def test_the_layer_that_differs_is_found():
    X = make_connectomes()
    X[np.ix_(Y == 1, WITHIN_B)] = X[np.ix_(Y == 1, WITHIN_B)] ** 8
    table = make_table(X, n_permutations=999)
    differs = table["adjusted_pvalue"] <= 0.05
    # The graph as a whole differs too, because it contains the layer.
    assert {"b"} <= set(table["block"][differs]) <= {"all", "b"}
    assert table["block"][table["omega_squared"].idxmax()] == "b"
    found = find_row(table, "strengths", "b")
    assert found["accuracy"] > 0.8
    assert found["adjusted_pvalue_given_level"] <= 0.01
    # Within the other layer nothing differs, and little can be recognised.
    assert find_row(table, "strengths", "a")["accuracy"] < 0.75


def test_a_difference_in_level_alone_is_called_so():
    X = make_connectomes()
    X += 0.2 * np.random.default_rng(1).normal(size=(17, 1)) + 0.6 * Y[:, None]
    table = make_table(X + 2)
    row = find_row(table, "deaths")
    assert row["adjusted_pvalue"] == 0.005
    assert row["level"] > 0.98
    assert row["adjusted_pvalue_given_level"] > 0.05
    # The same as a covariate that the user measured; other orders are drawn.
    other = make_table(X + 2, covariates=X.mean(axis=1), level=None)
    for name, tolerance in zip(FIRST[3:], (1e-9, 0.15, 0.15), strict=True):
        assert_allclose(other[name], table[f"{name}_given_level"], atol=tolerance)


def test_covariates_are_accounted_for_in_all_tests():
    age = np.random.default_rng(2).normal(size=17) + 2 * Y
    X = make_connectomes() + age[:, None] * np.linspace(0.1, 0.3, 36) + 3
    alone, beside = make_table(X), make_table(X, covariates=age)
    assert find_row(alone, "strengths")["adjusted_pvalue"] <= 0.02
    assert find_row(beside, "strengths")["adjusted_pvalue"] > 0.05
    # What is described without tests stays the same.
    for name in ("accuracy", "level", "scale", "shape"):
        assert_array_equal(alone[name], beside[name])


def test_graphs_of_one_level_are_compared_as_without():
    X = make_connectomes()
    X -= X.mean(axis=1, keepdims=True)
    table = make_table(X + 1)
    for name in FIRST[3:]:
        assert_array_equal(table[name], table[f"{name}_given_level"])


def test_wasserstein_rows_with_slices_are_the_same():
    X = make_connectomes()
    table = make_table(X)
    profiles = GraphProfiles(groups=LAYERS).fit(X)
    rows = profiles.transform(X)
    options = {"groups": None, "slices": profiles.profile_slices_}
    again = make_table(rows, level=X.mean(axis=1), **options)
    pandas.testing.assert_frame_equal(again, table)
    some = dict(list(profiles.profile_slices_.items())[:3])
    few = make_table(rows, level=None, groups=None, slices=some)
    assert_array_equal(few["pvalue"], table["pvalue"][:3])
    # With fewer rows there is less to correct for.
    assert (few["adjusted_pvalue"] <= table["adjusted_pvalue"][:3]).all()


def test_rows_of_graph_persistence_with_slices():
    X = make_connectomes()
    layout = BarcodeLayout(36)
    rows = layout.scale(layout.split(barcode_rows(X)))
    slices = {"births": slice(0, 8), "deaths": slice(8, 36)}
    table = make_table(rows, slices=slices, groups=None, level=X.mean(axis=1))
    expected = make_table(X, groups=None, profiles=["births", "deaths"])
    pandas.testing.assert_frame_equal(table, expected)


def test_several_numbers_can_be_the_level():
    X = make_connectomes()
    both = np.column_stack([X.mean(axis=1), X.std(axis=1)])
    table = make_table(X, level=both)
    other = make_table(X, level=both[:, 1], covariates=both[:, 0])
    assert_allclose(table[GIVEN], other[GIVEN])


def test_each_block_beside_its_own_level():
    X = make_connectomes()
    table = make_table(X, level="block")
    first, second = np.triu_indices(9, 1)
    layers = np.array(LAYERS)
    pairs = np.char.add(np.char.add(layers[first], "--"), layers[second])
    for block, edges in {
        "all": np.ones(36, dtype=bool),
        "a": pairs == "a--a",
        "b": pairs == "b--b",
        "a--b": pairs == "a--b",
    }.items():
        means = X[:, edges].mean(axis=1)
        own = table[table["block"] == block]
        other = make_table(X, level=means)
        other = other[other["block"] == block]
        for name in ("omega_squared_given_level", "pvalue_given_level"):
            assert_allclose(own[name], other[name])
    # All other columns are the same, and in the whole graph so is the test.
    expected = make_table(X)
    pandas.testing.assert_frame_equal(table[COLUMNS], expected[COLUMNS])
    whole = table["block"] == "all"
    name = "pvalue_given_level"
    assert_array_equal(table[name][whole], expected[name][whole])
    assert (table[name] != expected[name])[~whole].all()


def test_without_groups_the_block_is_the_graph():
    X = make_connectomes()
    tables = [make_table(X, groups=None, level=level) for level in ("mean", "block")]
    pandas.testing.assert_frame_equal(*tables)


def test_a_block_that_differs_in_its_level_only_does_not_given_this_level():
    X = make_connectomes()
    noise = np.random.default_rng(1).normal(size=(17, 1))
    X[:, WITHIN_B] += 0.8 * Y[:, None] + 0.2 * noise
    table = make_table(X + 2, level="block", n_permutations=999)
    names = [name for name in table if name.startswith("adjusted")]
    within = table[table["block"] == "b"]
    assert find_row(table, "strengths", "b")["adjusted_pvalue"] <= 0.005
    assert (within["adjusted_pvalue_given_level"] > 0.1).all()
    # Nothing but the block differs, and the graph that contains it.
    assert (table[names][table["block"].isin(["a", "a--b"])] > 0.1).all(axis=None)
    # Given the mean of all weights the block differs still.
    by_mean = make_table(X + 2, n_permutations=999)
    assert find_row(by_mean, "strengths", "b")[names[1]] <= 0.05


def test_a_block_that_differs_in_shape_is_found_given_its_level():
    X = make_connectomes()
    block = X[np.ix_(Y == 1, WITHIN_B)]
    means = block.mean(axis=1, keepdims=True)
    X[np.ix_(Y == 1, WITHIN_B)] = means + 3 * (block - means)
    table = make_table(X + 2, level="block", n_permutations=999)
    found = table["adjusted_pvalue_given_level"] <= 0.05
    assert {"b"} <= set(table["block"][found]) <= {"b", "all"}
    assert find_row(table, "deaths", "b")["adjusted_pvalue_given_level"] <= 0.01


def test_blocks_of_one_edge_or_of_one_level_given_this_level():
    X = make_connectomes()
    groups = ["pair"] * 2 + ["rest"] * 7
    X[:, 1:8] = np.sort(X[:1, 1:8])  # edges of the first node with the rest
    X[:, 8:15] = 1 - X[:, 1:8]  # edges of the second: the mean between groups is 0.5
    X[Y == 1, 1:15] = X[Y == 1, 14:0:-1] ** 2
    X[:, 1:15] -= X[:, 1:15].mean(axis=1, keepdims=True) - 0.5
    options = {"groups": groups, "level": "block", "profiles": ["births", "strengths"]}
    table = make_table(X, **options)
    # One edge is its own mean: nothing is left of it.
    row = find_row(table, "births", "pair")
    assert row["pvalue_given_level"] == 1
    assert np.isnan(row["omega_squared_given_level"])
    # A mean that is the same in all graphs explains nothing.
    row = find_row(table, "births", "pair--rest")
    assert row["omega_squared"] == row["omega_squared_given_level"]
    assert row["pvalue_given_level"] <= 0.01


def test_groups_that_follow_from_the_level_of_a_block():
    X = make_connectomes()
    X[:, WITHIN_B] = Y[:, None]
    with pytest.raises(ValueError, match=r"follow from level='block' of part '\[b\]'"):
        make_table(X, level="block")


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_results_are_repeatable(n_jobs):
    X = make_connectomes()
    table = make_table(X, n_jobs=n_jobs)
    pandas.testing.assert_frame_equal(table, make_table(X))
    other = make_table(X, random_state=1)
    assert (other["pvalue"] != table["pvalue"]).any()


def test_data_frames_and_layers_of_their_names():
    nodes = [f"{layer}[{k}]" for k, layer in enumerate(LAYERS)]
    edges = [f"{nodes[i]}--{nodes[j]}" for i in range(9) for j in range(i + 1, 9)]
    X = make_connectomes()
    frame = pandas.DataFrame(X, columns=edges)
    for level in ("mean", "block"):
        table = make_table(frame, groups="layer", level=level)
        pandas.testing.assert_frame_equal(table, make_table(X, level=level))


def test_data_do_not_change():
    X, y, age = make_connectomes(), Y.copy(), np.arange(17.0)
    before = X.copy(), y.copy(), age.copy()
    make_table(X, y, covariates=age)
    for given, kept in zip((X, y, age), before, strict=True):
        assert_array_equal(given, kept)


def test_blocks_without_variation():
    X = make_connectomes()
    X[:, WITHIN_B] = 0.5
    table = make_table(X)
    row = find_row(table, "births", "b")
    assert row["pvalue"] == row["adjusted_pvalue"] == 1
    assert row["accuracy"] == 0.5
    assert np.isnan([row["omega_squared"], row["statistic"], row["level"]]).all()
    assert (table["pvalue"][table["block"] == "a"] < 1).all()


def test_what_cannot_be_compared_is_refused():
    X = make_connectomes()
    rows, slices = X[:, :8], {"births": slice(0, 8)}
    for options, message in (
        ({"y": Y[:-1]}, "y has 16 labels for 17 samples"),
        ({"y": Y * 0}, "y has 1 group"),
        ({"y": np.arange(17) // 5}, "cv=5 needs 5 samples.*group 3 of y has 2"),
        ({"covariates": Y}, "Groups in y follow from covariates"),
        ({"covariates": np.ones(17)}, "the same number in all samples"),
        ({"covariates": np.eye(17)[:, :16]}, "too few"),
        ({"level": "median"}, "level='median' must be"),
        ({"level": "median", "groups": None}, "level='median' must be"),
        ({"level": Y}, "Groups in y follow from level and covariates"),
        ({"level": np.ones(17)}, "Column 0 of level is the same number"),
        ({"n_permutations": 0}, "n_permutations"),
        ({"cv": 1}, "cv must be"),
        ({"groups": ["a"] * 8}, "groups"),
        ({"profiles": ["births", "nope"]}, "profiles"),
        ({"X": X[:, 0]}, "2D|2-D|dimension"),
        ({"X": X * 0}, "All samples are the same"),
        ({"X": rows, "slices": slices}, "groups are for connectome rows"),
        ({"X": rows, "slices": slices, "groups": None}, "level='mean' needs .*mean"),
        (
            {"X": rows, "slices": slices, "groups": None, "level": "block"},
            "level='block' needs connectome rows, but slices",
        ),
        ({"X": rows, "slices": {}, "groups": None, "level": None}, "slices must be"),
    ):
        with pytest.raises(ValueError, match=message):
            make_table(**{"X": X, **options})


def test_errors_come_before_work(monkeypatch):
    def compute(self, X, y=None):
        raise AssertionError

    monkeypatch.setattr(GraphProfiles, "fit_transform", compute)
    for options in (
        {"covariates": Y},
        {"cv": 12},
        {"level": "x"},
        {"level": "block", "groups": "layer"},
        {"random_state": -1},
    ):
        with pytest.raises(ValueError, match="y follow|cv=12|level=|layer|random_st"):
            make_table(make_connectomes(), **options)


def test_a_warning_if_nothing_can_be_found():
    few = [0, 1, 2, 9, 10, 11]
    X, y, age = make_connectomes()[few], Y[few], np.arange(6.0) ** 2
    options = {"cv": 3, "n_permutations": 9999}
    with pytest.warns(UserWarning, match=r"pvalue cannot be below 0.1,") as caught:
        difference_table(X, y, profiles=["births"], **options)
    assert [record.filename for record in caught] == [__file__]
    # Residuals are shuffled in 720 ways.
    make_table(X, y, covariates=age, **options)
    with pytest.warns(UserWarning, match="because n_permutations=9"):
        make_table(X, y, covariates=age, cv=3, n_permutations=9)


def test_without_pandas_nothing_is_computed(without_pandas):
    with pytest.raises(ImportError, match=r"sktopo\[tables\]"):
        make_table(make_connectomes())


def test_a_spectrum_that_differs_by_rounding_is_constant():
    # Two nodes have the eigenvalues 0 and 2, a star 0, 1, ..., 1 and 2.
    groups = ["pair"] * 2 + ["single"] + ["rest"] * 6
    X = make_connectomes()
    tables = [
        make_table(unit * X, groups=groups, profiles=["spectrum"])
        for unit in (1, 1 / 3)
    ]
    for block in ("pair", "pair--single", "single--rest"):
        row = find_row(tables[0], "spectrum", block)
        assert row["pvalue"] == row["pvalue_given_level"] == 1
        assert row[["omega_squared", "level"]].isna().all()
    # So the correction does not depend on the unit of the weights.
    assert_array_equal(*(table["adjusted_pvalue"] for table in tables))


def test_wasserstein_rows_are_refused_as_connectomes():
    X = np.random.default_rng(0).random((20, 45))
    rows = GraphPersistence().fit_transform(X)
    with pytest.raises(ValueError, match="^The rows of X look like births and deaths"):
        difference_table(rows, [0] * 10 + [1] * 10)


def test_groups_of_samples_are_compared_at_their_barycenters():
    rng = np.random.default_rng(0)
    persons = np.repeat(np.arange(10), 2)
    y, X = persons % 2, rng.random((20, 6)).astype(np.float32)
    age = rng.normal(size=20)
    options = {
        "slices": {"births": slice(3), "deaths": slice(3, 6)},
        "n_permutations": 99,
        "cv": 2,
        "random_state": 0,
    }
    found = difference_table(
        X, y, sample_groups=persons, covariates=age, level=X[:, 0], **options
    )
    means = X.astype(float).reshape(10, 2, 6).mean(axis=1)
    expected = difference_table(
        means,
        y[::2],
        covariates=age.reshape(10, 2).mean(axis=1),
        level=means[:, 0],
        **options,
    )
    for name in found.columns[2:]:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6)


def test_conditions_are_compared_within_groups_of_samples():
    # Persons differ much more than the conditions, in connectomes with their level.
    rng = np.random.default_rng(0)
    persons, y = np.repeat(np.arange(8), 2), np.tile([0, 1], 8)
    X = rng.random((8, 45))[persons] + 0.05 * rng.random((16, 45))
    X[y == 1, :5] += 0.1
    options = {"profiles": ["births", "deaths"], "n_permutations": 199, "cv": 2}
    table = difference_table(X, y, sample_groups=persons, **options)
    assert table["pvalue"].min() <= 0.02
    assert difference_table(X, y, **options, random_state=0)["pvalue"].min() > 0.1
