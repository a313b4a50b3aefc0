"""Connectomes with a given barcode, by the inverse transform."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import squareform

from sktopo import GraphPersistence, TopClusterer
from sktopo import barcodes as bc
from sktopo.datasets import make_modular_connectomes


def objective(rows, target, barcode, weight):
    """Compute the normalised topological interpolation objective, afresh."""
    return (1 - weight) * np.mean((rows - target) ** 2) + (
        weight
        * bc.wasserstein_distances(bc.barcode_rows([rows]), [barcode], squared=True)
    ).item()


@pytest.mark.filterwarnings("ignore:X holds negative weights")
@pytest.mark.parametrize("weight", [0.0, 0.4, 0.9])
@pytest.mark.parametrize("normalize", [True, False])
def test_inverse_with_edges_returns_what_was_transformed(
    make_rows, kind, weight, normalize
):
    rows = make_rows(4, 9, kind)
    persistence = GraphPersistence(
        topology_weight=weight, normalize=normalize, fit_inverse_transform=True
    )
    back = persistence.inverse_transform(persistence.fit_transform(rows))
    assert_allclose(back, rows, atol=1e-12)


@pytest.mark.filterwarnings("ignore:X holds negative weights")
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_inverse_without_edges_has_exactly_the_barcode(
    make_rows, kind, normalize, dtype
):
    rows = make_rows(6, 12, kind, dtype=dtype)
    persistence = GraphPersistence(normalize=normalize, fit_inverse_transform=True).fit(
        rows
    )
    scaled = persistence.transform(rows)
    for target in (scaled, scaled.mean(axis=0, keepdims=True)):
        back = persistence.inverse_transform(target)
        atol = 1e-6 if dtype == np.float32 else 1e-12
        assert_allclose(persistence.transform(back), target, atol=atol)


@given(st.integers(2, 9), st.integers(0, 2**32 - 1), st.sampled_from([0.1, 1.0]))
def test_inverse_finds_room_for_hard_barcodes(n_nodes, seed, spread):
    # Nearly low-rank graphs whose components grow one node at a time, against a
    # template that would rather pair nodes up: deaths must be left room.
    rng = np.random.default_rng(seed)
    strength = np.sort(rng.random(n_nodes))
    matrix = np.minimum.outer(strength, strength) * rng.uniform(
        1 - spread / 10, 1, (n_nodes, n_nodes)
    )
    row = squareform(np.maximum(matrix, matrix.T), checks=False)
    template = rng.random(row.shape)
    persistence = GraphPersistence(fit_inverse_transform=True).fit([template])
    target = persistence.transform([row])
    back = persistence.inverse_transform(target)
    assert_allclose(persistence.transform(back), target, atol=1e-12)


def test_inverse_follows_the_template(make_rows):
    rows = make_rows(2, 20, seed=8)
    persistence = GraphPersistence(fit_inverse_transform=True).fit(rows[:1])
    assert_array_equal(persistence.template_, rows[0])
    back = persistence.inverse_transform(persistence.transform(rows[1:]))[0]
    rng = np.random.default_rng(0)
    shuffled = [np.sum((rng.permutation(back) - rows[0]) ** 2) for _ in range(50)]
    least = np.sum((np.sort(back) - np.sort(rows[0])) ** 2)  # no tree to respect
    assert np.sum((back - rows[0]) ** 2) < 2 * least < min(shuffled)


def test_inverse_of_a_barcode_no_graph_has():
    persistence = GraphPersistence(normalize=False, fit_inverse_transform=True).fit(
        [[3.0, 2, 1]]
    )
    with pytest.raises(
        ValueError,
        match="^Sample 0 of X: No .*: 1 deaths .* number 2 .*, and 1 births .* for 0.$",
    ):
        persistence.inverse_transform([[1.0, 3, 2]])  # the death is above a birth


@pytest.mark.parametrize("weight", [0.5, 0.9, 0.99])
def test_interpolation_lowers_the_objective(weight):
    X, y = make_modular_connectomes(10, random_state=0)
    persistence = GraphPersistence(topology_weight=weight, fit_inverse_transform=True)
    scaled = persistence.fit_transform(X)
    center = scaled[y == 2].mean(axis=0)
    found = persistence.inverse_transform([center])[0]
    target = X[y == 2].mean(axis=0)
    barcode = bc.barcode_rows(X[y == 2]).mean(axis=0)
    start = objective(target, target, barcode, weight)
    assert objective(found, target, barcode, weight) < 0.5 * start
    rng = np.random.default_rng(0)
    for step in (1e-4, 1e-2):
        moved = found + step * rng.normal(size=found.shape)
        assert objective(moved, target, barcode, weight) > objective(
            found, target, barcode, weight
        )


@settings(max_examples=40)
@given(st.integers(3, 9), st.integers(0, 2**32 - 1), st.floats(0.01, 0.99))
def test_interpolation_never_rises_from_step_to_step(n_nodes, seed, weight):
    # Edges of one graph, the barcode of one of another spread: plain steps can rise.
    rng = np.random.default_rng(seed)
    powers = rng.choice([0.2, 1, 4], (2, 1))
    rows = rng.random((2, n_nodes * (n_nodes - 1) // 2)) ** powers
    persistence = GraphPersistence(topology_weight=weight, fit_inverse_transform=True)
    center = persistence.fit_transform(rows)[1:]
    center[:, : rows.shape[1]] = rows[0] * np.sqrt((1 - weight) / rows.shape[1])
    target, barcode = rows[0], bc.barcode_rows(rows)[1]
    reached = []
    for n_steps in range(11):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sktopo.barcodes._realization._MAX_STEPS", n_steps)
            found = persistence.inverse_transform(center)[0]
        reached.append(objective(found, target, barcode, weight))
    assert_allclose(reached[0], objective(target, target, barcode, weight))
    assert (np.diff(reached) <= 1e-12).all()
    assert_allclose(persistence.inverse_transform(center)[0], found)  # 10 at most


@pytest.mark.parametrize("weight", [0.9, 0.99])
def test_interpolation_is_as_low_as_300_gradient_steps(weight):
    X, y = make_modular_connectomes(random_state=0)
    X = X[y == 2]
    persistence = GraphPersistence(topology_weight=weight, normalize=False).fit(X)
    center = persistence.transform(X).mean(axis=0, keepdims=True)
    target, barcode = X.mean(axis=0), bc.barcode_rows(X).mean(axis=0)

    def measure(w):
        placed = np.empty_like(w)
        placed[bc.barcode_edges([w])[0]] = barcode
        misfit = (1 - weight) * np.sum((w - target) ** 2)
        return misfit + weight * np.sum((w - placed) ** 2), placed

    def descend(w):
        for _ in range(300):
            placed = measure(w)[1]
            w = w - 0.1 * ((1 - weight) * (w - target) + weight * (w - placed))
        return measure(w)[0]

    lowest = measure(persistence.inverse_transform(center)[0])[0]
    assert lowest < 0.85 * descend(X[0])  # as published, from a network
    assert lowest < 1.0001 * descend(target)


def test_interpolation_is_no_worse_than_its_starts():
    X, y = make_modular_connectomes(10, random_state=0)
    persistence = GraphPersistence(topology_weight=0.999)
    center = persistence.fit_transform(X)[y == 2].mean(axis=0)
    target, barcode = X[y == 2].mean(axis=0), bc.barcode_rows(X[y == 2]).mean(axis=0)
    exact = GraphPersistence(fit_inverse_transform=True).fit([target])
    placed = exact.inverse_transform(bc.scale_barcodes([barcode]))[0]
    found = persistence.inverse_transform([center])[0]
    for start in (target, placed):
        assert objective(found, target, barcode, 0.999) < objective(
            start, target, barcode, 0.999
        )


def test_connectomes_behind_barycenters():
    X, y = make_modular_connectomes(5, p_within=0.8, random_state=0)
    persistence = GraphPersistence(fit_inverse_transform=True)
    top = TopClusterer(3, n_init=20, random_state=0)
    top.fit(persistence.fit_transform(X))
    behind = persistence.inverse_transform(top.cluster_centers_)
    assert_allclose(persistence.transform(behind), top.cluster_centers_, atol=1e-12)
