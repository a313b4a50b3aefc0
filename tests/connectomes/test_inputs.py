"""Reading activations: what is refused, in which words, and what is let through."""

from pathlib import Path

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from scipy.spatial.distance import squareform
from sklearn import config_context

from sktopo import FunctionalConnectome
from sktopo.connectomes._inputs import read_sample, read_samples
from sktopo.connectomes.measures import MEASURES

SAMPLES = np.random.default_rng(0).normal(size=(3, 10, 4))
GRAPH = networkx.complete_graph(4)
CORRELATIONS = np.array([np.corrcoef(sample.T) for sample in SAMPLES])


def with_value(value):
    X = SAMPLES.copy()
    X[1, 3, 2] = X[2, 0, 0] = value
    return X


def make_tables(X):
    pandas = pytest.importorskip("pandas")
    return [pandas.DataFrame(sample, columns=list("abcd")) for sample in X]


# --- kinds of X -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("X", "kind", "advice"),
    [
        ({"a": SAMPLES[0]}, "dict", "Give the list of its values"),
        (Path("X.npy"), ".*Path", "Load files first"),
        ("X.npy", "str", "Load files first"),
        ((sample for sample in SAMPLES), "generator", "Make a list of what it holds"),
        (GRAPH, "Graph", "give graphs to GraphPersistence"),
        (None, "NoneType", "expected an array"),
        ({1, 2}, "set", "expected an array"),
        (np.ndarray, "type", "expected an array"),
    ],
)
def test_what_is_not_an_array_is_refused(X, kind, advice):
    for use in (FunctionalConnectome().fit, *MEASURES.values()):
        with pytest.raises(TypeError, match=f"is of type {kind}; .*{advice}"):
            use(X)
    if X is not None:
        with pytest.raises(TypeError, match=f"^Sample 1 of X is of type {kind};"):
            FunctionalConnectome().fit([SAMPLES[0], X])
        objects = np.empty(2, dtype=object)
        objects[:] = [X, SAMPLES[0]]
        with pytest.raises(TypeError, match=f"^Sample 0 of X is of type {kind};"):
            FunctionalConnectome().fit(objects)


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        (csr_matrix(np.eye(5)), TypeError, "X .*Sparse"),
        ([csr_matrix(np.eye(5))], TypeError, "Sample 0 of X .*Sparse"),
        ([SAMPLES[0], SAMPLES[0] * 1j], ValueError, "Sample 1 of X .*Complex"),
        ([SAMPLES[0], SAMPLES[0, 0]], ValueError, "Sample 1 of X .*1D array"),
        ([SAMPLES[0, 0], SAMPLES[0]], ValueError, "X .*inhomogeneous"),
        (
            [[[1, 2], [3]], [[1, 2], [3, 4]]],
            ValueError,
            r"X\[0\] is not .*inhomogeneous",
        ),
        ([SAMPLES[0], [["a", "b"]] * 3], ValueError, "Sample 1 of X .*could not conv"),
        (np.ones((2, 3, 4, 5)), ValueError, "X has 4 dimensions; expected 3"),
        ([SAMPLES[0], SAMPLES[1, :, :1]], ValueError, "Sample 1 .* of 1 unit"),
    ],
)
def test_what_cannot_be_a_table_of_numbers_is_refused(X, error, message):
    with pytest.raises(error, match=f"^{message}"):
        FunctionalConnectome().fit(X)


def test_samples_whose_units_have_other_names_are_named():
    tables = make_tables(SAMPLES)
    tables[1] = tables[1][["b", "a", "c", "d"]]
    with pytest.raises(ValueError, match="^Sample 1 of X: The feature names"):
        FunctionalConnectome().fit(tables)


def test_tensors_with_a_gradient_are_read():
    torch = pytest.importorskip("torch")
    expected = FunctionalConnectome().fit_transform(SAMPLES)
    tensor = torch.tensor(SAMPLES, requires_grad=True)
    for X in (tensor, list(tensor), tensor * 2):
        assert_allclose(FunctionalConnectome().fit_transform(X), expected)
    assert tensor.requires_grad
    frames = FunctionalConnectome().fit_transform(tensor[0])
    assert_array_equal(frames, FunctionalConnectome().fit_transform(SAMPLES[0]))
    for measure in MEASURES.values():
        assert_array_equal(measure(tensor[0]), measure(SAMPLES[0]))
    found = FunctionalConnectome(lambda _: tensor[0].T @ tensor[0], absolute=False)
    assert_allclose(
        found.fit_transform(SAMPLES)[1],
        squareform(SAMPLES[0].T @ SAMPLES[0], checks=False),
    )
    with pytest.raises(TypeError, match="X cannot be read as .*BFloat16"):
        FunctionalConnectome().fit(tensor.bfloat16())


