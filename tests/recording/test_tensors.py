"""Checks of tensors."""

import pytest

from sktopo.recording._tensors import check_layout, get_tensors, is_finite, is_tensor

torch = pytest.importorskip("torch")


def test_finite_numbers():
    assert is_finite(torch.tensor([3e38, 3e38]))  # whose sum is not finite
    assert not is_finite(torch.tensor([1.0, torch.nan]))
    assert is_finite(torch.tensor([1, 2]))


def test_layouts():
    dense = torch.eye(2)
    check_layout(dense, "X")
    check_layout([1, 2], "X")
    for other in (dense.to_sparse(), dense.cfloat(), dense.to("meta")):
        with pytest.raises(TypeError, match="X is a sparse"):
            check_layout(other, "X")
    assert is_tensor(dense)
    assert not is_tensor(dense.numpy())


def test_parameters_and_buffers():
    assert list(get_tensors(torch.nn.BatchNorm1d(2))) == [
        "weight",
        "bias",
        "running_mean",
        "running_var",
        "num_batches_tracked",
    ]
