"""Activations against the bare forward pass: ``python -m benchmarks.extraction``.

Four networks, 784-128-64-10 on 10,000 stimuli, a small convolutional one on 2000, a
residual one on 1000 images and a transformer on 256 prompts, in batches:
ActivationExtractor against the forward pass of the same batches without gradients, in
evaluation mode, its outputs dropped; the memory of a language model whose logits would
not fit, and of a folder of checkpoints; then 200 networks in a row. Needs transformers.
"""

import gc
import tempfile
from itertools import chain
from pathlib import Path

import numpy as np
import torch
import transformers
from matplotlib.figure import Figure
from sklearn.pipeline import make_pipeline
from torch import nn

from benchmarks._measure import (
    COLOURS,
    collect_facts,
    judge,
    make_parser,
    peak_memory,
    ratio,
    report,
    resident,
    stream_from_child,
    time_in_turn,
)
from sktopo import ActivationExtractor, FunctionalConnectome, GraphPersistence
from sktopo.recording import Checkpoints

# name: shape of the stimuli; a prompt is a row of tokens
CASES = {
    "784-128-64-10": (10_000, 784),
    "convolutional": (2000, 1, 28, 28),
    "residual": (1000, 3, 32, 32),
    "transformer": (256, 32),
}
BATCH_SIZES = {
    "784-128-64-10": (256, 1024),
    "convolutional": (256, 1024),
    "residual": (64,),
    "transformer": (32,),
}
# Largest ratio of `transform` to the bare forward pass.
TARGETS = {"784-128-64-10": 1.4}
TARGET = 1.1
VOCABULARY = 1000
N_NETWORKS = 200
# Number of networks after which memory should not grow any more.
SETTLED = 20


