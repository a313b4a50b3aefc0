"""X is read sample by sample, in whatever form it comes."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo._samplewise._items import (
    Items,
    build,
    name_errors,
    name_sample,
    refer,
)

STACK = np.arange(24.0).reshape(3, 4, 2)


class OnDisk:
    """Samples without a length, read anew by each loop."""

    def __init__(self, samples, names=()):
        self.samples, self.names, self.n_read = samples, names, 0

    def __iter__(self):
        for sample in self.samples:
            self.n_read += 1
            yield sample


def as_objects(samples):
    array = np.empty(len(samples), dtype=object)
    array[:] = samples
    return array


@pytest.mark.parametrize(
    ("X", "is_array", "is_table", "size"),
    [
        (STACK, True, False, 3),
        (STACK[0], True, True, 4),
        (list(STACK), False, False, 3),
        (tuple(STACK), False, False, 3),
        (as_objects(list(STACK)), False, False, 3),
        (OnDisk(STACK), False, False, 0),
    ],
)
def test_every_loop_gives_each_sample_alone(X, is_array, is_table, size):
    items = Items(X)
    assert (items.is_array, items.is_table) == (is_array, is_table)
    assert items.__length_hint__() == size
    for _ in range(2):
        names, samples = zip(*items, strict=True)
        assert names == tuple(f"Sample {i} of X" for i in range(len(samples)))
        assert all(len(alone) == 1 for alone in samples)
        expected = X.samples if isinstance(X, OnDisk) else X
        assert_array_equal(
            [alone[0] for alone in samples], np.array(list(expected), dtype=float)
        )


def test_data_frames_stay_data_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(STACK[0], columns=["a", "b"], index=list("wxyz"))
    samples = [alone for _, alone in Items(frame)]
    assert [list(alone.index) for alone in samples] == [["w"], ["x"], ["y"], ["z"]]
    assert all(list(alone.columns) == ["a", "b"] for alone in samples)


def test_names_are_shown():
    X = OnDisk(STACK, names=["a.npy", "b.npy"])
    assert [name for name, _ in Items(X)] == [
        "Sample 0 of X ('a.npy')",
        "Sample 1 of X ('b.npy')",
        "Sample 2 of X",
    ]


def test_no_sample_is_read_before_it_is_asked_for():
    X = OnDisk(STACK)
    items = iter(Items(X))
    assert X.n_read == 0
    next(items)
    assert X.n_read == 1


def test_a_sample_that_cannot_be_read_is_named():
    def read():
        yield STACK[0]
        raise OSError("disk full")

    class Broken:
        names = ("first", "second")

        def __iter__(self):
            return read()

    with pytest.raises(OSError, match=r"Sample 1 of X \('second'\) could .*disk full"):
        list(Items(Broken()))


@pytest.mark.parametrize(
    "X",
    [
        None,
        3.5,
        np.float64(3),
        "rows",
        b"rows",
        {"a": STACK[0]},
        {1.0},
        dict,
        len,
        object(),
        iter([STACK[0]]),
    ],
    ids=lambda X: type(X).__name__,
)
def test_what_cannot_be_read_twice_is_refused(X):
    with pytest.raises(TypeError, match="X is of type .*; expected an array, "):
        Items(X)


def test_sparse_rows_networks_and_single_rows_are_refused():
    sparse = pytest.importorskip("scipy.sparse").eye_array(3, format="csr")
    with pytest.raises(TypeError, match="X is sparse"):
        Items(sparse)
    with pytest.raises(ValueError, match=r"shape \(4,\).*Reshape your data"):
        Items(np.arange(4.0))
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match=r"single network.*give \[network\]"):
        Items(torch.nn.Sequential(torch.nn.ReLU()))


def test_what_is_not_built_yet_is_called():
    alone = build([partial(np.asarray, [1, 2])])
    assert_array_equal(alone[0], [1, 2])
    ((first, second),) = build([(partial(int, "3"), STACK)])
    assert first == 3 and second is STACK
    assert build(STACK) is STACK
    torch = pytest.importorskip("torch")
    network = torch.nn.ReLU()
    assert build([network])[0] is network


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ValueError("bad"), ValueError),
        (FileNotFoundError("bad"), OSError),
        (MemoryError("bad"), MemoryError),
        (KeyError("bad"), RuntimeError),
    ],
)
def test_errors_are_named(error, kind):
    with (
        pytest.raises(kind, match="Sample 4: .*bad") as caught,
        name_errors("Sample 4"),
    ):
        raise error
    assert caught.value.__cause__ is error
    assert type(caught.value) is kind


def test_the_only_sample_of_an_inner_x_has_no_number():
    text = "Sample 0 of X has 3 units, but sample 0 and Sample 01 have 0 sample(s)"
    expected = "This sample has 3 units, but this sample and Sample 01 have 0 sample(s)"
    assert refer(text) == expected
    with (
        pytest.raises(
            ValueError, match="^Sample 4, given to list alone: This sample h"
        ),
        name_sample("Sample 4", []),
    ):
        raise ValueError(text)
