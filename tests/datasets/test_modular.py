"""Simulated connectomes with known modules."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform
from scipy.stats import norm

from sktopo.datasets import make_modular_connectomes


def test_shapes_and_groups():
    X, y = make_modular_connectomes(4, n_nodes=7, n_modules=(1, 2, 7, 2))
    assert X.shape == (16, 21)
    assert X.dtype == np.float64
    assert_array_equal(y, np.repeat([0, 1, 2, 3], 4))
    assert y.dtype == np.int64
    assert len(np.unique(X, axis=0)) == 16


def test_defaults_are_those_of_the_paper():
    X, y = make_modular_connectomes(random_state=0)
    explicit, _ = make_modular_connectomes(
        20,
        n_nodes=60,
        n_modules=[2, 3, 5],
        p_within=0.6,
        mu=1,
        sigma=0.5,
        random_state=0,
    )
    assert_array_equal(X, explicit)
    assert_array_equal(np.bincount(y), [20, 20, 20])


@pytest.mark.parametrize("n_modules", [1, 2, 3, 4, 7, 10])
def test_noiseless_rows_are_even_modules_in_squareform_order(n_modules):
    # Without noise the strong edges are exactly those within the modules.
    X, _ = make_modular_connectomes(
        1, n_nodes=10, n_modules=(n_modules,), p_within=1, mu=2.5, sigma=0
    )
    adjacency = squareform(X[0])
    n_found, module = connected_components(adjacency)
    assert n_found == n_modules
    sizes = np.bincount(module)
    assert sizes.max() - sizes.min() <= 1
    same = (module[:, None] == module[None, :]) & ~np.eye(10, dtype=bool)
    assert_array_equal(adjacency, 2.5 * same)


@pytest.mark.parametrize("n_nodes, n_modules", [(20, 2), (17, 3)])
@pytest.mark.parametrize(
    "p_within, mu, sigma", [(0.6, 1.0, 0.5), (0.9, 0.4, 0.8), (0.0, 1.0, 0.2)]
)
def test_moments_within_and_between(n_nodes, n_modules, p_within, mu, sigma):
    X, _ = make_modular_connectomes(
        300,
        n_nodes=n_nodes,
        n_modules=(n_modules,),
        p_within=p_within,
        mu=mu,
        sigma=sigma,
        random_state=0,
    )
    noiseless, _ = make_modular_connectomes(
        1, n_nodes=n_nodes, n_modules=(n_modules,), p_within=1, sigma=0
    )
    within = noiseless[0] > 0
    for edges, p_strong in [(within, p_within), (~within, 1 - p_within)]:
        weights = X[:, edges].ravel()
        # Moments of max(Z, 0) for normal Z, mixed over strong and noise edges.
        first, second = 0, 0
        for share, m in [(p_strong, mu), (1 - p_strong, 0)]:
            above, density = norm.cdf(m / sigma), norm.pdf(m / sigma)
            first += share * (m * above + sigma * density)
            second += share * ((m**2 + sigma**2) * above + m * sigma * density)
        for sample, expected in [(weights, first), (weights**2, second)]:
            standard_error = sample.std() / np.sqrt(sample.size)
            assert abs(sample.mean() - expected) < 4 * standard_error
    assert X.min() == 0


def test_edges_are_independent():
    X, _ = make_modular_connectomes(2000, n_nodes=5, n_modules=(2,), random_state=0)
    correlations = np.corrcoef(X, rowvar=False)[np.triu_indices(10, 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(2000)


def test_random_state():
    first, _ = make_modular_connectomes(3, random_state=7)
    again, _ = make_modular_connectomes(3, random_state=7)
    other, _ = make_modular_connectomes(3, random_state=8)
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    rng = np.random.RandomState(7)
    assert_array_equal(make_modular_connectomes(3, random_state=rng)[0], first)
    following, _ = make_modular_connectomes(3, random_state=rng)
    assert not np.array_equal(following, first)


def test_global_random_state_is_untouched_by_a_seeded_call():
    before = np.random.get_state()  # noqa: NPY002
    make_modular_connectomes(2, random_state=0)
    after = np.random.get_state()  # noqa: NPY002
    assert_array_equal(after[1], before[1])
    assert after[2] == before[2]


@pytest.mark.parametrize(
    "parameters, message",
    [
        ({"n_networks": 0}, "n_networks must be an integer of at least 1, got 0"),
        ({"n_networks": 2.5}, "n_networks must be an integer .* got 2.5"),
        ({"n_networks": True}, "n_networks must be an integer .* got True"),
        ({"n_nodes": 1}, "n_nodes must be an integer of at least 2, got 1"),
        ({"n_nodes": 4}, r"between 1 and n_nodes=4, got \(2, 3, 5\)"),
        ({"n_modules": ()}, r"n_modules must be a non-empty .* got \(\)"),
        ({"n_modules": 3}, "n_modules must be a non-empty sequence .* got 3"),
        ({"n_modules": (0, 2)}, r"n_modules must be .* got \(0, 2\)"),
        ({"n_modules": (2, 2.5)}, r"n_modules must be .* got \(2, 2.5\)"),
        ({"n_modules": "23"}, "n_modules must be .* got '23'"),
        ({"p_within": 1.2}, r"p_within must be .* in \[0, 1\], got 1.2"),
        ({"p_within": -0.1}, r"p_within must be .* in \[0, 1\], got -0.1"),
        ({"p_within": np.nan}, "p_within must be a finite number .* got nan"),
        ({"mu": np.inf}, "mu must be a finite number .* got inf"),
        ({"mu": "1"}, "mu must be a finite number .* got '1'"),
        ({"n_modules": [[1], [2, 3]]}, "n_modules must be a non-empty sequence"),
        ({"mu": 1e308, "sigma": 1e308}, "sigma=1e.308 give weights that are not fin"),
        ({"sigma": -1}, r"sigma must be .* in \[0, inf\], got -1"),
    ],
)
def test_invalid_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        make_modular_connectomes(**parameters)
