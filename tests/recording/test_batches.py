"""Batches: in which type and from which rows."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo.recording._batches import BatchReader
from sktopo.recording._parts import read_parts

torch = pytest.importorskip("torch")
nn = torch.nn


class Two(nn.Module):
    """Takes two inputs."""

    def __init__(self, dtype=torch.float32):
        super().__init__()
        self.layer = nn.Linear(2, 2, dtype=dtype)

    def forward(self, x, y):
        return self.layer(x)


def read(network, stimuli, rows=slice(0, 3), mask=None, n_before=0):
    reader = BatchReader(network, read_parts(stimuli, "stimuli"), mask, 5)
    return reader.read(rows, n_before)


def test_rows_and_masks():
    x = np.arange(8.0).reshape(4, 2)
    mask = np.array([[True, False]] * 3 + [[True, True]])
    batch = read(nn.Linear(2, 2), x, slice(1, 4), mask, n_before=10)
    assert batch.rows == slice(11, 14)
    assert_array_equal(batch.args[0], x[1:4])
    assert_array_equal(batch.mask, mask[1:4])
    assert batch.kwargs == {}
    moved = batch.to("meta")
    assert moved.args[0].is_meta
    assert moved.mask.is_meta
    assert read(nn.Linear(2, 2), x).to("meta").mask is None


def test_batches_are_copies():
    x = torch.ones(3, 2)
    read(nn.Linear(2, 2), x).args[0].zero_()
    assert x.min() == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_floats_in_the_precision_of_the_network(dtype):
    for x in (np.ones((3, 2)), np.ones((3, 2), np.float32), torch.ones(3, 2)):
        assert read(nn.Linear(2, 2, dtype=dtype), x).args[0].dtype == dtype
        for value in read(Two(dtype), {"x": x, "y": x}).kwargs.values():
            assert value.dtype == dtype


def test_integers_and_booleans():
    pixels = np.arange(6, dtype=np.uint8).reshape(3, 2)
    # Of a single array they become floats, as in scikit-learn.
    assert read(nn.Linear(2, 2), pixels).args[0].dtype == torch.float32
    assert read(nn.Embedding(9, 2), pixels).args[0].dtype == torch.int64
    assert read(nn.Linear(2, 2), torch.as_tensor(pixels)).args[0].dtype == torch.uint8
    for y, dtype in ((pixels, torch.int64), (pixels > 2, torch.bool)):
        x, y = read(Two(), (pixels * 1.0, y)).args
        assert (x.dtype, y.dtype) == (torch.float32, dtype)
