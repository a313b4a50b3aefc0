"""Masked non-negative factors against arrays of all affinities."""

import tracemalloc
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import nnls

from sktopo.connectomes._factorization import (
    Affinities,
    _solve,
    count_bytes,
    factorize,
    find_loadings,
)
from sktopo.connectomes.affinities import affinity_rows

R, T, N, K = 5, 12, 6, 2
FIRST, SECOND = np.triu_indices(N, 1)


def make_signals(seed=0, missing=0.3):
    """Make signals, 0 where nodes are missing, and which are there."""
    rng = np.random.default_rng(seed)
    present = rng.random((R, N)) > missing
    present[:, :2] = True
    return rng.normal(size=(R, T, N)) * present[:, np.newaxis], present


def write_out(signals, present):
    """Compute the array (recordings, times, pairs) of affinities, and its mask."""
    tensor = np.stack([affinity_rows(recording) for recording in signals])
    return tensor, present[:, FIRST] & present[:, SECOND]


def compute_residuals(tensor, mask, time_courses, loadings, weights):
    """Compute what the factors leave of the affinities, 0 where pairs are missing."""
    described = np.einsum("kt,kr,ke->rte", time_courses, loadings, weights)
    return (tensor - described) * mask[:, np.newaxis]


run = partial(factorize, max_iter=2000, tol=1e-13)


def test_memory_holds_two_copies_of_the_signals():
    signals = np.random.default_rng(0).normal(size=(4, 500, 40))
    present = np.ones((4, 40), dtype=bool)
    tracemalloc.start()
    affinities = Affinities(signals, present)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert affinities.n_times == 500
    assert peak < 2.5 * signals.nbytes


def test_the_largest_signals_have_a_unit():
    signals, present = np.full((1, 2, 3), 1.5e308), np.ones((1, 3), dtype=bool)
    signals[0, 1] *= -1
    affinities = Affinities(signals, present)
    assert affinities.square * (affinities.unit / 1.5e308) ** 2 == pytest.approx(6)


def test_sums_of_affinities_are_those_of_the_array():
    signals, present = make_signals()
    tensor, mask = write_out(signals, present)
    rng = np.random.default_rng(1)
    times, loadings = rng.random((K, T)), rng.random((K, R))
    weights = rng.random((K, len(FIRST)))
    affinities = Affinities(signals, present)
    unit = affinities.unit
    assert_allclose(affinities.square * unit**2, (tensor**2).sum())
    assert_array_equal(affinities.pair_counts, mask.sum(axis=0))
    expected = np.einsum("rte,ke->krt", tensor, weights)
    assert_allclose(affinities.weigh(weights) * unit, expected)
    expected = np.einsum("rte,kt,kr->ke", tensor, times, loadings)
    assert_allclose(affinities.average(times, loadings) * unit, expected)
    expected = np.einsum("ke,le,re->klr", weights, weights, mask)
    assert_allclose(affinities.relate_weights(weights), expected)
    expected = np.einsum("kr,lr,re->kle", loadings, loadings, mask)
    assert_allclose(affinities.relate_loadings(loadings), expected)


@pytest.mark.parametrize("seed", range(3))
def test_the_error_never_grows_and_is_that_of_the_array(seed):
    signals, present = make_signals(seed)
    random = np.random.RandomState(seed)
    found = run(Affinities(signals, present), K, random=random)
    tensor, mask = write_out(signals, present)
    factors = found.time_courses, found.loadings, found.weights
    left = compute_residuals(tensor, mask, *factors)
    error = np.linalg.norm(left) / np.linalg.norm(tensor)
    assert_allclose(found.errors[-1], error, rtol=1e-9)
    assert 0 < found.errors[-1] < found.errors[0] < 1
    assert np.diff(found.errors).max() < 1e-14
    assert_allclose(found.time_courses.mean(axis=1), 1)
    assert_allclose(found.loadings.mean(axis=1), 1)
    assert found.converged


