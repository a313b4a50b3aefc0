"""Finding layers in torch networks: by name or type, and the axis of their features.

torch itself is not imported: modules are known by where their classes come from.
"""

from __future__ import annotations

import contextlib
import difflib
import fnmatch
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Any

    import torch

    from sktopo._typing import Layers

# Modules of torch.nn by the file that defines them: the axis of the features.
_FEATURE_AXIS = {
    "torch.nn.modules.batchnorm": 1,
    "torch.nn.modules.conv": 1,
    "torch.nn.modules.instancenorm": 1,
    "torch.nn.modules.pooling": 1,
    "torch.nn.modules.linear": -1,
    "torch.nn.modules.rnn": -1,
    "torch.nn.modules.sparse": -1,
    "torch.nn.modules.transformer": -1,
}
_FEATURE_AXIS_BY_NAME = {
    "GroupNorm": 1,
    "LayerNorm": -1,
    "RMSNorm": -1,
    "MultiheadAttention": -1,
    "Identity": None,
}
# Defined beside the activation functions, but they mix units.
_NO_ACTIVATIONS = (
    "LogSoftmax",
    "MultiheadAttention",
    "Softmax",
    "Softmax2d",
    "Softmin",
)


def select_modules(
    network: torch.nn.Module, layers: Layers
) -> tuple[dict[str, torch.nn.Module], set[str]]:
    """Find the modules to record: a dict of names, and the names given exactly."""
    named = dict(network.named_modules(remove_duplicate=False))
    if layers is None:
        chosen = [name for name in named if _is_activation(name, named[name])]
        if not chosen:
            raise ValueError(
                "The network has no activation-function modules to record (functions "
                "such as torch.nn.functional.relu cannot be hooked). Name layers "
                f"among: {_listed(named)}."
            )
        exact = set()
    else:
        entries = layers if isinstance(layers, (list, tuple)) else [layers]
        if not entries:
            raise ValueError(
                "layers is empty; name some, or pass None for the default."
            )
        chosen = [name for entry in entries for name in _match(entry, named)]
        exact = {entry for entry in entries if isinstance(entry, str)} & set(named)
    modules: dict[str, torch.nn.Module] = {}
    canonical: dict[torch.nn.Module, str] = {}
    for name in chosen:
        # A module with two names is recorded once, under the first chosen.
        canonical.setdefault(named[name], name)
        modules.setdefault(canonical[named[name]], named[name])
    return modules, {canonical[named[name]] for name in exact}


class Hook:
    """A forward hook that does nothing in copies of its module.

    Dask may send a network to another worker while this one records it.
    """

    def __init__(self, see: Callable[[Any, Any, Any], None]) -> None:
        self.see = see

    def __call__(self, module: Any, args: Any, output: Any) -> None:
        """Let the function see the output."""
        self.see(module, args, output)

    def __reduce__(self) -> tuple[type[Hook], tuple[Callable[..., None]]]:
        """Pickle and copy as a hook that looks away."""
        return Hook, (_look_away,)


def _look_away(module: Any, args: Any, output: Any) -> None:
    pass


@contextlib.contextmanager
def track_features(network: torch.nn.Module) -> Iterator[list[tuple[int, int, int]]]:
    """Yield a list to which layers of known layout add their outputs as they run.

    Entries are (axis of the features, number of axes, number of features).
    """
    known, handles = [], []

    def watch(axis: int) -> Hook:
        def see(module: torch.nn.Module, args: Any, output: Any) -> None:
            output = output[0] if isinstance(output, tuple) else output
            shape = getattr(output, "shape", ())
            normalized = getattr(module, "normalized_shape", shape[-1:])
            # A normalisation that moves axes about, or takes several, tells nothing.
            if len(shape) > 1 and tuple(normalized) == tuple(shape[-1:]):
                known.append((axis, len(shape), shape[axis]))

        return Hook(see)

    try:
        for module in network.modules():
            axis = _known_axis(module)
            if axis is not None:
                handles.append(module.register_forward_hook(watch(axis)))
        yield known
    finally:
        for handle in handles:
            handle.remove()


def guess_feature_axis(shape: Sequence[int], known: list[tuple[int, int, int]]) -> int:
    """Take the axis of the nearest layer before whose output was of this form."""
    for axis, n_axes, n_features in reversed(known):
        if n_axes == len(shape) and shape[axis] == n_features:
            return axis
    return 1 if len(shape) > 3 else -1


def _known_axis(module: torch.nn.Module) -> int | None:
    """Return the axis of the features a module works on, None if not known."""
    for base in type(module).__mro__:
        if base.__module__.startswith("torch.nn.modules."):
            default = _FEATURE_AXIS.get(base.__module__)
            return _FEATURE_AXIS_BY_NAME.get(base.__name__, default)
    return None


def _is_activation(name: str, module: torch.nn.Module) -> bool:
    if "parametrizations." in name:
        return False  # a function of weights
    return any(
        base.__module__ == "torch.nn.modules.activation"
        and base.__name__ not in _NO_ACTIVATIONS
        for base in type(module).__mro__
    )


def _match(entry: object, named: dict[str, torch.nn.Module]) -> list[str]:
    """Return the names of the modules that an entry of `layers` stands for."""
    if isinstance(entry, type):
        found = [name for name, module in named.items() if isinstance(module, entry)]
    elif not isinstance(entry, str):
        raise ValueError(
            f"layers must hold names, patterns or module types, got {entry!r}."
        )
    elif entry in named:
        found = [entry]
    else:
        found = fnmatch.filter((name for name in named if name), entry)
    if not found:
        close = difflib.get_close_matches(str(entry), named, n=3, cutoff=0.5)
        hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
        raise ValueError(
            f"No layer of the network matches {entry!r}.{hint} Its layers are: "
            f"{_listed(named)}."
        )
    return found


def _listed(named: Iterable[str]) -> str:
    names = [name for name in named if name]
    return ", ".join(names[:30]) + (", ..." if len(names) > 30 else "")
