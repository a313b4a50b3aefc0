"""Tensors of torch, which is imported inside functions only."""

from __future__ import annotations

from sktopo._utils.optional import import_optional, loaded_type


def import_torch():
    """Import torch, or say how to install it."""
    return import_optional("torch", extra="torch", purpose="Recording networks")


def is_tensor(candidate):
    """Return whether an object is a torch tensor, without importing torch."""
    return isinstance(candidate, loaded_type("torch", "Tensor"))


def is_finite(tensor):
    """Return whether all numbers of a tensor are finite."""
    # The sum is fast to test, but may overflow; then every number is tested.
    return bool(tensor.sum().isfinite() or tensor.isfinite().all())


def get_tensors(network):
    """Return the parameters and buffers of a network, a dict with their names."""
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def check_layout(candidate, name):
    """Raise if a tensor is not of dense real numbers."""
    if not is_tensor(candidate):
        return
    is_dense = not candidate.is_nested and candidate.layout == import_torch().strided
    if not is_dense or (
        candidate.is_complex() or candidate.is_quantized or candidate.is_meta
    ):
        raise TypeError(
            f"{name} is a sparse, nested, complex, quantized or meta tensor; expected "
            "dense real numbers."
        )