def test_numbers_are_read_as_floats():
    assert [s.dtype for s in read_samples(SAMPLES.astype(np.float32))] == 3 * ["f4"]
    assert read_samples([[[1, 2], [3, 5]]])[0].dtype == np.float64
    assert read_samples(SAMPLES[0]) is None
    assert read_sample([[1], [2]], "X").shape == (2, 1)


# --- numbers that are not finite --------------------------------------------------


@pytest.mark.parametrize(
    ("value", "word"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")]
)
@pytest.mark.parametrize("kind", [np.asarray, list, make_tables])
def test_numbers_that_are_not_finite_are_located(value, word, kind):
    X = kind(with_value(value))
    name = r"unit 2 \('c'\)" if kind is make_tables else "unit 2"
    message = f"^Sample 1 of X contains {word} in observation 3, {name}, the first of 1"
    fitted = FunctionalConnectome().fit(kind(SAMPLES))
    for use in (FunctionalConnectome().fit, fitted.transform):
        with pytest.raises(ValueError, match=message):
            use(X)
    frames = X[1]
    fitted = FunctionalConnectome().fit(kind(SAMPLES)[0])
    for use in (FunctionalConnectome().fit, fitted.transform):
        with pytest.raises(ValueError, match=f"^X contains {word} in frame 3, {name}"):
            use(frames)
    for measure in MEASURES.values():
        with pytest.raises(ValueError, match=f"{word} in observation 3, {name},"):
            measure(frames)


def test_all_numbers_that_are_not_finite_are_counted():
    X = SAMPLES[0].copy()
    X[2:5, 1] = np.nan
    X[7, 3] = np.inf
    with pytest.raises(ValueError, match=r"first of 4 number.* in 2 unit\(s\)"):
        read_sample(X, "X")
    with config_context(assume_finite=True):
        assert read_sample(X, "X") is X


# --- matrices in place of activations ---------------------------------------------


@pytest.mark.parametrize(
    "X",
    [
        CORRELATIONS,
        list(CORRELATIONS),
        CORRELATIONS.astype(np.float32),
        CORRELATIONS[:, :2, :2],
        np.stack([squareform(np.abs(row)) for row in np.eye(2, 6) + 1]),
        1e200 * CORRELATIONS,
        1e-200 * CORRELATIONS,
        np.stack([np.cov(sample.T) for sample in SAMPLES]),
        np.eye(3)[None],
        CORRELATIONS[0],
    ],
)
def test_symmetric_matrices_are_refused(X):
    for use in (FunctionalConnectome().fit, FunctionalConnectome().fit_transform):
        with pytest.raises(ValueError, match="symmetric matrices.*GraphPersistence"):
            use(X)


def test_matrices_can_be_given_in_spite_of_that():
    """The message says that a constant may be added to one unit."""
    moved = CORRELATIONS.copy()
    moved[..., 0] += 1
    rows = FunctionalConnectome(absolute=False).fit_transform(moved)
    expected = np.corrcoef(CORRELATIONS[0].T)[np.triu_indices(4, 1)]
    assert_allclose(rows[0], expected)
    # The measures themselves take any table.
    assert_allclose(MEASURES["correlation"](CORRELATIONS[0]), np.corrcoef(moved[0].T))


@given(seed=st.integers(0, 2**16), n=st.integers(2, 6), shift=st.sampled_from([0, 1e6]))
@settings(max_examples=30)
def test_square_activations_are_no_matrices(seed, n, shift):
    """Also far from 0: their asymmetry is judged by their spread."""
    X = np.random.default_rng(seed).normal(size=(2, n, n)) * 0.1 + shift
    assert [sample.shape for sample in read_samples(X)] == [(n, n)] * 2


@pytest.mark.parametrize(
    "X", [[[[1, 2], [2, 1]]], [[[0, 1], [1, 0]]], [np.ones((3, 3))]]
)
def test_small_and_constant_activations_are_no_matrices(X):
    assert_array_equal(read_samples(X), X)


def test_one_activation_among_matrices_is_enough():
    assert len(read_samples([CORRELATIONS[0], SAMPLES[0]])) == 2
