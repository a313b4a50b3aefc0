"""Running torch networks with hooks, and writing what their layers give to arrays.

torch is imported inside the functions only.
"""

import contextlib
import difflib
import fnmatch
import threading
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_array

from sktopo._validation import import_optional

# Hooks and evaluation mode belong to the network, which threads may share: while one
# thread runs a network, no other may switch its mode or feed its hooks.
_ONE_AT_A_TIME = threading.RLock()

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


class Recorded(NamedTuple):
    """One output that is recorded: where it arises and how its nodes are named."""

    module: str
    call: int
    label: str
    feature_axis: int
    n_positions: int
    node_shape: tuple
    dtype: np.dtype

    @property
    def n_nodes(self):
        """Count the nodes."""
        return int(np.prod(self.node_shape))

    @property
    def node_names(self):
        """Name the nodes: ``label[channel]`` or ``label[channel,row,column]``."""
        places = (",".join(map(str, place)) for place in np.ndindex(self.node_shape))
        return [f"{self.label}[{place}]" for place in places]


def import_torch():
    """Import torch, or say how to install it."""
    return import_optional("torch", extra="torch", purpose="Recording networks")


def check_network(network, name):
    """Raise unless `network` is a torch module that can run; `name` is for errors."""
    torch = import_torch()
    if not isinstance(network, torch.nn.Module):
        raise TypeError(
            f"{name} must be a torch.nn.Module, got {type(network).__name__}."
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


def check_stimuli(stimuli, name="stimuli"):
    """Validate stimuli of shape (n_stimuli, ...): an array, or a tensor as it is."""
    if not (hasattr(stimuli, "__array__") or isinstance(stimuli, (list, tuple))):
        raise TypeError(
            f"{name} must be an array or a tensor, got {type(stimuli).__name__}; put "
            "the batches of a loader together first, e.g. with torch.cat."
        )
    if hasattr(stimuli, "detach") and hasattr(stimuli, "is_floating_point"):
        if stimuli.ndim < 2 or not len(stimuli):
            raise ValueError(
                f"{name} has shape {tuple(stimuli.shape)}; expected (n_stimuli, ...)."
            )
        if stimuli.is_floating_point() and not stimuli.isfinite().all():
            raise ValueError(f"{name} contains NaN or infinity.")
        return stimuli.detach()
    return check_array(stimuli, dtype="numeric", allow_nd=True, input_name=name)


def check_device(device):
    """Resolve a device and raise a ValueError unless it is at hand."""
    if device is None:
        return None
    torch = import_torch()
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ValueError(
            f"device={device!r} cannot be used here ({error}). Choose another, or "
            "None to run each network where it is."
        ) from error


def plan_recording(network, stimuli, *, layers, reduce, feature_axis, device):
    """Show a network its first stimuli to learn what there will be to record.

    Returns a list of `Recorded` in the order of execution.
    """
    probe = stimuli[:2]  # two, so that the axis of the batch can be told from others
    modules, required = select_modules(network, layers)
    axes = [feature_axis if feature_axis != "auto" else None]
    plan = []

    def note(name, call, tensor):
        axis = axes[-1] if axes[-1] is not None else (1 if tensor.ndim > 3 else -1)
        kept = _as_nodes(tensor, name, len(probe), reduce, axis)
        plan.append(
            Recorded(
                name,
                call,
                (name or type(network).__name__) + (f"#{call + 1}" if call else ""),
                axis,
                kept.shape[1],
                tuple(kept.shape[2:]),
                np.dtype(np.float64 if kept.dtype.itemsize == 8 else np.float32),
            )
        )

    with contextlib.ExitStack() as stack:
        if feature_axis == "auto":
            stack.enter_context(_track_axis(network, axes))
        try:
            run = stack.enter_context(_hooked(network, modules, device, note))
            run(probe)
        except RuntimeError as error:
            raise ValueError(
                f"The network ({type(network).__name__}) could not be run on the first "
                f"{len(probe)} of {len(stimuli)} stimuli, a batch of shape "
                f"{tuple(probe.shape)} and type {probe.dtype}: {error}"
            ) from error
    idle = required - {recorded.module for recorded in plan}
    if idle or not plan:
        raise ValueError(
            f"No output came from the layers {sorted(idle or modules)}: the network "
            "does not run them. Choose other layers."
        )
    if len({recorded.n_positions for recorded in plan}) > 1:
        found = ", ".join(f"{r.label}: {r.n_positions}" for r in plan)
        raise ValueError(
            "reduce='observations' needs layers with equally many positions, got "
            f"{found}. Choose fewer layers, or another way to reduce."
        )
    return plan


def record(network, stimuli, plan, *, reduce, batch_size, device, out):
    """Run a network on all stimuli and write its nodes to `out`.

    `out` is an array of shape (n_stimuli * n_positions, n_nodes), filled batch by
    batch while the network runs, so that in-place operations that follow a layer
    cannot change what was recorded and memory does not grow.
    """
    columns, stop = {}, 0
    for recorded in plan:
        start, stop = stop, stop + recorded.n_nodes
        columns[recorded.module, recorded.call] = recorded, slice(start, stop)
    out = out.reshape(len(stimuli), plan[0].n_positions, stop)
    names = dict.fromkeys(recorded.module for recorded in plan)
    modules = {name: network.get_submodule(name) for name in names}
    rows, seen = slice(0), Counter()

    def write(name, call, tensor):
        recorded, place = columns.get((name, call), (None, None))
        if recorded is not None:
            n_rows = rows.stop - rows.start
            kept = _as_nodes(tensor, name, n_rows, reduce, recorded.feature_axis)
        if recorded is None or kept.shape[1:] != (
            recorded.n_positions,
            *recorded.node_shape,
        ):
            raise ValueError(
                f"Layer {name!r} ran otherwise than on the first stimuli (call "
                f"{call + 1}, output {tuple(tensor.shape)}): its nodes change from "
                "stimulus to stimulus and make no connectome."
            )
        out[rows, :, place] = kept.flatten(2).cpu().numpy()
        seen[name, call] += 1

    n_batches = -(-len(stimuli) // batch_size)
    cuts = np.linspace(0, len(stimuli), n_batches + 1).astype(int)
    with _hooked(network, modules, device, write) as run:
        for batch, (start, end) in enumerate(zip(cuts[:-1], cuts[1:], strict=True)):
            rows = slice(start, end)
            run(stimuli[rows])
            if any(seen[key] != batch + 1 for key in columns):
                raise ValueError(
                    f"A layer among {sorted(modules)} did not run on stimuli {start} "
                    f"to {end - 1}, but did on the first ones."
                )
    for (name, _), (_, place) in columns.items():
        with np.errstate(invalid="ignore"):
            total = out[..., place].sum(dtype=np.float64)
        if not np.isfinite(total):
            raise ValueError(
                f"Layer {name!r} gave NaN or infinity: the network may have diverged."
            )


def select_modules(network, layers):
    """Find the modules to record: a dict of names, and the names given exactly."""
    named = dict(network.named_modules(remove_duplicate=False))
    if layers is None:
        chosen = [name for name, module in named.items() if _is_activation(module)]
        if not chosen:
            raise ValueError(
                "The network has no activation-function modules to record (functions "
                "such as torch.nn.functional.relu cannot be hooked). Name layers "
                f"among: {_listed(named)}."
            )
        exact = set()
    else:
        entries = layers if isinstance(layers, (list, tuple)) else [layers]
        chosen = [name for entry in entries for name in _match(entry, named)]
        exact = {entry for entry in entries if isinstance(entry, str)} & set(named)
    modules, canonical = {}, {}
    for name in chosen:
        # A module with two names is recorded once, under the first chosen.
        canonical.setdefault(named[name], name)
        modules.setdefault(canonical[named[name]], named[name])
    return modules, {canonical[named[name]] for name in exact}


def _match(entry, named):
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


def _listed(named):
    names = [name for name in named if name]
    return ", ".join(names[:30]) + (", ..." if len(names) > 30 else "")


def _origins(module):
    """Give the names and defining files of the classes a module is made of."""
    return [(base.__name__, base.__module__) for base in type(module).__mro__]


def _is_activation(module):
    return any(
        file == "torch.nn.modules.activation" and name not in _NO_ACTIVATIONS
        for name, file in _origins(module)
    )


@contextlib.contextmanager
def _track_axis(network, axes):
    """Append to `axes` the feature axis of every layer of known layout that runs."""
    handles = []
    try:
        for module in network.modules():
            for name, file in _origins(module):
                if file.startswith("torch.nn.modules."):
                    axis = _FEATURE_AXIS_BY_NAME.get(name, _FEATURE_AXIS.get(file))
                    if axis is not None:
                        handles.append(
                            module.register_forward_hook(
                                lambda *_, axis=axis: axes.append(axis)
                            )
                        )
                    break
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextlib.contextmanager
def _hooked(network, modules, device, consume):
    """Let `consume(name, call, tensor)` see the outputs of modules; yields a runner.

    The network is in evaluation mode under `inference_mode` meanwhile. Its modes, its
    hooks and the state of torch's random numbers are as before afterwards, whatever
    is raised.
    """
    torch = import_torch()
    calls = Counter()

    def hook(name):
        def see(module, args, output):
            calls[name] += 1
            consume(name, calls[name] - 1, _first_tensor(output, name))

        return see

    with contextlib.ExitStack() as stack:
        stack.enter_context(_ONE_AT_A_TIME)
        stack.enter_context(torch.inference_mode())
        forward, place = _on_device(network, device)
        gpus = [place] if place.type == "cuda" else []
        stack.enter_context(torch.random.fork_rng(devices=gpus))
        for module in network.modules():
            stack.callback(setattr, module, "training", module.training)
        network.eval()
        for name, module in modules.items():
            stack.callback(module.register_forward_hook(hook(name)).remove)

        def run(stimuli):
            calls.clear()
            forward(_as_input(stimuli, network).to(place))

        yield run


def _on_device(network, device):
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


def _state(network):
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def _as_input(stimuli, network):
    """Turn a batch of stimuli into a tensor of the type the network computes in.

    Integers stay integers for networks that look tokens up in an embedding, and in
    tensors; else they become floating-point numbers, as in scikit-learn.
    """
    torch = import_torch()
    is_tensor = isinstance(stimuli, torch.Tensor)
    # A copy, since arrays may be read-only and networks may write to their input.
    batch = stimuli.clone() if is_tensor else torch.as_tensor(np.array(stimuli))
    floating = [t.dtype for t in _state(network).values() if t.is_floating_point()]
    if not batch.is_floating_point():
        if is_tensor:
            return batch
        if any(isinstance(m, torch.nn.Embedding) for m in network.modules()):
            return batch.long()
        batch = batch.to(torch.get_default_dtype())
    return batch.to(floating[0]) if floating else batch


def _first_tensor(output, name):
    """Take the first tensor of what a module returned (attention returns a tuple)."""
    torch = import_torch()
    if isinstance(output, torch.Tensor):
        return output
    parts = output.values() if isinstance(output, Mapping) else output
    if isinstance(parts, (tuple, list)) or isinstance(output, Mapping):
        for part in parts:
            if isinstance(part, torch.Tensor):
                return part
    raise ValueError(
        f"Layer {name!r} returned {type(output).__name__}, which holds no tensor; "
        "record a layer inside it."
    )


def _as_nodes(tensor, name, n_stimuli, reduce, feature_axis):
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
    if (
        not 0 < feature_axis % tensor.ndim
        or not -tensor.ndim <= feature_axis < tensor.ndim
    ):
        raise ValueError(
            f"channel_axis={feature_axis} is no axis of the channels in the output of "
            f"layer {name!r}, {tuple(tensor.shape)}, whose axis 0 is the stimuli."
        )
    tensor = tensor.movedim(feature_axis, -1).flatten(1, -2)
    if reduce == "mean":
        return tensor.mean(dim=1, keepdim=True)
    if reduce == "max":
        return tensor.amax(dim=1, keepdim=True)
    return tensor