def test_the_gradient_is_zero_or_points_outwards():
    """The conditions of Karush, Kuhn and Tucker, for each of the three factors."""
    signals, present = make_signals()
    found = run(Affinities(signals, present), K, random=np.random.RandomState(0))
    tensor, mask = write_out(signals, present)
    factors = found.time_courses, found.loadings, found.weights
    left = compute_residuals(tensor, mask, *factors)
    times, loadings, weights = factors
    gradients = (
        -np.einsum("rte,kr,ke->kt", left, loadings, weights),
        -np.einsum("rte,kt,ke->kr", left, times, weights),
        -np.einsum("rte,kt,kr->ke", left, times, loadings),
    )
    for factor, gradient in zip(factors, gradients, strict=True):
        assert factor.min() >= 0
        assert gradient.min() > -1e-4
        assert np.abs(gradient * factor).max() < 1e-4
    assert any((factor == 0).any() for factor in factors)


def make_planted(present):
    """Make signals whose affinities have exactly two components, and these."""
    times = np.zeros((2, T))
    times[0, :5], times[1, 6:] = [1, 2, 3, 2, 1], [1, 3, 2, 4, 1, 1]
    rng = np.random.default_rng(0)
    loadings, sizes = 0.5 + rng.random((2, R)), 0.5 + rng.random(N)
    members = np.repeat(np.eye(2), N // 2, axis=1)
    signals = np.einsum("kt,kr,kn->rtn", times, loadings, members * sizes)
    weights = (members * np.sqrt(sizes))[:, FIRST] * (members * np.sqrt(sizes))[
        :, SECOND
    ]
    signals *= present[:, np.newaxis]
    signals[:, 1::2] *= -1  # falling together is as good as rising together
    return signals, (times, loadings, weights)


def normalize(factors):
    return [row / row.max(axis=1, keepdims=True) for row in factors]


def test_planted_factors_are_found():
    present = np.ones((R, N), dtype=bool)
    present[0, 0] = present[1, 4] = present[2, 5] = present[3, [1, 3]] = False
    signals, planted = make_planted(present)
    found = run(Affinities(signals, present), 2, random=np.random.RandomState(0))
    assert found.errors[-1] < 1e-6
    factors = normalize((found.time_courses, found.loadings, found.weights))
    order = np.argsort(factors[0].argmax(axis=1))
    for factor, expected in zip(factors, normalize(planted), strict=True):
        assert_allclose(factor[order], expected, atol=1e-6)


@pytest.mark.parametrize("unit", [2.0**-90, 2.0**90])
def test_the_unit_of_signals_is_that_of_weights(unit):
    signals, present = make_signals()
    random = np.random.RandomState
    expected = run(Affinities(signals, present), K, random=random(0))
    found = run(Affinities(signals * unit, present), K, random=random(0))
    assert_array_equal(found.weights, expected.weights * unit)
    assert_array_equal(found.time_courses, expected.time_courses)
    assert_array_equal(found.errors, expected.errors)


def test_loadings_are_those_of_non_negative_least_squares():
    signals, present = make_signals()
    tensor, mask = write_out(signals, present)
    rng = np.random.default_rng(1)
    times, weights = rng.random((3, T)), rng.random((3, len(FIRST)))
    found, error = find_loadings(Affinities(signals, present), times, weights)
    design = np.einsum("kt,ke->tek", times, weights)
    for recording in range(R):
        kept = mask[recording]
        matrix = design[:, kept].reshape(-1, 3)
        expected, _ = nnls(matrix, tensor[recording][:, kept].ravel())
        assert_allclose(found[:, recording], expected, atol=1e-12)
    left = compute_residuals(tensor, mask, times, found, weights)
    assert_allclose(error, np.linalg.norm(left) / np.linalg.norm(tensor))


def test_equal_or_absent_components_have_loadings():
    """A singular system has a solution, and a component without pairs gets 0."""
    signals, present = make_signals()
    times = np.ones((3, T))
    weights = np.zeros((3, len(FIRST)))
    weights[:2] = 1
    found, error = find_loadings(Affinities(signals, present), times, weights)
    alone, best = find_loadings(Affinities(signals, present), times[:1], weights[:1])
    assert_array_equal(found[2], 0)
    assert_allclose(found.sum(axis=0), alone[0])
    assert_allclose(error, best)


@pytest.mark.parametrize("seed", range(40))
def test_singular_systems_are_solved(seed):
    """The conditions of Karush, Kuhn and Tucker, with equal and with empty columns."""
    rng = np.random.default_rng(seed)
    columns = np.abs(rng.normal(size=(8, 6))) * 10.0 ** rng.integers(-6, 6, size=6)
    columns[:, 1] = columns[:, 0]
    columns[:, 2] = 0
    aim = np.abs(rng.normal(size=8))
    found = _solve(columns.T @ columns, columns.T @ aim)
    sizes = np.linalg.norm(columns, axis=0)
    gradient = columns.T @ (columns @ found - aim)
    assert found.min() >= 0 == found[2]
    assert (gradient >= -1e-9 * sizes).all()
    assert np.abs(gradient * found).max() < 1e-9


def test_no_affinity_at_all_needs_no_components():
    signals = np.zeros((2, 3, 4))
    affinities = Affinities(signals, np.ones((2, 4), dtype=bool))
    found = run(affinities, K, random=np.random.RandomState(0))
    assert_array_equal(found.weights, 0)
    assert found.errors[-1] == 0


def test_a_single_time_starts_from_random_loadings():
    signals, present = make_signals(missing=0)
    frames = signals.reshape(-1, 1, N)
    present = np.ones((len(frames), N), dtype=bool)
    found = run(Affinities(frames, present), K, random=np.random.RandomState(0))
    assert found.errors[-1] < found.errors[0]
    assert np.ptp(found.weights, axis=0).max() > 0.1


def test_the_order_of_nodes_and_recordings_changes_nothing():
    signals, present = make_signals()
    nodes, recordings = np.random.default_rng(0).permutation(N), np.arange(R)[::-1]
    few = partial(factorize, max_iter=20, tol=0)
    expected = few(Affinities(signals, present), K, random=np.random.RandomState(0))
    found = few(
        Affinities(signals[recordings][..., nodes], present[recordings][:, nodes]),
        K,
        random=np.random.RandomState(0),
    )
    assert_allclose(found.loadings, expected.loadings[:, recordings], rtol=1e-9)
    assert_allclose(found.time_courses, expected.time_courses, rtol=1e-9)


def test_tensorly_finds_the_same_error():
    """Without missing nodes, against another package from several starts."""
    tensorly = pytest.importorskip("tensorly")
    decomposition = pytest.importorskip("tensorly.decomposition")
    signals, present = make_signals(missing=0)
    tensor, _ = write_out(signals, present)
    errors = []
    for seed in range(4):
        factors = decomposition.non_negative_parafac_hals(
            tensor, K, init="random", random_state=seed, n_iter_max=500, tol=1e-10
        )
        left = tensor - tensorly.cp_to_tensor(factors)
        errors.append(np.linalg.norm(left) / np.linalg.norm(tensor))
    random = np.random.RandomState(0)
    affinities = Affinities(signals, present)
    found = min(run(affinities, K, random=random).errors[-1] for _ in range(4))
    assert_allclose(found, min(errors), rtol=1e-5)


def test_memory_grows_with_the_signals_and_not_with_the_affinities():
    assert count_bytes(10, 2000, 100, 3) < 2.2 * count_bytes(10, 1000, 100, 3)
    affinities = 8 * 10 * 1000 * 300 * 299 // 2
    assert count_bytes(10, 1000, 300, 3) < affinities / 10
