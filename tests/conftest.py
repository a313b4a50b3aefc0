"""Fixtures that several test files share."""

import gc
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import Phase, settings

# A busy machine may take long over an example.
settings.register_profile("patient", deadline=None)
# Whether a mutant fails is enough; looking for its smallest example takes minutes.
settings.register_profile(
    "mutants", deadline=None, phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("patient")


def pytest_collection_finish():
    """Leave what was imported out of all later garbage collections."""
    gc.collect()
    gc.freeze()


def make_rows(n_graphs, n_nodes, kind="continuous", seed=0, dtype=np.float64):
    """Make connectome rows of a kind: continuous, ties, zeros, negative or constant."""
    rng = np.random.default_rng(seed)
    shape = (n_graphs, n_nodes * (n_nodes - 1) // 2)
    rows = {
        "continuous": lambda: rng.random(shape),
        "ties": lambda: rng.integers(0, 4, shape) / 4,
        "zeros": lambda: rng.random(shape) * (rng.random(shape) < 0.3),
        "negative": lambda: rng.normal(size=shape),
        "constant": lambda: np.full(shape, 0.5),
    }[kind]()
    return rows.astype(dtype)


KINDS = ("continuous", "ties", "zeros", "negative", "constant")


@pytest.fixture(name="make_rows")
def make_rows_fixture():
    return make_rows


@pytest.fixture(params=KINDS)
def kind(request):
    """Kinds of edge weights, awkward ones among them."""
    return request.param


@pytest.fixture
def measure_peak():
    """Measure the bytes that a call takes at its peak, its result included."""

    def measure(call):
        call()  # what is loaded or cached once does not count
        tracemalloc.start()
        try:
            call()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    return measure


@pytest.fixture(scope="session")
def digits():
    """Load the bundled networks; tests that change them must copy them first."""
    pytest.importorskip("torch")
    from sktopo.datasets import load_digit_networks

    return load_digit_networks()


@pytest.fixture(scope="session")
def small_study(digits):
    """Choose five networks of two strategies, with 60 stimuli: networks, X, y."""
    chosen = [*range(5), *range(20, 25)]
    networks = [digits.networks[i] for i in chosen]
    return networks, digits.stimuli[:60], digits.target[chosen]


class PandasFinder:
    """A finder of modules, the first that is asked, that lets no pandas through."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@pytest.fixture
def without_pandas(monkeypatch):
    """Make pandas look as if it were not installed."""
    monkeypatch.delitem(sys.modules, "pandas", raising=False)
    monkeypatch.setattr(sys, "meta_path", [PandasFinder, *sys.meta_path])
