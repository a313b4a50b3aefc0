"""Tests of what transformers with a block for each layer share."""

import pickle
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

import sktopo._utils.memory
from sktopo import CovarianceSpectrum, StimulusGeometry

GROUPS = ["a", "b", "a", "b", "b", "a", "b"]
both = pytest.mark.parametrize(
    "transformer", [StimulusGeometry(), CovarianceSpectrum()], ids=["gram", "spectrum"]
)


def blocks(fitted, rows):
    return {name: rows[:, columns] for name, columns in fitted.group_slices_.items()}


@both
def test_each_layer_is_described_by_itself(transformer, networks):
    layered = clone(transformer).set_params(groups=GROUPS, balance=False)
    found = blocks(layered, layered.fit_transform(networks))
    assert list(found) == layered.group_names_ == ["a", "b"]
    assert_array_equal(layered.members_[7], [0, 1, 0, 1, 1, 0, 1])
    for name, rows in found.items():
        layer = networks[:, :, np.array(GROUPS) == name]
        alone = clone(transformer).fit(layer)
        assert list(alone.group_slices_) == ["all"]
        assert alone.group_names_ == [] and alone.members_ == {}
        assert_allclose(rows, alone.transform(layer), atol=1e-12)


@both
def test_balanced_layers_vary_alike(transformer, networks):
    networks[:, :, 1] += 4 * networks[:, :, 0]
    plain = clone(transformer).set_params(groups=GROUPS, balance=False)
    balanced = clone(transformer).set_params(groups=GROUPS)
    before = blocks(plain, plain.fit_transform(networks))
    after = blocks(balanced, balanced.fit_transform(networks))
    variances = [
        [rows.var(axis=0).sum() for rows in found.values()] for found in (before, after)
    ]
    assert variances[0][0] != pytest.approx(variances[0][1], rel=0.1)
    assert_allclose(variances[1], np.mean(variances[0]))
    for name, rows in after.items():
        factor = balanced.scales_[name] / plain.scales_[name]
        assert_allclose(rows, factor * before[name])


@both
def test_layers_that_do_not_vary_keep_their_scale(transformer, networks):
    same = networks[[0, 0, 0]]
    same[:, :, 1] += np.arange(3)[:, None] * networks[1, :, 1]
    layered = clone(transformer).set_params(groups=GROUPS).fit(same)
    plain = clone(layered).set_params(balance=False).fit(same)
    assert layered.scales_["a"] == plain.scales_["a"]
    assert layered.scales_ == pytest.approx(plain.scales_)


@both
@pytest.mark.parametrize("groups", [None, GROUPS])
def test_fit_transform_is_fit_and_transform(transformer, groups, networks):
    transformer = clone(transformer).set_params(groups=groups)
    rows = clone(transformer).fit_transform(networks)
    fitted = transformer.fit(networks)
    assert_array_equal(fitted.transform(networks), rows)
    assert_array_equal(pickle.loads(pickle.dumps(fitted)).transform(networks), rows)
    assert_allclose(fitted.transform(networks[2:3])[0], rows[2])
    assert_array_equal(clone(fitted).set_params(n_jobs=2).fit_transform(networks), rows)


@both
def test_fit_computes_rows_only_to_balance(transformer, networks, monkeypatch):
    calls = []
    compute = type(transformer)._compute

    def count(self, *args):
        calls.append(args)
        return compute(self, *args)

    monkeypatch.setattr(type(transformer), "_compute", count)
    clone(transformer).fit(networks)
    clone(transformer).set_params(groups=GROUPS, balance=False).fit(networks)
    assert not calls
    clone(transformer).set_params(groups=GROUPS).fit(networks)
    assert len(calls) == 1
    clone(transformer).set_params(groups=GROUPS).fit_transform(networks)
    assert len(calls) == 2


@both
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_dtype_stays(transformer, dtype, make_networks):
    layered = clone(transformer).set_params(groups=GROUPS)
    double = layered.fit_transform(make_networks())
    rows = layered.fit_transform(make_networks(dtype=dtype))
    assert rows.dtype == dtype
    assert_allclose(rows, double, atol=1e-5)


@both
def test_samples_are_not_changed(transformer, networks):
    before = networks.copy()
    clone(transformer).set_params(groups=GROUPS).fit_transform(networks)
    assert_array_equal(networks, before)


@both
def test_tables_hold_single_nodes(transformer, networks):
    table = networks[:, :, 0]
    fitted = clone(transformer).fit(table)
    assert fitted.input_kind_ == "table" and fitted.n_features_in_ == 12
    stacked = clone(transformer).fit_transform(table[:, :, None])
    assert_array_equal(fitted.transform(table), stacked)


@both
def test_constant_layers_are_zero_and_warn(transformer, networks):
    networks[1:3, :, np.array(GROUPS) == "b"] = 0.1
    layered = clone(transformer).set_params(groups=GROUPS, balance=False)
    message = (
        "2 layer(s) have constant nodes only, the first 'b' of sample 1: their columns "
        "are set to 0. Leave these samples or layers out."
    )
    for call in (layered.fit, layered.transform):
        with pytest.warns(UserWarning, match=f"^{re.escape(message)}$") as caught:
            rows = call(networks)
        assert caught[0].filename == __file__
    found = blocks(layered, rows)
    assert_array_equal(found["b"][1:3], 0)
    assert found["b"][[0, 3]].any(axis=1).all() and found["a"].any(axis=1).all()


@both
def test_names_of_columns_are_lazy(transformer, networks):
    fitted = clone(transformer).set_params(groups=GROUPS).fit(networks)
    names = fitted.get_feature_names_out()
    assert len(names) == len(set(names)) == fitted.transform(networks).shape[1]
    for name, columns in fitted.group_slices_.items():
        assert all(column.startswith(f"{name}[") for column in names[columns])


@both
def test_errors_about_memory_come_before_any_work(transformer, networks, monkeypatch):
    monkeypatch.setattr(sktopo._utils.memory, "_SMALL", 0)
    monkeypatch.setattr(sktopo._utils.memory, "available_memory", lambda: 1000)
    monkeypatch.setattr(type(transformer), "_make_function", None)
    fitted = clone(transformer).fit(networks)
    name = type(transformer).__name__
    for call in (fitted.transform, clone(transformer).fit_transform):
        with pytest.raises(
            MemoryError,
            match=f"^{name} needs .* GB .*12 .* are available. .*SampleWise",
        ):
            call(networks)
