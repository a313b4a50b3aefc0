"""Tests of the geometry of stimuli and the spectrum of nodes of one layer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import fractional_matrix_power
from scipy.spatial.distance import squareform
from scipy.stats import ortho_group

from sktopo.representations import gram_row, log_spectrum
from sktopo.representations._spectra import center

POWERS = (0.25, 0.5, 1.0, 2.0)


def normalised_gram(activations):
    """Compute the Gram matrix of stimuli of trace 1, by its definition."""
    centred = activations - activations.mean(axis=0)
    gram = centred @ centred.T
    return gram / np.trace(gram)


def unfold(row, n_stimuli):
    """Bring a row back to its matrix."""
    return squareform(row[n_stimuli:] / np.sqrt(2)) + np.diag(row[:n_stimuli])


def cka(one, other):
    """Compute linear CKA by the formula of Kornblith et al. for features."""
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    norms = np.linalg.norm(one.T @ one) * np.linalg.norm(other.T @ other)
    return np.linalg.norm(other.T @ one) ** 2 / norms


def procrustes(one, other):
    """Compute the squared Procrustes distance of activations of Frobenius norm 1."""
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    one, other = one / np.linalg.norm(one), other / np.linalg.norm(other)
    return 2 - 2 * np.linalg.norm(one.T @ other, ord="nuc")


def draw_networks(seed, n_stimuli=8, widths=(3, 5)):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n_stimuli, width)) for width in widths]


# ---- Gram rows
def test_three_stimuli_by_hand():
    # Centred: (2, -1, -1), with K = [[4, -2, -2], [-2, 1, 1], [-2, 1, 1]].
    row = gram_row([[3.0], [0.0], [0.0]], power=1)
    assert_allclose(row * 6, [4, 1, 1, *np.multiply([-2, -2, 1], np.sqrt(2))])
    # A matrix of rank 1 is its own power, once it is normalised.
    assert_allclose(gram_row([[3.0], [0.0], [0.0]], power=0.3), row)


def test_powers_of_two_directions_by_hand():
    # Directions of variances 16 and 1: the powers have the weights 4 and 1.
    row = gram_row([[4.0, 0], [-4, 0], [0, 1], [0, -1]], power=0.5)
    expected = np.zeros((4, 4))
    expected[:2, :2] = [[2, -2], [-2, 2]]
    expected[2:, 2:] = [[0.5, -0.5], [-0.5, 0.5]]
    assert_allclose(unfold(row, 4), expected / np.sqrt(17), atol=1e-15)


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("width", [3, 30])
def test_rows_are_fractional_matrix_powers(power, width):
    rng = np.random.default_rng(0)
    activations = rng.normal(size=(9, width))
    gram = normalised_gram(activations)
    # The oracle takes matrices of full rank only: the mean direction has no variance.
    basis = np.linalg.qr(np.c_[np.ones(9), np.eye(9)[:, :8]])[0][:, 1:]
    if width < 8:
        basis = np.linalg.eigh(gram)[1][:, -width:]
    inside = fractional_matrix_power(basis.T @ gram @ basis, power)
    expected = basis @ inside @ basis.T
    found = unfold(gram_row(activations, power), 9)
    assert_allclose(found, expected / np.linalg.norm(expected), atol=1e-9)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_products_of_first_powers_are_cka(seed):
    one, other = draw_networks(seed)
    rows = gram_row(one, 1), gram_row(other, 1)
    assert_allclose(rows[0] @ rows[1], cka(one, other), rtol=1e-10)
    squared = np.sum((rows[0] - rows[1]) ** 2)
    assert_allclose(squared, 2 - 2 * cka(one, other), rtol=1e-10)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_roots_lie_between_procrustes_and_twice_that(seed):
    one, other = draw_networks(seed)
    squared = np.sum((gram_row(one) - gram_row(other)) ** 2)
    bures = procrustes(one, other)
    assert bures - 1e-12 <= squared <= 2 * bures + 1e-12


def test_roots_that_commute_have_the_procrustes_distance():
    directions = np.linalg.qr(np.random.default_rng(0).normal(size=(9, 4)))[0]
    directions -= directions.mean(axis=0)
    directions = np.linalg.qr(directions)[0]
    one, other = directions * [4, 3, 2, 1], directions * [1, 1, 3, 2]
    squared = np.sum((gram_row(one) - gram_row(other)) ** 2)
    assert_allclose(squared, procrustes(one, other), rtol=1e-9)


@pytest.mark.parametrize("power", POWERS)
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), width=st.sampled_from([2, 5, 13]))
def test_what_a_row_does_not_see(power, seed, width):
    rng = np.random.default_rng(seed)
    activations = rng.normal(size=(7, width))
    row = gram_row(activations, power)
    assert_allclose(np.linalg.norm(row), 1)
    rotation = ortho_group.rvs(width, random_state=seed)
    for other in (
        activations @ rotation,
        activations[:, rng.permutation(width)],
        activations + 10 * rng.normal(size=width),
        -3 * activations,
        np.c_[activations, np.ones(7)],
    ):
        assert_allclose(gram_row(other, power), row, atol=1e-7)
    order = rng.permutation(7)
    moved = unfold(row, 7)[np.ix_(order, order)]
    assert_allclose(unfold(gram_row(activations[order], power), 7), moved, atol=1e-9)


def test_directions_of_rounding_count_as_nothing():
    one = np.random.default_rng(0).normal(size=(6, 2))
    # The other directions have variances of rounding, whose roots are not small.
    copied = one @ np.array([[1, 0, 1, 0.1], [0, 1, -1, 0.7]])
    rank = np.linalg.matrix_rank(unfold(gram_row(copied, 0.02), 6), tol=1e-3)
    assert rank == 2


def test_small_powers_weigh_all_directions_alike():
    one = np.random.default_rng(0).normal(size=(9, 3))
    centred = one - one.mean(axis=0)
    projection = centred @ np.linalg.pinv(centred)
    assert_allclose(unfold(gram_row(one, 1e-9), 9) * np.sqrt(3), projection, atol=1e-7)


# ---- log spectra
def test_two_variances_by_hand():
    activations = np.array([[3.0, 0], [-3, 0], [0, 1], [0, -1]])  # variances 9/2, 1/2
    expected = np.log([0.5, 4.5])
    assert_allclose(log_spectrum(activations, normalize=False), expected)
    assert_allclose(log_spectrum(activations), expected - np.log(2.5))
    raised = log_spectrum(activations, floor=0.5)
    assert_allclose(raised, [np.log(0.5), np.log(1.8)])
    assert_allclose(log_spectrum(activations, floor=1), [0, np.log(1.8)])


@pytest.mark.parametrize("normalize", [True, False])
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_logarithms_are_those_of_eigenvalues(normalize, seed):
    rng = np.random.default_rng(seed)
    activations = rng.normal(size=(20, 6)) @ rng.normal(size=(6, 6))
    eigenvalues = np.linalg.eigvalsh(np.cov(activations, rowvar=False, bias=True))
    mean = eigenvalues.mean()
    expected = np.log(np.maximum(eigenvalues, 0.03 * mean) / (mean if normalize else 1))
    found = log_spectrum(activations, normalize=normalize, floor=0.03)
    assert_allclose(found, expected, atol=1e-9)


def test_fewer_observations_than_nodes_leave_zeros():
    activations = np.random.default_rng(0).normal(size=(4, 9))
    logs = log_spectrum(activations)
    assert_array_equal(logs[:6], np.log(0.01))  # rank 3
    # The Gram matrix of stimuli has the other eigenvalues.
    shares = np.linalg.eigvalsh(normalised_gram(activations))[1:]
    assert_allclose(logs[6:], np.log(9 * shares))


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_what_a_spectrum_does_not_see(seed):
    rng = np.random.default_rng(seed)
    activations = rng.normal(size=(9, 5)) * [5, 3, 2, 1, 0.5]
    logs = log_spectrum(activations, normalize=False)
    for other in (
        activations @ ortho_group.rvs(5, random_state=seed),
        activations[:, rng.permutation(5)],
        activations[rng.permutation(9)],
        activations + 10 * rng.normal(size=5),
        -activations,
    ):
        assert_allclose(log_spectrum(other, normalize=False), logs, atol=1e-9)
    scaled = log_spectrum(7 * activations, normalize=False)
    assert_allclose(scaled, logs + 2 * np.log(7), atol=1e-9)
    assert_allclose(log_spectrum(7 * activations), log_spectrum(activations), atol=1e-9)


def test_spectra_are_continuous_where_the_rank_drops():
    rng = np.random.default_rng(0)
    activations = rng.normal(size=(30, 4))
    dead = activations * [1, 1, 1, 0]
    for small in (1e-3, 1e-6, 1e-150):
        nearly = activations * [1, 1, 1, small]
        assert_allclose(log_spectrum(nearly), log_spectrum(dead), atol=small)


# ---- both
@pytest.mark.parametrize("function", [gram_row, log_spectrum])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_offsets_and_units_keep_the_digits(function, dtype):
    rng = np.random.default_rng(0)
    activations = (rng.integers(-64, 64, (9, 4)) / 16).astype(dtype)
    expected = function(activations)
    assert expected.dtype == dtype
    shift = dtype(2.0**30 if dtype == np.float64 else 2.0**14)
    assert_allclose(function(activations + shift), expected, rtol=1e-6, atol=1e-7)
    for power in (-99, 99):
        assert_array_equal(function(activations * dtype(2.0**power)), expected)


@pytest.mark.parametrize("function", [gram_row, log_spectrum])
def test_the_largest_numbers_do_not_overflow(function):
    activations = np.array([[1.0, -1.0], [-1.0, 0.5], [0.3, 1.0]])
    largest = 2.0**1023 * activations
    assert_allclose(function(largest), function(activations))


def test_the_largest_variance_has_a_logarithm():
    activations = np.array([[1.0, -1.0], [-1.0, 0.5], [0.3, 1.0]])
    for power in (-990, 1023):
        found = log_spectrum(activations * 2.0**power, normalize=False)
        expected = log_spectrum(activations, normalize=False)
        assert_allclose(found, expected + 2 * power * np.log(2))


def test_constant_nodes_are_centred_to_zero():
    activations = np.full((7, 2), 0.1)
    activations[:, 1] = np.arange(7)
    centred, exponent = center(activations)
    assert_array_equal(centred[:, 0], 0)
    assert_allclose(np.ldexp(centred[:, 1], exponent), np.arange(7) - 3)


@pytest.mark.parametrize("function", [gram_row, log_spectrum])
def test_activations_are_not_changed(function):
    activations = np.random.default_rng(0).normal(size=(5, 3))
    before = activations.copy()
    function(activations)
    assert_array_equal(activations, before)


@pytest.mark.parametrize("function", [gram_row, log_spectrum])
def test_bad_activations(function):
    with pytest.raises(ValueError, match=r"^activations: all 2 unit\(s\) are constant"):
        function(np.ones((5, 2)))
    with pytest.raises(ValueError, match=r"^activations has 1 observation\(s\) of 3"):
        function(np.ones((1, 3)))
    with pytest.raises(ValueError, match="NaN in observation 1, unit 0"):
        function([[1.0], [np.nan]])
    with pytest.raises(TypeError, match="dict; expected activations"):
        function({})


@pytest.mark.parametrize("power", [0, -1, np.inf, "1", None, True])
def test_bad_powers(power):
    with pytest.raises(ValueError, match="power must be"):
        gram_row(np.eye(3), power)


@pytest.mark.parametrize("floor", [0, -1, 1.5, "1", None, True])
def test_bad_floors(floor):
    with pytest.raises(ValueError, match="floor must be"):
        log_spectrum(np.eye(3), floor=floor)


@pytest.mark.parametrize("normalize", [0, 1, "True", None])
def test_bad_flags(normalize):
    with pytest.raises(ValueError, match="normalize must be True or False"):
        log_spectrum(np.eye(3), normalize=normalize)
