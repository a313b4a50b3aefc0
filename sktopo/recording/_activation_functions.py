"""Which modules and functions are activation functions.

torch is imported inside functions only.
"""

from __future__ import annotations

import contextlib
import copy

from sktopo.recording._tensors import import_torch

# Functions of torch, methods of tensors and of torch.nn.functional, without the
# underscore of those that work in place. The softmax mixes units and is none of them.
ACTIVATION_FUNCTIONS = frozenset(
    "celu elu gelu glu hardshrink hardsigmoid hardswish hardtanh leaky_relu logsigmoid "
    "log_sigmoid mish prelu relu relu6 rrelu selu sigmoid silu softplus softshrink "
    "softsign tanh tanhshrink threshold".split()
)
# Modules that torch defines beside its activation functions, but that mix units.
_MIXING = {"LogSoftmax", "MultiheadAttention", "Softmax", "Softmax2d", "Softmin"}


def is_torch_activation(module):
    """Return whether a module is an activation function of torch.nn."""
    return any(
        base.__module__ == "torch.nn.modules.activation"
        and base.__name__ not in _MIXING
        for base in type(module).__mro__
    )


def makes_weights(name):
    """Return whether a module, of this name, makes weights and not activations."""
    return "parametrizations." in name


def may_be_activation(module):
    """Return whether a module of another package can be an activation function."""
    return not type(module).__module__.startswith("torch.") and not any(
        next(parts(), None) is not None
        for parts in (module.children, module.parameters, module.buffers)
    )


def is_elementwise(module, before, after):
    """Return whether a module computes a nonlinear function of each number by itself.

    `before` and `after` are what went into the module and what it returned. A copy of
    the module is shown random numbers of the same shape, the same in another order,
    with the opposite sign and a hundred times as large. The results of an elementwise
    function are in that order too. Those of a function such as the identity, dropout
    in evaluation mode, a scale and a shift lie on a line through those of 0.
    """
    if before.shape != after.shape or not before.is_floating_point():
        return False
    torch = import_torch()
    generator = torch.Generator().manual_seed(0)
    size = before.numel()
    numbers = torch.randn(size, generator=generator, device="cpu")
    order = torch.randperm(size, generator=generator, device="cpu")

    def call(given):
        given = given.to(before.device, before.dtype).reshape(before.shape)
        # A copy, as a module may keep what it is shown; this one may also change it.
        return copy.copy(module).forward(given.clone()).reshape(-1).cpu()

    with contextlib.suppress(Exception):  # the module may not take such numbers
        results, at_zero = call(numbers), call(torch.zeros(size, device="cpu"))
        if not _are_close(call(numbers[order]), results[order]):
            return False
        return not all(
            _are_close(call(numbers * factor) - at_zero, (results - at_zero) * factor)
            for factor in (-1.0, 100.0)
        )
    return False


def _are_close(first, second):
    """Return whether two tensors are equal up to rounding."""
    tolerance = 1e-2 if first.dtype.itemsize < 4 else 1e-4
    return bool((first - second).abs().max() <= tolerance * second.abs().max())
