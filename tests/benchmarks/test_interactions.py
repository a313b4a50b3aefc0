"""The benchmark of features and interactions: what it counts, and how edges are cut."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

torch = pytest.importorskip("torch")

from sktopo.recording import InteractionBasis  # noqa: E402


@pytest.fixture(name="script")
def script_fixture(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    return importlib.import_module("benchmarks.interactions")


@pytest.fixture(name="fitted")
def fitted_fixture(script):
    """Fit the features of a small network that was not trained."""
    pairs, sums = script.make_pairs(5)
    held_out = np.zeros(len(sums), dtype=bool)
    with torch.random.fork_rng(devices=[]), pytest.MonkeyPatch.context() as patch:
        patch.setattr(script, "N_STEPS", 1)
        network = script.train_to_add(pairs, sums, held_out, seed=0)
    layers = ["0:input", "1", "2"]
    basis = InteractionBasis(network, layers=layers, tol=0, n_intervals=0)
    return network, pairs, basis.fit(pairs)


def test_pairs(script):
    pairs, sums = script.make_pairs(3)
    assert pairs[5].tolist() == [0, 1, 0, 0, 0, 1] and sums[5] == 0
    assert pairs.shape == (9, 6) and sums.tolist() == [0, 1, 2, 1, 2, 0, 2, 0, 1]


@pytest.mark.parametrize("number", [0, 1])
def test_edges_are_cut_one_by_one(script, fitted, number):
    network, pairs, basis = fitted
    activations = script.run(network[: 2 * number], pairs)
    whole = script.cut_edges(basis, network, number, activations, 10**9)
    assert_allclose(whole, script.run(network, pairs), atol=1e-5)
    # With one edge, only the feature at its end is not that of mean activations.
    none, one = (
        script.cut_edges(basis, network, number, activations, n) for n in (0, 1)
    )
    assert_allclose(none, np.tile(none[:1], (25, 1)), atol=1e-6)
    assert np.ptp(one, axis=0).max() > 1e-3
    if number == 1:
        assert np.linalg.matrix_rank(one - none, tol=1e-5) == 1


def test_spread(script):
    assert script.write_spread([1, 3]) == "2.00 ± 1.00"