def main(argv=None):
    """Time every case, follow memory over many networks and write the tables."""
    parser = make_parser(__doc__)
    options = parser.parse_args(argv)
    facts = collect_facts("extraction", options, "torch", "transformers")
    cases = CASES
    if options.quick:
        cases = {name: (shape[0] // 8, *shape[1:]) for name, shape in CASES.items()}
    times, memory = [], []
    for name, shape in cases.items():
        for batch_size in BATCH_SIZES[name]:
            times += time_extraction(name, shape, batch_size, options.repeats)
        memory += measure_memory(name, shape, BATCH_SIZES[name][0])
    large = [
        *measure_language_model(n_prompts=16 if options.quick else 256),
        *measure_checkpoints(n_checkpoints=3 if options.quick else 20),
    ]
    n_networks = 2 * SETTLED if options.quick else N_NETWORKS
    name, shape = next(iter(cases.items()))
    follow = list(stream_from_child(follow_networks, name, shape, n_networks))
    tables = {
        "Time for five networks. Tensor or array says in what the stimuli came to "
        "both; `fit_transform` and `transform` each look at two stimuli first.": times,
        "Memory beyond the stimuli during one network, in a fresh process.": memory,
        "Memory beyond what the process held before, in a fresh process.": large,
        f"{n_networks} networks in a row, each made, shown {shape[0]} stimuli and "
        f"dropped, its activations too; from the network number {SETTLED} to the "
        "last.": summarize(follow),
    }
    title = "Extraction against the bare forward pass"
    figure = draw(times, follow)
    report("extraction", title, tables, facts, options, figure=figure)


def make_network(name):
    """Make one of the networks, in evaluation mode."""
    if name == "transformer":
        network = transformers.GPT2Model(make_config(n_embd=256, n_layer=4, n_head=4))
    elif name == "residual":
        sizes = {"embedding_size": 32, "hidden_sizes": [32, 64, 128]}
        network = transformers.ResNetModel(
            transformers.ResNetConfig(**sizes, depths=[2, 2, 2], layer_type="basic")
        )
    elif name == "convolutional":
        network = nn.Sequential(
            *(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(800, 64), nn.ReLU(), nn.Linear(64, 10)),
        )
    else:
        network = nn.Sequential(
            *(nn.Linear(784, 128), nn.LeakyReLU(0.01)),
            *(nn.Linear(128, 64), nn.LeakyReLU(0.01), nn.Linear(64, 10)),
        )
    return network.eval()


def make_config(vocab_size=VOCABULARY, **sizes):
    """Make the configuration of a GPT-2."""
    tokens = {"bos_token_id": 0, "eos_token_id": 0}
    return transformers.GPT2Config(vocab_size=vocab_size, **sizes, **tokens)


def make_stimuli(name, shape):
    """Make random stimuli, float32, or tokens."""
    rng = np.random.default_rng(0)
    if name == "transformer":
        return rng.integers(VOCABULARY, size=shape)
    return rng.random(shape, dtype=np.float32)


def forward(networks, stimuli, batch_size):
    """Run the bare forward passes and drop their outputs."""
    with torch.no_grad():
        for network in networks:
            for batch in torch.as_tensor(stimuli).split(batch_size):
                network(batch)


def time_extraction(name, shape, batch_size, repeats):
    """Time networks of one kind and one size of batches; rows of ratios."""
    networks, array = [make_network(name) for _ in range(5)], make_stimuli(name, shape)
    given = {"tensor": torch.from_numpy(array), "array": array}
    calls = {}
    for kind, stimuli in given.items():
        extractor = ActivationExtractor(stimuli=stimuli, batch_size=batch_size)
        extractor.fit(networks)
        calls[f"forward ({kind})"] = bind(forward, networks, stimuli, batch_size)
        calls[f"transform ({kind})"] = bind(extractor.transform, networks)
        calls[f"fit_transform ({kind})"] = bind(extractor.fit_transform, networks)
    seconds = time_in_turn(calls, repeats=repeats)
    case = f"{name}, {shape}, {array.dtype}, batches of {batch_size}"
    target = TARGETS.get(name, TARGET) if shape == CASES[name] else None
    return [
        ratio(
            case,
            seconds,
            f"{what} ({kind})",
            f"forward ({kind})",
            at_most=target if what == "transform" else None,
        )
        for kind in given
        for what in ("transform", "fit_transform")
    ]


def bind(function, *args):
    """Call a function later."""
    return lambda: function(*args)


def measure_memory(name, shape, batch_size):
    """Measure the forward pass and the extraction; rows."""
    rows = []
    for what in ("forward", "transform"):
        peak = peak_memory(prepare, what, name, shape, batch_size)
        rows.append(
            {
                "case": f"{name}, {shape}, batches of {batch_size}",
                "what": what,
                "growth of the process, MiB": (peak["resident"] or 0) / 2**20,
                "output, MiB": output_size(name, shape) if what != "forward" else 0,
            }
        )
    return rows


def output_size(name, shape):
    """MiB of the recorded activations."""
    units = {
        "784-128-64-10": 128 + 64,
        "convolutional": 16 + 32 + 64,
        "residual": 32 + 4 * (32 + 64 + 128),
        "transformer": 4 * 4 * 256,
    }
    return shape[0] * units[name] * 4 / 2**20


def prepare(what, name, shape, batch_size):
    """Prepare a forward pass or an extraction for `peak_memory`."""
    network, stimuli = make_network(name), make_stimuli(name, shape)
    if what == "forward":
        return (
            lambda: forward([network], stimuli[:batch_size], batch_size),
            lambda: forward([network], stimuli, batch_size),
        )
    few, all_of_them = (
        ActivationExtractor(stimuli=part, batch_size=batch_size).fit([network])
        for part in (stimuli[:batch_size], stimuli)
    )
    return lambda: few.transform([network]), lambda: all_of_them.transform([network])


def measure_language_model(n_prompts):
    """Measure the memory of a model whose logits would take 3.3 GB at 256 prompts."""
    return judge_growth(
        f"GPT-2 of width 768 with a vocabulary of 50,257, {n_prompts} prompts of 64 "
        'tokens, layers="*.mlp.act"',
        peak_memory(prepare_language_model, n_prompts),
        at_most=1e9 / 2**20,
    )


def judge_growth(case, peak, at_most):
    """List the row of a case: by how many MiB the process grew, and the limit."""
    if peak["resident"] is None:
        return []
    grown = peak["resident"] / 2**20
    return [
        {
            "case": case,
            "growth of the process, MiB": grown,
            **judge(grown, at_most=at_most),
        }
    ]


def prepare_language_model(n_prompts):
    """Prepare the extraction from a language model for `peak_memory`."""
    config = make_config(50_257, n_embd=768, n_layer=2, n_head=12)
    network = transformers.GPT2LMHeadModel(config)
    prompts = torch.randint(50_257, (n_prompts, 64))
    few, all_of_them = (
        ActivationExtractor(stimuli=part, layers="*.mlp.act")
        for part in (prompts[:1], prompts)
    )
    return (
        lambda: few.fit_transform([network]),
        lambda: all_of_them.fit_transform([network]),
    )


def measure_checkpoints(n_checkpoints):
    """Measure the memory of a pipeline on a folder of checkpoints of 64 MB."""
    with tempfile.TemporaryDirectory() as folder:
        for step in range(n_checkpoints):
            torch.save(make_large().state_dict(), Path(folder) / f"step{step}.pt")
        size = (Path(folder) / "step0.pt").stat().st_size / 2**20
        peak = peak_memory(prepare_checkpoints, folder)
    return judge_growth(
        f"{n_checkpoints} checkpoints of {size:.0f} MiB to Wasserstein rows; the "
        "target is three networks",
        peak,
        at_most=3 * size,
    )


def make_large():
    """Make a network of 16 million weights, 64 MB, that ends in 256 rectifiers."""
    hidden = [(nn.Linear(1870, 1870), nn.Tanh()) for _ in range(4)]
    return nn.Sequential(
        *(nn.Linear(784, 1870), nn.Tanh(), *chain.from_iterable(hidden)),
        *(nn.Linear(1870, 256), nn.ReLU()),
    )


def prepare_checkpoints(folder):
    """Prepare the pipeline from checkpoints to rows for `peak_memory`."""
    checkpoints = Checkpoints(make_large, folder)
    pipeline = make_pipeline(
        ActivationExtractor(stimuli=make_stimuli("784", (100, 784)), layers=nn.ReLU),
        FunctionalConnectome(),
        GraphPersistence(),
    )
    small = [nn.Sequential(nn.Linear(784, 9), nn.ReLU()) for _ in range(2)]
    return (
        lambda: pipeline.fit_transform(small),
        lambda: pipeline.fit_transform(checkpoints),
    )


def follow_networks(name, shape, n_networks):
    """Show stimuli to networks in a row; yield what is left after each.

    Yields
    ------
    left : dict of str to int
        Size of the process in bytes, numbers of live tensors, those of kept graphs
        among them, and of hooks.
    """
    stimuli = make_stimuli(name, shape)
    for _ in range(n_networks):
        network = make_network(name)
        extractor = ActivationExtractor(stimuli=stimuli)
        extractor.fit_transform([network])
        hooks = sum(
            len(module._forward_hooks) + len(module._forward_pre_hooks)
            for module in network.modules()
        )
        del network, extractor
        gc.collect()
        # By type: isinstance would ask torch's lazy objects, which warn.
        tensors = sum(issubclass(type(x), torch.Tensor) for x in gc.get_objects())
        yield {"size": resident("VmRSS"), "tensors": tensors, "hooks": hooks}


def summarize(follow):
    """Compare the end of `follow_networks` with its settled part; a row each."""
    first, last = follow[SETTLED - 1], follow[-1]
    rows = [
        {
            "what": f"{what} left",
            "settled": first[what],
            "last": last[what],
            "growth": last[what] - first[what],
            **judge(last[what] - first[what], at_most=0),
        }
        for what in ("hooks", "tensors")
    ]
    if last["size"] is None:
        return rows
    sizes = [left["size"] / 2**20 for left in (first, last)]
    grown = sizes[1] - sizes[0]
    # If a single network were kept, memory would grow by the size of its activations.
    return [
        *rows,
        {
            "what": "size of the process, MiB",
            "settled": sizes[0],
            "last": sizes[1],
            "growth": grown,
            **judge(
                grown, at_most=output_size("784-128-64-10", CASES["784-128-64-10"])
            ),
        },
    ]


def draw(times, follow):
    """Draw the ratios, and the size of the process network by network."""
    figure = Figure(figsize=(12, 1.5 + 0.28 * len(times)), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.2, 1))
    labels = [
        f"{row['case'].split(', (')[0]}, {row['case'].split(', ')[-1]}, "
        f"{row['ratio of'].split(' / ')[0]}"
        for row in times
    ]
    left.barh(labels, [row["ratio"] for row in times], color=COLOURS[0])
    left.axvline(1, color="black", linewidth=1, label="bare forward pass")
    left.axvline(TARGET, color=COLOURS[1], linestyle="--", label="target")
    left.set(xlabel="time / bare forward pass")
    left.invert_yaxis()
    figure.legend(
        *left.get_legend_handles_labels(), loc="outside lower center", ncols=2
    )
    if follow[0]["size"] is not None:
        sizes = [left["size"] / 2**20 for left in follow]
        right.plot(range(1, len(sizes) + 1), sizes, color=COLOURS[0])
        right.set(ylim=(0, 1.2 * max(sizes)))
    right.set(xlabel="networks shown", ylabel="size of the process (MiB)")
    right.grid(alpha=0.3)
    return figure


if __name__ == "__main__":
    main()
