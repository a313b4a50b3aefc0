"""Tests of GraphProfiles: blocks, scales, balance, sizes and errors."""

import pickle
import warnings
from math import lcm

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist, squareform
from sklearn.base import clone

from sktopo import (
    FunctionalConnectome,
    GraphPersistence,
    GraphProfiles,
    TopClusterer,
    WassersteinKernel,
)
from sktopo._utils import memory
from sktopo.barcodes import _graph_profiles, profiles

ALL = ("births", "deaths", "strengths", "spectrum", "local")
# Edges 01, 02, 03, 12, 13, 23; nodes 0 and 2 are in group "a", 1 and 3 in "b".
GRAPH = [0.9, 0.1, 0.2, 0.3, 0.4, 0.8]
GROUPS = ["a", "b", "a", "b"]
# The weights between nodes 0, 2 and nodes 1, 3.
BETWEEN = [[0.9, 0.2], [0.3, 0.8]]


def read_values(fitted, rows):
    """Return the values of the first graph, not scaled, by block."""
    return {
        name: rows[0, columns] / fitted.scales_[name]
        for name, columns in fitted.profile_slices_.items()
    }


def integrate(one, other):
    """Integrate the squared difference of two quantile functions, step functions."""
    n_steps = lcm(len(one), len(other))
    steps = (np.repeat(np.sort(x), n_steps // len(x)) for x in (one, other))
    return np.mean(np.subtract(*steps) ** 2)


# ---- blocks
def test_blocks_of_a_graph_of_four_nodes():
    fitted = GraphProfiles(groups=GROUPS)
    values = read_values(fitted, fitted.fit_transform([GRAPH]))
    determinant = (0.9 * 0.8 - 0.2 * 0.3) / np.sqrt(1.1 * 1.1 * 1.2 * 1.0)
    expected = {
        "births": [0.4, 0.8, 0.9],
        "births[a]": [0.1],
        "births[b]": [0.4],
        "births[a--b]": [0.3, 0.8, 0.9],
        "deaths": [0.1, 0.2, 0.3],
        "deaths[a--b]": [0.2],
        "strengths": [0.4, 0.4, 1.4 / 3, 1.6 / 3],
        "strengths[a]": [0.1, 0.1],
        "strengths[b]": [0.4, 0.4],
        "strengths[a--b]": [0.5, 0.55, 0.55, 0.6],
        "spectrum[a]": [0, 2],
        "spectrum[b]": [0, 2],
        "spectrum[a--b]": [0, 1 - determinant, 1 + determinant, 2],
        "local": [0.1, 0.1, 0.2, 0.3, 0.2, 0.3, 0.4, 0.4, 0.8, 0.8, 0.9, 0.9],
        "local[a]": [0.1, 0.1],
        "local[b]": [0.4, 0.4],
        "local[a--b]": [0.2, 0.3, 0.8, 0.9, 0.2, 0.3, 0.8, 0.9],
    }
    assert list(values) == [*list(expected)[:10], "spectrum", *list(expected)[10:]]
    for name, wanted in expected.items():
        assert_allclose(values[name], wanted, atol=1e-15, err_msg=name)
    assert_allclose(values["spectrum"], profiles.spectrum(GRAPH))


def test_the_order_of_profiles_is_that_of_columns():
    fitted = GraphProfiles(["strengths", "births"]).fit([GRAPH])
    assert fitted.profile_slices_ == {"strengths": slice(0, 4), "births": slice(4, 7)}


def test_profiles_of_the_graph_or_of_groups_alone():
    asked = {"births": "graph", "deaths": "groups", "strengths": "both"}
    fitted = GraphProfiles(asked, groups=GROUPS).fit([GRAPH])
    assert list(fitted.profile_slices_) == [
        "births",
        "deaths[a--b]",
        "strengths",
        "strengths[a]",
        "strengths[b]",
        "strengths[a--b]",
    ]


def test_groups_of_single_nodes_have_no_edges_within():
    fitted = GraphProfiles(groups=["a", "b", "b", "c"]).fit([GRAPH])
    births = [name for name in fitted.profile_slices_ if name.startswith("births")]
    assert births == [
        "births",
        "births[b]",
        "births[a--b]",
        "births[a--c]",
        "births[b--c]",
    ]
    assert [name for name in fitted.profile_slices_ if "deaths" in name] == ["deaths"]


def test_weights_between_groups_may_be_symmetric():
    between = np.array([[1.0, 2.0, 3.0], [2.0, 1.0, 4.0], [3.0, 4.0, 1.0]])
    matrix = np.zeros((6, 6))
    matrix[:3, 3:], matrix[3:, :3] = between, between
    fitted = GraphProfiles({"births": "groups"}, groups=[0, 0, 0, 1, 1, 1])
    values = read_values(fitted, fitted.fit_transform([matrix]))
    assert_allclose(values["births[0--1]"], [2, 3, 3, 4, 4])
    with pytest.raises(ValueError, match="looks like the symmetric matrix of one"):
        profiles.births(between)


def test_layers_are_read_from_names_of_edges():
    pytest.importorskip("pandas")
    samples = np.random.default_rng(0).normal(size=(3, 9, 5))
    columns = ["fc1[0]", "fc1[1]", "fc2[0]", "fc2[1]", "fc2[2]"]
    import pandas

    frames = [pandas.DataFrame(sample, columns=columns) for sample in samples]
    connectome = FunctionalConnectome().set_output(transform="pandas")
    rows = connectome.fit_transform(frames)
    by_layer = GraphProfiles(groups="layer").fit(rows)
    assert by_layer.group_names_ == ["fc1", "fc2"]
    assert_array_equal(by_layer.members_[5], [0, 0, 1, 1, 1])
    given = GraphProfiles(groups=["fc1"] * 2 + ["fc2"] * 3)
    assert_array_equal(by_layer.transform(rows), given.fit_transform(rows.to_numpy()))


def test_births_and_deaths_are_those_of_graph_persistence(make_rows):
    X = make_rows(6, 8)
    fitted = GraphProfiles(("births", "deaths"), balance=False)
    assert_array_equal(fitted.fit_transform(X), GraphPersistence().fit_transform(X))
    quantiles = GraphProfiles(("births", "deaths"), balance=False, n_quantiles=5)
    expected = GraphPersistence(n_quantiles=5).fit_transform(X)
    assert_allclose(quantiles.fit_transform(X), expected, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_permuting_nodes_within_groups_changes_nothing(make_rows, dtype):
    X = make_rows(5, 8, dtype=dtype)
    groups = np.array([2, 0, 0, 1, 2, 0, 1, 2])
    order = np.arange(8)
    for group in range(3):
        nodes = np.flatnonzero(groups == group)
        order[nodes] = np.roll(nodes, 1)
    moved = np.stack([squareform(squareform(row)[np.ix_(order, order)]) for row in X])
    assert not np.array_equal(moved, X)
    fitted = GraphProfiles(groups=groups)
    before, after = fitted.fit_transform(X), clone(fitted).fit_transform(moved)
    assert before.dtype == after.dtype == dtype
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    assert_allclose(after, before, rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_matrices_and_graphs_are_read(make_rows, dtype):
    networkx = pytest.importorskip("networkx")
    X = make_rows(4, 6, dtype=dtype)
    matrices = np.stack([squareform(row) for row in X])
    fitted = GraphProfiles(groups=[0, 0, 1, 1, 1, 0])
    expected = fitted.fit_transform(X)
    assert expected.dtype == dtype
    assert_array_equal(clone(fitted).fit_transform(matrices), expected)
    graphs = [networkx.from_numpy_array(matrix) for matrix in matrices]
    found = clone(fitted).fit_transform(graphs)
    assert_allclose(found, expected, rtol=1e-6)


# ---- distances
def test_distances_are_wasserstein_distances(make_rows, kind):
    if kind == "negative":
        warnings.simplefilter("ignore")
    X = make_rows(4, 7, kind)
    fitted = GraphProfiles(("births", "deaths", "strengths"), balance=False)
    rows = fitted.fit_transform(X)
    expected = [
        sum(
            integrate(function(X[i]), function(X[j]))
            for function in (profiles.births, profiles.deaths, profiles.strengths)
        )
        for i, j in zip(*np.triu_indices(4, 1), strict=True)
    ]
    assert_allclose(pdist(rows) ** 2, expected, atol=1e-14)


def test_levels_of_local_distributions_have_equal_shares(make_rows):
    X = make_rows(2, 6)
    rows = GraphProfiles(("local",), balance=False).fit_transform(X)
    levels = zip(*map(profiles.local_distributions, X), strict=True)
    expected = np.mean([integrate(one, other) for one, other in levels])
    assert_allclose(pdist(rows)[0] ** 2, expected)


def test_the_mean_row_is_the_barycenter(make_rows):
    X = make_rows(5, 6)
    fitted = GraphProfiles(("strengths",), balance=False)
    rows = fitted.fit_transform(X)
    mean = rows.mean(axis=0) / fitted.scales_["strengths"]
    values = [profiles.strengths(row) for row in X]
    best = sum(integrate(mean, one) for one in values)
    for other in np.random.default_rng(0).normal(mean, 0.01, size=(50, 6)):
        assert best < sum(integrate(other, one) for one in values)


# ---- balance
def total(rows):
    return np.sum((rows - rows.mean(axis=0)) ** 2) / len(rows)


def test_balanced_blocks_have_one_variance_and_keep_the_total(make_rows):
    X = make_rows(9, 7)
    groups = [0, 0, 0, 0, 1, 1, 1]
    raw = GraphProfiles(groups=groups, balance=False)
    balanced = GraphProfiles(groups=groups)
    before, after = raw.fit_transform(X), balanced.fit_transform(X)
    slices = balanced.profile_slices_
    variances = [total(after[:, columns]) for columns in slices.values()]
    assert_allclose(variances, variances[0])
    with_unit = [c for name, c in slices.items() if "spectrum" not in name]
    assert_allclose(
        sum(total(after[:, columns]) for columns in with_unit),
        sum(total(before[:, columns]) for columns in with_unit),
    )
    assert_allclose(balanced.transform(X[:2]), after[:2])


@pytest.mark.parametrize("unit", [1e-26, 3.0, 1e30])
@pytest.mark.parametrize("groups", [None, [0, 0, 0, 1, 1, 1, 2]])
def test_rows_have_the_unit_of_the_weights(make_rows, unit, groups):
    X, new = make_rows(12, 7), make_rows(3, 7, seed=1)
    y = np.repeat([0, 1], 6)
    X[:6] += 0.5
    fitted, other = GraphProfiles(groups=groups), GraphProfiles(groups=groups)
    rows = fitted.fit_transform(X)
    found = other.fit_transform(X * unit) / unit
    assert_allclose(found, rows, rtol=1e-9, atol=1e-13)
    found = other.transform(new * unit) / unit
    assert_allclose(found, fitted.transform(new), rtol=1e-9, atol=1e-13)
    kernel = WassersteinKernel().fit_transform(rows)
    assert_allclose(
        WassersteinKernel().fit_transform(other.transform(X * unit)), kernel
    )
    top = TopClusterer(2, random_state=0)
    labels = [
        top.fit_predict(f.transform(X * u)) for f, u in ((fitted, 1), (other, unit))
    ]
    assert_array_equal(*labels)
    assert len(set(zip(labels[0], y, strict=True))) == 2


def test_blocks_that_do_not_vary_keep_their_scale(make_rows):
    matrices = np.stack([squareform(row) for row in make_rows(6, 6)])
    # Equal weights within the first group, and none within the second.
    matrices[:, :3, :3], matrices[:, 3:, 3:] = 0.7, 0
    fitted = GraphProfiles(groups=[0, 0, 0, 1, 1, 1])
    rows = fitted.fit_transform(matrices)
    assert np.isfinite(rows).all()
    for name in ("births[0]", "deaths[0]", "strengths[0]", "local[1]"):
        columns = fitted.profile_slices_[name]
        size = columns.stop - columns.start
        assert fitted.scales_[name] == np.sqrt(1 / size), name
    values = read_values(fitted, rows)
    assert_allclose(values["strengths[0]"], [0.7] * 3)
    assert_allclose(values["births[1]"], [0, 0])
    assert_allclose(values["spectrum[0]"], [0, 1.5, 1.5], atol=1e-15)
    # The spectrum has no unit, so it takes that of the rows.
    twice = clone(fitted).fit_transform(2 * matrices)
    assert_allclose(twice, 2 * rows, rtol=1e-9, atol=1e-15)


def test_graphs_that_are_all_equal_are_not_scaled():
    fitted = GraphProfiles().fit([GRAPH] * 3)
    sizes = [c.stop - c.start for c in fitted.profile_slices_.values()]
    assert list(fitted.scales_.values()) == [np.sqrt(1 / size) for size in sizes]


def test_spectra_alone_have_no_unit(make_rows):
    X = make_rows(5, 6)
    rows = GraphProfiles(("spectrum",)).fit_transform(X)
    expected = np.array([profiles.spectrum(row) for row in X]) / np.sqrt(6)
    assert_allclose(rows, expected)
    found = GraphProfiles(("spectrum",)).fit_transform(7 * X)
    assert_allclose(found, rows, atol=1e-15)


# ---- graphs of different sizes
def test_quantiles_of_several_sizes_against_integration():
    rng = np.random.default_rng(0)
    X = [rng.random(6), rng.random(15)]  # 4 and 6 nodes
    # 60 is a multiple of 3 and 5, 3 and 10, 4 and 6.
    fitted = GraphProfiles(balance=False, n_quantiles=60)
    rows = fitted.fit_transform(X)
    for name in ("births", "deaths", "strengths", "spectrum"):
        columns = fitted.profile_slices_[name]
        assert columns.stop - columns.start == 60
        expected = integrate(*(profiles.PROFILES[name](x) for x in X))
        assert_allclose(pdist(rows[:, columns])[0] ** 2, expected, err_msg=name)
    columns = fitted.profile_slices_["local"]
    assert columns.stop - columns.start == 3600
    levels = [
        np.repeat(profiles.local_distributions(x), 60 // (n - 1), axis=0)
        for x, n in zip(X, (4, 6), strict=True)
    ]
    expected = np.mean([integrate(a, b) for a, b in zip(*levels, strict=True)])
    assert_allclose(pdist(rows[:, columns])[0] ** 2, expected)


def test_graphs_of_several_sizes_with_groups():
    rng = np.random.default_rng(1)
    sizes = [6, 8, 6, 7]
    X = [rng.random(n * (n - 1) // 2) for n in sizes]
    groups = {
        8: list("bbbbaaaa"),
        6: list("aaabbb"),
        7: list("abababa"),
        9: list("aaaaabbbb"),
    }
    fitted = GraphProfiles(groups=groups, n_quantiles=4, balance=False)
    rows = fitted.fit_transform(X)
    assert fitted.group_names_ == ["b", "a"]
    for row, x, n in zip(rows, X, sizes, strict=True):
        one = GraphProfiles(
            groups=[{"a": "y", "b": "x"}[g] for g in groups[n]],
            n_quantiles=4,
            balance=False,
        )
        alone, names = one.fit_transform([x])[0], fitted.profile_slices_
        for name, columns in names.items():
            renamed = name.replace("[a]", "[y]").replace("[b]", "[x]")
            if "--" in name:
                renamed = f"{name.split('[')[0]}[{'--'.join(one.group_names_)}]"
                if one.group_names_ == ["y", "x"] and name.startswith("local"):
                    continue  # its two sides are the other way round
            assert_allclose(row[columns], alone[one.profile_slices_[renamed]])
    new = rng.random(36)  # of 9 nodes, not seen in fit
    assert fitted.transform([new]).shape == (1, rows.shape[1])


def test_quantiles_and_values_have_their_names(make_rows):
    X = make_rows(3, 5)
    fitted = GraphProfiles(("strengths", "local"), groups=list("aaabb")).fit(X)
    names = fitted.get_feature_names_out()
    assert names[0] == "strengths[0]" and names[-1] == "local[a--b][11]"
    for name, columns in fitted.profile_slices_.items():
        size = columns.stop - columns.start
        assert list(names[columns]) == [f"{name}[{k}]" for k in range(size)]
    quantiles = clone(fitted).set_params(n_quantiles=2).fit(X)
    names = quantiles.get_feature_names_out()
    assert list(names[:4]) == [
        "strengths[q0]",
        "strengths[q1]",
        "strengths[a][q0]",
        "strengths[a][q1]",
    ]
    assert names[-1] == "local[a--b][q7]"


def test_many_names_are_made_when_they_are_read(make_rows):
    fitted = GraphProfiles(("local",), balance=False).fit(make_rows(1, 300))
    names = fitted.get_feature_names_out()
    assert not isinstance(names, np.ndarray) and len(names) == 300 * 299
    assert names[300 * 299 - 1] == f"local[{300 * 299 - 1}]"


# ---- running
def test_jobs_and_pickles_change_nothing(make_rows):
    X = make_rows(7, 6)
    fitted = GraphProfiles(groups=[0, 0, 0, 1, 1, 2])
    expected = fitted.fit_transform(X)
    # LAPACK may round differently where a matrix lies elsewhere in memory.
    found = clone(fitted).set_params(n_jobs=2).fit_transform(X)
    assert_allclose(found, expected, rtol=0, atol=1e-13)
    assert_array_equal(pickle.loads(pickle.dumps(fitted)).transform(X), expected)
    assert_array_equal(clone(fitted).fit(X).transform(X), expected)


def test_without_balance_a_fit_computes_one_graph(make_rows, monkeypatch):
    calls = []
    monkeypatch.setitem(
        profiles.PROFILES, "strengths", lambda x: calls.append(x) or x[:4]
    )
    fitted = GraphProfiles(("strengths",), balance=False).fit(make_rows(5, 4))
    assert len(calls) == 1
    assert fitted.transform(make_rows(5, 4)).shape == (5, 4)
    assert len(calls) == 6
    GraphProfiles(("strengths",)).fit_transform(make_rows(5, 4))
    assert len(calls) == 11


def test_what_does_not_fit_in_memory_is_refused(make_rows, monkeypatch):
    calls = []
    monkeypatch.setitem(profiles.PROFILES, "births", lambda x: calls.append(x) or x)
    monkeypatch.setattr(memory, "_SMALL", 0)
    monkeypatch.setattr(
        memory, "available_memory", lambda: 8 * 4 * 30**2 + 8 * 435 * (99 + 2)
    )
    fitted = GraphProfiles(("births",)).fit(make_rows(99, 30))
    assert len(calls) == 99
    with pytest.raises(MemoryError, match="^GraphProfiles needs .* of 30 nodes"):
        fitted.transform(make_rows(100, 30))
    assert len(calls) == 100
    with pytest.raises(MemoryError, match="^GraphProfiles needs .* of 200 nodes"):
        GraphProfiles(("births",)).fit(make_rows(1, 200))
    assert len(calls) == 100


def test_memory_is_what_is_announced(make_rows, measure_peak, monkeypatch):
    announced = []
    monkeypatch.setattr(
        _graph_profiles, "check_memory", lambda _, size, *_args: announced.append(size)
    )
    X = make_rows(2, 300)
    profiles = GraphProfiles(groups=np.arange(300) // 150)
    peak = measure_peak(lambda: profiles.fit_transform(X))
    assert 0.7 * max(announced) < peak < max(announced)


def test_negative_weights_warn_where_fit_is_called():
    with pytest.warns(UserWarning, match="X holds negative weights") as caught:
        fitted = GraphProfiles().fit([np.negative(GRAPH)])
    assert [warning.filename for warning in caught] == [__file__]
    fitted.transform([np.negative(GRAPH)])
    with pytest.warns(UserWarning, match="X holds negative weights"):
        fitted.fit_transform([np.negative(GRAPH)])


def test_incomplete_graphs_are_taken_as_elsewhere(make_rows):
    X = make_rows(3, 5)[:, :8]
    with pytest.warns(UserWarning, match="last 2 edges are absent"):
        rows = GraphProfiles(("births", "deaths"), balance=False).fit_transform(X)
    with pytest.warns(UserWarning, match="last 2 edges are absent"):
        assert_array_equal(rows, GraphPersistence().fit_transform(X))
    padded = np.hstack([X, np.repeat(X.min(axis=1, keepdims=True), 2, axis=1)])
    others = ("strengths", "spectrum", "local")
    with pytest.warns(UserWarning, match="last 2 edges are absent"):
        rows = GraphProfiles(others).fit_transform(X)
    assert_array_equal(rows, GraphProfiles(others).fit_transform(padded))


# ---- errors
@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"profiles": "births"}, r"profiles='births' is of type str; expected a list"),
        ({"profiles": ()}, r"profiles=\(\) is empty; expected a list of different"),
        ({"profiles": {}}, r"profiles={} is empty; expected a list of different"),
        ({"profiles": ["births"] * 2}, r"profiles=.* has 'births' more than once; exp"),
        ({"profiles": ["births", "birth"]}, r"has the unknown name 'birth'; expected"),
        ({"profiles": [["births"]]}, r"has the unknown name \['births'\]; expected"),
        ({"profiles": None}, "profiles=None is of type NoneType; expected a list"),
        ({"profiles": {"births": "all"}}, "has 'all' for 'births'.*'graph', 'groups'"),
        ({"profiles": {"births": []}}, r"has \[\] for 'births'.*'groups' or 'both'"),
        ({"profiles": {"births": "both"}}, "profiles of groups, but groups=None"),
        ({"profiles": {"births": "groups"}}, "profiles of groups, but groups=None"),
        ({"groups": "module"}, "groups='module' must be 'layer', None, or the group"),
        ({"groups": "layer"}, "groups='layer' needs names of edges"),
        ({"groups": [0, 1, 1]}, "groups has 3 labels for 4 nodes"),
        ({"groups": [0, 1, None, 1]}, "groups contains a missing label, None, at node"),
        ({"groups": ["a", "b--c", "a--b", "c"]}, "Two blocks of edges have the name"),
        ({"groups": {}}, "groups is an empty dict"),
        ({"groups": {"four": [0, 0, 1, 1]}}, "groups has the key 'four'"),
        ({"groups": {1: [0]}}, "groups has the key 1;"),
        ({"groups": {4: None}}, r"groups\[4\] is None; expected the group of each of"),
        ({"groups": {4: "layer"}}, r"groups\[4\] is 'layer'; expected the group of"),
        ({"groups": {4: [0, 0, 1]}}, r"groups\[4\]: groups has 3 labels for 4 nodes"),
        (
            {"groups": {4: list("aabb"), 5: list("aabbc")}},
            r"groups\[5\] has the groups \[.a., .b., .c.\], but expected are",
        ),
        ({"groups": {5: [0, 0, 1, 1, 1]}}, "Sample 0 of X has 4 nodes, but groups are"),
        ({"balance": "yes"}, "balance must be True or False"),
        ({"n_quantiles": 0}, "n_quantiles must be an integer of at least 1"),
        ({"n_jobs": 0}, "n_jobs must be None or an integer"),
        ({"verbose": 3}, "verbose must be True or False"),
    ],
)
def test_wrong_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        GraphProfiles(**parameters).fit([GRAPH])


def test_graphs_without_any_profile_are_refused():
    with pytest.raises(ValueError, match="graphs of two nodes have no deaths"):
        GraphProfiles(("deaths",)).fit([[0.5], [0.7]])
    assert list(GraphProfiles().fit([[0.5], [0.7]]).profile_slices_) == [
        "births",
        "strengths",
        "spectrum",
        "local",
    ]


def test_graphs_that_lack_a_block_are_refused():
    X = [np.ones(6), np.ones(1)]
    with pytest.raises(ValueError, match=r"Sample \d of X, of .* it has \['deaths'\]"):
        GraphProfiles(n_quantiles=3).fit(X)
    groups = {4: list("aabb"), 3: list("abb")}
    fitted = GraphProfiles(("births",), groups=groups, n_quantiles=3).fit(X[:1])
    message = r"Sample 0 of X, of 3 nodes, differs .* whether it has \['births\[a\]'\]"
    with pytest.raises(ValueError, match=message):
        fitted.transform([np.ones(3)])


def test_groups_need_complete_graphs():
    with (
        pytest.warns(UserWarning, match="absent"),
        pytest.raises(ValueError, match="groups needs complete graphs, but 5 edges"),
    ):
        GraphProfiles(groups=GROUPS).fit([GRAPH[:5]])


def test_too_large_spectra_are_refused_before_any_work(monkeypatch):
    monkeypatch.setitem(profiles.MOST_NODES, "spectrum", 3)
    message = (
        "^'spectrum' would take too long for 4 nodes; expected at most 3. Leave "
        "'spectrum' out of profiles, or ask for it within and between smaller groups"
    )
    with pytest.raises(ValueError, match=message):
        GraphProfiles().fit([GRAPH])
    asked = {"births": "graph", "spectrum": "groups"}
    with pytest.raises(ValueError, match=r"^'spectrum\[a--b\]' would take too long"):
        GraphProfiles(asked, groups=GROUPS).fit([GRAPH])


def test_another_size_needs_quantiles():
    fitted = GraphProfiles().fit([GRAPH])
    with pytest.raises(ValueError, match="expecting 6 features"):
        fitted.transform([GRAPH[:3]])
    with pytest.raises(ValueError, match="give n_quantiles to put graphs of different"):
        GraphProfiles().fit([GRAPH, GRAPH[:3]])
