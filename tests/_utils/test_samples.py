"""Reading of samples and arrays: what is refused, in which words."""

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator

from sktopo._utils.samples import (
    check_kinds,
    check_units,
    detach,
    is_stack,
    name_errors,
    read_array,
    read_tables,
)


@pytest.mark.parametrize(
    ("X", "expected"),
    [
        (np.zeros((2, 3)), False),
        (np.zeros((2, 3, 4)), True),
        ([np.zeros((3, 4)), np.zeros((5, 2))], True),
        ([[0.0, 1.0], [2.0, 3.0]], False),
        ([[[0.0]], [[1.0]]], True),
        ([], False),
        ("text", False),
    ],
)
def test_stacks_have_tables_as_elements(X, expected):
    assert is_stack(X) is expected


def test_an_object_array_of_tables_is_a_stack():
    X = np.empty(2, dtype=object)
    X[:] = [np.zeros((3, 4)), np.zeros((5, 2))]
    assert is_stack(X)


def test_a_stack_stays_an_array_and_a_list_stays_a_list():
    stack = np.ones((2, 3, 4), dtype=np.float32)
    assert read_tables(stack).dtype == np.float32
    samples = read_tables([np.ones((3, 4), dtype=int), np.ones((5, 2))])
    assert [sample.shape for sample in samples] == [(3, 4), (5, 2)]
    assert {sample.dtype for sample in samples} == {np.dtype(np.float64)}


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((2, 3)), "X has 2 dimensions; expected 3"),
        ([np.ones((3, 4)), np.ones(3)], "Sample 1 of X cannot be read as a table"),
        (np.ones((2, 3, 4, 5)), "X has 4 dimensions; expected 3"),
        (
            np.full((2, 3, 4), np.nan),
            "Sample 0 of X contains NaN in obs",
        ),
        ([np.ones((3, 4)), np.full((3, 4), np.inf)], "Sample 1 of X contains infinity"),
    ],
)
def test_other_arrays_are_refused(X, message):
    with pytest.raises(ValueError, match=message):
        read_tables(X)


def test_widths_and_column_names_are_those_of_the_fit():
    pandas = pytest.importorskip("pandas")
    estimator = BaseEstimator()
    frame = pandas.DataFrame(np.ones((3, 2)), columns=["a", "b"])
    arrays = [frame.to_numpy()] * 2
    check_units(estimator, [frame, frame], arrays, reset=True)
    assert estimator.n_features_in_ == 2
    assert list(estimator.feature_names_in_) == ["a", "b"]
    check_units(estimator, [frame], arrays[:1], reset=False)
    with pytest.raises(ValueError, match="^Sample 1 of X: .*names should match"):
        check_units(estimator, [frame, frame[["b", "a"]]], arrays, reset=False)


def test_a_sample_of_another_width_is_refused():
    estimator = BaseEstimator()
    for X, reset in ((np.ones((2, 3, 2)), True), ([np.ones((5, 2))], False)):
        check_units(estimator, X, X, reset=reset)
    X = [np.ones((3, 2)), np.ones((3, 3))]
    with pytest.raises(ValueError, match="^Sample 1 of X: X has 3 features"):
        check_units(estimator, X, X, reset=False)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": 1}, "Y is of type dict; expected rows. Give the list of its values"),
        ({1.0}, "Y is of type set; expected rows. Make a list of what it holds"),
        (iter([1.0]), "Y is of type list_iterator; .* Make a list of what"),
        ("rows.npy", "Y is of type str; .* Load files first"),
        (Path("rows.npy"), "Y is of type .*Path; .* Load files first"),
        (np.ndarray, "Y is of type type; expected rows.$"),
        (None, "Y is of type NoneType; expected rows.$"),
    ],
)
def test_other_objects_are_refused_with_advice(value, message):
    with pytest.raises(TypeError, match=f"^{message}"):
        read_array(value, "Y", "rows")
    with pytest.raises(TypeError, match=f"^{message}".replace("Y", "Sample 1 of Y")):
        check_kinds([[1.0], value], "Y", "rows")
    objects = np.empty(1, dtype=object)
    objects[0] = value
    with pytest.raises(TypeError, match=f"^{message}".replace("Y", "Sample 0 of Y")):
        check_kinds(objects, "Y", "rows")


def test_sequences_become_new_lists():
    for X in ([1, [2.0]], (1, [2.0]), np.array([1, [2.0]], dtype=object)):
        found = check_kinds(X, "X", "numbers")
        assert found == [1, [2.0]]
        assert found is not X
    X = np.ones(3)
    assert check_kinds(X, "X", "numbers") is X


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([["a"]], ValueError, "Y cannot be read as rows: could not convert"),
        ([[10**400]], ValueError, "Y cannot be read as rows: int too large"),
        ([[1], [1, 2]], ValueError, "Y cannot be read as rows: .*inhomogeneous"),
        ([1.0], ValueError, "Y cannot be read as rows: Expected 2D"),
        (csr_matrix(np.eye(2)), TypeError, "Y cannot be read as rows: Sparse"),
        ([[object()]], TypeError, "Y cannot be read as rows: float"),
    ],
)
def test_what_are_not_numbers_is_named(value, error, message):
    with pytest.raises(error, match=f"^{message}"):
        read_array(value, "Y", "rows")


def test_errors_of_memory_are_not_about_kinds():
    with pytest.raises(MemoryError, match="^full$"), name_errors("X"):
        raise MemoryError("full")
    with pytest.raises(TypeError, match="^X: odd$"), name_errors("X"):
        raise NotImplementedError("odd")


def test_single_precision_stays():
    for rows in (np.ones((2, 3), "f4"), [np.ones(3, "f4")], ([np.ones(3, "f4")])):
        assert read_array(rows, "X", "rows").dtype == np.float32
    assert read_array([[1, 2]], "X", "rows").dtype == np.float64
    found = read_array([[1, 2]], "X", "rows", dtype="numeric")
    assert found.dtype.kind == "i"
    assert np.isnan(read_array([[np.nan]], "X", "rows")).all()


def test_tensors_that_require_gradients_do_not_leak_the_errors_of_torch():
    torch = pytest.importorskip("torch")
    tensor = torch.ones((2, 3), requires_grad=True)
    assert is_stack([tensor, tensor])
    assert not is_stack([tensor[0]])
    with pytest.raises((TypeError, ValueError), match=r"^X\[0\] is not an array"):
        is_stack([[tensor[0], tensor[1]]])
    with pytest.raises(TypeError, match="^X cannot be read as rows: .*detach"):
        read_array(tensor, "X", "rows")
    assert_array_equal(detach(tensor), np.ones((2, 3)))
    assert_array_equal(read_tables([tensor])[0], np.ones((2, 3)))
    assert tensor.requires_grad
