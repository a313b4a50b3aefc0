"""Running torch networks with hooks, and writing what their layers give to arrays.

torch is imported inside the functions only.
"""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import warnings
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.utils import check_array

from sktopo._utils.optional import import_optional
from sktopo._utils.parallel import ONE_AT_A_TIME
from sktopo.recording._sites import (
    Hook,
    guess_feature_axis,
    select_modules,
    track_features,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, Literal

    import torch

    from sktopo._typing import Consume, FloatArray, Layers


# Hooks and evaluation mode belong to the network, which threads may share: while one
# thread runs a network, no other may switch its mode or feed its hooks.
class Recorded(NamedTuple):
    """One output that is recorded: where it arises and how its nodes are named."""

    module: str
    call: int
    label: str
    feature_axis: int
    n_positions: int
    node_shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def n_nodes(self) -> int:
        """Count the nodes."""
        return int(np.prod(self.node_shape))

    @property
    def node_names(self) -> list[str]:
        """Name the nodes: ``label[channel]`` or ``label[channel,row,column]``."""
        places = (",".join(map(str, place)) for place in np.ndindex(self.node_shape))
        return [f"{self.label}[{place}]" for place in places]


def import_torch() -> Any:
    """Import torch, or say how to install it."""
    return import_optional("torch", extra="torch", purpose="Recording networks")


def is_tensor(candidate: object) -> bool:
    """Tell a torch tensor, of which there are none where torch was never imported."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(candidate, torch.Tensor)


def check_network(network: object, name: str) -> None:
    """Raise unless `network` is a torch module that can run; `name` is for errors."""
    torch = import_torch()
    if not isinstance(network, torch.nn.Module):
        raise TypeError(
            f"{name} must be a torch.nn.Module, got {type(network).__name__}."
        )
    if isinstance(network, torch.jit.ScriptModule):
        raise ValueError(
            f"{name} is a TorchScript module, whose layers cannot be hooked; give the "
            "module it was made from."
        )
    for part, tensor in _state(network).items():
        if torch.nn.parameter.is_lazy(tensor):
            raise ValueError(
                f"{name} has the lazy parameter {part!r}, whose shape is not known "
                "yet; run the network once on an input first."
            )
        if tensor.is_meta:
            raise ValueError(
                f"{name} is on the meta device, which holds no weights "
                f"({part!r}, for one); load it to a real device first."
            )


def check_stimuli(stimuli: Any, name: str = "stimuli") -> Any:
    """Validate stimuli of shape (n_stimuli, ...): an array, or a tensor as it is."""
    if not (hasattr(stimuli, "__array__") or isinstance(stimuli, (list, tuple))):
        raise TypeError(
            f"{name} must be an array or a tensor, got {type(stimuli).__name__}; put "
            "the batches of a loader together first, e.g. with torch.cat."
        )
    if not is_tensor(stimuli):
        return check_array(stimuli, dtype="numeric", allow_nd=True, input_name=name)
    torch = import_torch()
    if stimuli.layout != torch.strided or stimuli.is_complex():
        raise TypeError(
            f"{name} is a {'complex' if stimuli.is_complex() else 'sparse'} tensor; "
            "expected a dense one of real numbers."
        )
    if stimuli.ndim < 2 or not len(stimuli):
        raise ValueError(
            f"{name} has shape {tuple(stimuli.shape)}; expected (n_stimuli, ...)."
        )
    stimuli = stimuli.detach()
    # The sum is cheap and finite if all are; it may overflow, so all are looked at.
    if not (stimuli.sum().isfinite() or stimuli.isfinite().all()):
        raise ValueError(f"{name} contains NaN or infinity.")
    return stimuli


def check_device(device: str | torch.device | None) -> torch.device | None:
    """Resolve a device and raise a ValueError unless it is at hand."""
    if device is None:
        return None
    torch = import_torch()
    try:
        found = torch.empty(0, device=device).device
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ValueError(
            f"device={device!r} cannot be used here ({error}). Choose another, or "
            "None to run each network where it is."
        ) from error
    if found.type == "meta":
        raise ValueError("device='meta' cannot be used: it computes no numbers.")
    return found


def plan_recording(
    network: torch.nn.Module,
    stimuli: Any,
    *,
    name: str,
    layers: Layers,
    reduce: str,
    feature_axis: int | Literal["auto"],
    device: torch.device | None,
) -> list[Recorded]:
    """Show a network its first stimuli to learn what there will be to record.

    Returns a list of `Recorded` in the order of execution. `name` is for errors.
    """
    rows = list(range(min(2, len(stimuli))))  # two, so that their axis can be told
    modules, required = select_modules(network, layers)
    plan: list[Recorded] = []
    among: dict[tuple[str, int], tuple[int, Any]] = {}
    mixed: list[str] = []

    def note(layer: str, call: int, output: Any) -> None:
        tensor = _pick_tensor(output, layer, len(rows))
        axis = feature_axis
        if axis == "auto":
            axis = guess_feature_axis(tensor.shape, known)
        kept = _as_nodes(tensor, layer, len(rows), reduce, axis)
        if not kept.isfinite().all():
            raise ValueError(f"{name}: layer {layer!r} gives NaN or infinity.")
        among[layer, call] = axis, kept[-1].clone()
        plan.append(
            Recorded(
                layer,
                call,
                (layer or type(network).__name__) + (f"#{call + 1}" if call else ""),
                axis,
                kept.shape[1],
                tuple(kept.shape[2:]),
                np.dtype(np.float64 if kept.dtype.itemsize == 8 else np.float32),
            )
        )

    def compare(layer: str, call: int, output: Any) -> None:
        if (layer, call) in among:
            axis, before = among[layer, call]
            tensor = _pick_tensor(output, layer, len(rows))
            again = _as_nodes(tensor, layer, len(rows), reduce, axis)[0]
            tolerance = 0.02 * before.abs().max() + 1e-6
            if again.shape != before.shape or (again - before).abs().max() > tolerance:
                mixed.append(layer)

    with ONE_AT_A_TIME, track_features(network) as known:
        _try_stimuli(network, modules, device, stimuli, rows, note, name)
        # The last of them once more, now in the company of itself.
        rows = rows[-1:] * len(rows)
        _try_stimuli(network, modules, device, stimuli, rows, compare, name)
    _check_plan(plan, modules, required, mixed, name)
    return plan


def _try_stimuli(
    network: torch.nn.Module,
    modules: dict[str, torch.nn.Module],
    device: torch.device | None,
    stimuli: Any,
    rows: list[int],
    consume: Consume,
    name: str,
) -> None:
    """Show a few stimuli; what torch says against them becomes a ValueError."""
    try:
        with _hooked(network, modules, device, stimuli[rows], consume) as run:
            run(slice(None))
    except Exception as error:
        if type(error) is not RuntimeError:
            raise
        integers = (
            ""
            if "float" in str(stimuli.dtype)
            else (
                " Give floating-point stimuli, or a torch tensor of integers if the "
                "network looks them up."
            )
        )
        raise ValueError(
            f"{name} ({type(network).__name__}) could not be run on the first "
            f"{len(rows)} of {len(stimuli)} stimuli, a batch of shape "
            f"{tuple(stimuli[rows].shape)} and type {stimuli.dtype}: {error}.{integers}"
        ) from error


def _check_plan(
    plan: list[Recorded],
    modules: dict[str, torch.nn.Module],
    required: set[str],
    mixed: list[str],
    name: str,
) -> None:
    """Raise or warn if what the first stimuli gave makes no connectome."""
    idle = required - {recorded.module for recorded in plan}
    if idle or not plan:
        raise ValueError(
            f"{name}: no output came from the layers {sorted(idle or modules)}; the "
            "network does not run them. Choose other layers."
        )
    if len({recorded.n_positions for recorded in plan}) > 1:
        found = ", ".join(f"{r.label}: {r.n_positions}" for r in plan)
        raise ValueError(
            f"{name}: reduce='observations' needs layers with equally many positions, "
            f"got {found}. Choose fewer layers, or another way to reduce."
        )
    if mixed:
        warnings.warn(
            f"{name}: what layer {mixed[0]!r} gives for a stimulus depends on the "
            "others shown with it, or on chance. Is the first axis of the stimuli that "
            "of time (recurrent and transformer layers: batch_first=True)? Does batch "
            "normalisation run without its statistics?",
            stacklevel=2,
        )


def record(
    network: torch.nn.Module,
    stimuli: Any,
    plan: list[Recorded],
    *,
    name: str,
    reduce: str,
    batch_size: int,
    device: torch.device | None,
    out: FloatArray,
) -> None:
    """Run a network on all stimuli and write its nodes to `out`.

    `out` is an array of shape (n_stimuli * n_positions, n_nodes), filled batch by
    batch while the network runs, so that in-place operations that follow a layer
    cannot change what was recorded and memory does not grow.
    """
    torch = import_torch()
    nodes = torch.from_numpy(out.reshape(len(stimuli), plan[0].n_positions, -1))
    columns: dict[tuple[str, int], tuple[Any, Any]] = {}
    stop = 0
    for recorded in plan:
        start, stop = stop, stop + recorded.n_nodes
        place = nodes[..., start:stop].unflatten(2, recorded.node_shape)
        columns[recorded.module, recorded.call] = recorded.feature_axis, place
    modules = {name: network.get_submodule(name) for name, _ in columns}
    rows = slice(0)
    seen: Counter[tuple[str, int]] = Counter()

    def write(layer: str, call: int, output: Any) -> None:
        n_stimuli = rows.stop - rows.start
        tensor = _pick_tensor(output, layer, n_stimuli)
        axis, place = columns.get((layer, call), (None, None))
        kept = None
        if place is not None:
            kept = _as_nodes(tensor, layer, n_stimuli, reduce, axis)
        if kept is None or kept.shape[1:] != place.shape[1:]:
            raise ValueError(
                f"{name}: layer {layer!r} ran otherwise than on the first stimuli "
                f"(call {call + 1}, output {tuple(tensor.shape)}): its nodes change "
                "from stimulus to stimulus and make no connectome."
            )
        place[rows] = kept
        seen[layer, call] += 1

    n_batches = -(-len(stimuli) // batch_size)
    cuts = np.linspace(0, len(stimuli), n_batches + 1).astype(int).tolist()
    with _hooked(network, modules, device, stimuli, write, batch_size) as run:
        for batch, (start, end) in enumerate(zip(cuts[:-1], cuts[1:], strict=True)):
            rows = slice(start, end)
            run(rows)
            if any(seen[key] != batch + 1 for key in columns):
                raise ValueError(
                    f"{name}: a layer among {sorted(modules)} did not run on stimuli "
                    f"{start} to {end - 1}, but did on the first ones."
                )
    # The sum is cheap and finite if all are; it may overflow, so all are looked at.
    if not nodes.sum().isfinite():
        for (layer, _), (_, place) in columns.items():
            if not place.isfinite().all():
                raise ValueError(
                    f"{name}: layer {layer!r} gave NaN or infinity; the network may "
                    "have diverged."
                )


@contextlib.contextmanager
def _hooked(
    network: torch.nn.Module,
    modules: dict[str, torch.nn.Module],
    device: torch.device | None,
    stimuli: Any,
    consume: Consume,
    batch_size: int | None = None,
) -> Iterator[Callable[[slice], None]]:
    """Let `consume(name, call, output)` see the outputs of modules.

    Yields a function that runs the network on the stimuli of a slice, without
    gradients and in evaluation mode. The flags are set one by one: `eval()` may be
    overridden and do more, which `train()` would not undo. Modes, hooks and the state
    of torch's random numbers are as before afterwards, whatever is raised.
    """
    torch = import_torch()
    calls: Counter[str] = Counter()

    def hook(name: str) -> Hook:
        def see(module: Any, args: Any, output: Any) -> None:
            calls[name] += 1
            consume(name, calls[name] - 1, output)

        return Hook(see)

    with contextlib.ExitStack() as stack:
        stack.enter_context(ONE_AT_A_TIME)
        stack.enter_context(torch.no_grad())
        forward, place = _on_device(network, device)
        gpus = [place] if place.type == "cuda" else []
        stack.enter_context(torch.random.fork_rng(devices=gpus))
        # Fused attention and compiled code would pass the hooks by.
        fast = torch.backends.mha
        stack.callback(fast.set_fastpath_enabled, fast.get_fastpath_enabled())
        fast.set_fastpath_enabled(False)
        if "torch._dynamo" in sys.modules and hasattr(torch.compiler, "set_stance"):
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        for module in network.modules():
            stack.callback(setattr, module, "training", module.training)
            module.training = False
        for name, module in modules.items():
            stack.callback(module.register_forward_hook(hook(name)).remove)
        feed = _make_feeder(network, stimuli, batch_size or len(stimuli))

        def run(rows: slice) -> None:
            calls.clear()
            forward(feed(rows).to(place))

        yield run


def _on_device(
    network: torch.nn.Module, device: torch.device | None
) -> tuple[Callable[[torch.Tensor], Any], torch.device]:
    """Return how to run a network, leaving its weights where they are, and where."""
    torch = import_torch()
    state = _state(network)
    places = {tensor.device for tensor in state.values()}
    if device is None:
        first = next(iter(state.values()), None)
        return network, torch.device("cpu") if first is None else first.device
    if places <= {device}:
        return network, device
    moved = {name: tensor.to(device) for name, tensor in state.items()}
    return lambda batch: torch.func.functional_call(network, moved, (batch,)), device


def _state(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def _make_feeder(
    network: torch.nn.Module, stimuli: Any, batch_size: int
) -> Callable[[slice], torch.Tensor]:
    """Return a function from rows to a batch in the type the network computes in.

    Integers stay integers for networks that look tokens up in an embedding, and in
    tensors; else they become floating-point numbers, as in scikit-learn. Batches are
    copies, since networks may write to their input.
    """
    torch = import_torch()
    floating = [t.dtype for t in _state(network).values() if t.is_floating_point()]
    dtype = floating[0] if floating else torch.get_default_dtype()
    lookup = (torch.nn.Embedding, torch.nn.EmbeddingBag)
    looks_up = any(isinstance(module, lookup) for module in network.modules())
    if is_tensor(stimuli):
        dtype = held = dtype if stimuli.is_floating_point() else stimuli.dtype
    elif looks_up and stimuli.dtype.kind in "iu":
        dtype = held = torch.int64
    else:
        held = torch.float64 if dtype == torch.float64 else torch.float32
    # One buffer for all batches: a new one for each would cost more than the copy.
    buffer = torch.empty(
        (min(batch_size, len(stimuli)), *stimuli.shape[1:]),
        dtype=held,
        device=stimuli.device if is_tensor(stimuli) else "cpu",
    )

    source = stimuli
    if not is_tensor(stimuli) and stimuli.flags.writeable:
        # torch copies with all its threads, but takes not every kind of array.
        with contextlib.suppress(TypeError, ValueError):
            source = torch.from_numpy(stimuli)

    def feed(rows: slice) -> Any:
        batch = source[rows]
        filled = buffer[: len(batch)]
        (filled if is_tensor(batch) else filled.numpy())[:] = batch
        return filled.to(dtype)

    return feed


def _pick_tensor(output: Any, name: str, n_stimuli: int) -> torch.Tensor:
    """Take the first tensor of an output (attention returns a tuple, for one).

    A tensor whose first axis is that of the stimuli is preferred.
    """
    if dataclasses.is_dataclass(output):
        parts = [getattr(output, field.name) for field in dataclasses.fields(output)]
    elif isinstance(output, Mapping):
        parts = list(output.values())
    else:
        parts = output if isinstance(output, (tuple, list)) else [output]
    tensors = [part for part in parts if is_tensor(part)]
    if not tensors or tensors[0].is_nested:
        raise ValueError(
            f"Layer {name!r} returned {type(output).__name__}, which holds no plain "
            "tensor; record another layer, inside it or around it."
        )
    fitting = [t for t in tensors if t.ndim and len(t) == n_stimuli]
    tensor = (fitting or tensors)[0].detach()
    return tensor.dequantize() if tensor.is_quantized else tensor


def _as_nodes(
    tensor: torch.Tensor, name: str, n_stimuli: int, reduce: str, feature_axis: int
) -> torch.Tensor:
    """Bring an output to the shape (n_stimuli, n_positions, *node_shape)."""
    if not tensor.ndim or len(tensor) != n_stimuli:
        raise ValueError(
            f"Layer {name!r} gave an output of shape {tuple(tensor.shape)} for "
            f"{n_stimuli} stimuli; the first axis must be that of the stimuli (in "
            "recurrent and transformer layers: batch_first=True)."
        )
    if tensor.is_complex():
        raise ValueError(f"Layer {name!r} gave complex numbers; expected real ones.")
    if tensor.dtype.itemsize != 8 or not tensor.is_floating_point():
        tensor = tensor.float()
    if tensor.ndim == 1:
        tensor = tensor[:, None]
    if tensor.ndim == 2 or reduce == "units":
        return tensor[:, None]
    axis = feature_axis + tensor.ndim * (feature_axis < 0)
    if not 0 < axis < tensor.ndim:
        raise ValueError(
            f"channel_axis={feature_axis} is no axis of the channels in the output of "
            f"layer {name!r}, {tuple(tensor.shape)}, whose axis 0 is the stimuli."
        )
    tensor = tensor.movedim(axis, -1).flatten(1, -2)
    if reduce == "mean":
        return tensor.mean(dim=1, keepdim=True)
    if reduce == "max":
        return tensor.amax(dim=1, keepdim=True)
    return tensor
