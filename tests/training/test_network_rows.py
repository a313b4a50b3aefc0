"""From networks to rows: their columns, constant units, and small layers."""

import numpy as np
import pytest

from sktopo.training._network_rows import NetworkRows, RowLayout, list_parts

torch = pytest.importorskip("torch")


def test_layers_of_few_nodes_count_in_all_layers_only():
    names = ["a[0]", "a[1]", "b[0]", "b[1]", "b[2]"]
    parts = list_parts(names)
    assert {name: nodes.tolist() for name, nodes in parts.items()} == {
        "all layers": [0, 1, 2, 3, 4],
        "b": [2, 3, 4],
    }
    assert list(list_parts(["a[0]", "a[1]", "a[2]"])) == ["all layers"]
    with pytest.raises(ValueError, match="have 2 nodes in all; expected at least 3"):
        list_parts(["a[0]", "b[0]"])


def test_constant_units_are_counted_without_a_warning(stimuli):
    network = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.ReLU())
    with torch.no_grad():
        network[0].weight[1] = 0
        network[0].bias[2] = -1000
    rows = NetworkRows(stimuli)
    (row,) = rows.fit_transform([network])
    assert row[rows.layout_.n_columns :].tolist() == [2]


def test_profiles(build, stimuli):
    rows = NetworkRows(stimuli, profiles=("strengths", "births"), n_quantiles=4)
    found = rows.fit_transform([build(0), build(1)])
    assert found.shape == (2, 3 * 8 + 3)
    assert rows.layout_.blocks["5"] == {
        "strengths": slice(16, 20),
        "births": slice(20, 24),
    }
    assert rows.layout_.slices["2"] == slice(8, 16)
    np.testing.assert_array_equal(rows.transform([build(1)])[0], found[1])


def test_one_profile_may_be_streamed(build, stimuli, monkeypatch):
    dense = NetworkRows(stimuli, profiles=("deaths",)).fit_transform([build()])
    monkeypatch.setattr("sktopo.training._network_rows._MOST_DENSE", 0)
    rows = NetworkRows(stimuli, profiles=("deaths",))
    np.testing.assert_allclose(rows.fit_transform([build()]), dense, atol=2e-5)
    assert rows.layout_.blocks["2"] == {"deaths": slice(200, 400)}


def test_layouts_are_plain_in_files():
    layout = RowLayout({"b": {"deaths": slice(0, 2)}, "a": {}}, {"b": 4, "a": 3})
    assert RowLayout.from_plain(layout.to_plain()) == layout
