"""What a record of TopologyMonitor costs: ``python -m benchmarks.monitor``.

The time of a record of 500 stimuli against that of an epoch on 60,000 images, and a
folder of 200 checkpoints of a 784-128-64-10 network from files to a table: seconds, and
memory, which must not grow with the number of checkpoints.
"""

import importlib
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks._measure import (
    collect_facts,
    judge,
    make_parser,
    ratio,
    report,
    resident,
    stream_from_child,
    time_in_turn,
)
from sktopo.recording import Checkpoints
from sktopo.training import TopologyMonitor

N_STIMULI = 500
N_IMAGES = 60_000
BATCH = 64
FEW = 10
MIB = 2**20


def main(argv=None):
    """Measure the cost of records, and of a folder of checkpoints."""
    options = make_parser(__doc__).parse_args(argv)
    n_checkpoints, n_steps = (15, 5) if options.quick else (200, 94)
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    facts = collect_facts("monitor", options, "torch")
    with threadpool_limits(1):
        tables = {
            f"Processor time of a record of {N_STIMULI} stimuli, and of an epoch on "
            f"{N_IMAGES:,} images in batches of {BATCH}, of which {n_steps} batches "
            "were timed.": [
                compare_record(name, make, n_steps, options.repeats)
                for name, make in {"784-128-64-10": make_mlp, "CNN": make_cnn}.items()
            ],
            "From files to a table, in a process of its own.": measure_checkpoints(
                n_checkpoints
            ),
        }
    report("monitor", "Networks over time", tables, facts, options)


def make_mlp():
    """Make a fully connected network, and the shape of an image."""
    nn = importlib.import_module("torch").nn
    layers = [nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(64, 10)), (784,)


def make_cnn():
    """Make a small convolutional network, and the shape of an image."""
    nn = importlib.import_module("torch").nn
    first = [nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    second = [nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    dense = [nn.Flatten(), nn.Linear(32 * 49, 64), nn.ReLU(), nn.Linear(64, 10)]
    return nn.Sequential(*first, *second, *dense), (1, 28, 28)


def compare_record(name, make, n_steps, repeats):
    """Time a record and a part of an epoch in turn."""
    torch = importlib.import_module("torch")
    torch.manual_seed(0)
    network, shape = make()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    images, labels = torch.randn(BATCH, *shape), torch.arange(BATCH) % 10
    monitor = TopologyMonitor(torch.randn(N_STIMULI, *shape))

    def train():
        for _ in range(n_steps):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(network(images), labels)
            loss.backward()
            optimizer.step()

    calls = {"a record": lambda: monitor.record(network), "an epoch": train}
    seconds = time_in_turn(calls, repeats=repeats, clock=time.process_time)
    n_parts = N_IMAGES / BATCH / n_steps
    seconds["an epoch"] = [n_parts * taken for taken in seconds["an epoch"]]
    return ratio(name, seconds, "a record", "an epoch", at_most=0.05)


def measure_checkpoints(n_checkpoints):
    """Turn a folder of checkpoints into a table, in another process."""
    torch = importlib.import_module("torch")
    with TemporaryDirectory() as folder:
        torch.manual_seed(0)
        network, _ = make_mlp()
        for step in range(n_checkpoints):
            with torch.no_grad():
                for parameter in network.parameters():
                    parameter += 0.01 * torch.randn_like(parameter)
            torch.save(network.state_dict(), Path(folder, f"step{step}.pt"))
        ((n_rows, peaks, seconds),) = stream_from_child(yield_table, folder)
    growth = "" if None in peaks else (peaks[-1] - peaks[FEW]) / MIB
    return [
        {
            "what": f"{n_checkpoints} checkpoints",
            "rows of the table": n_rows,
            "result": seconds,
            "unit": "s of processor time",
            **judge(seconds, at_most=60),
        },
        {
            "what": f"memory after the last, above that after {FEW} of them",
            "rows of the table": n_rows,
            "result": growth,
            "unit": "MiB",
            **(judge(float(growth), at_most=20) if growth != "" else {}),
        },
    ]


def yield_table(folder):
    """Yield the number of rows of the table, peaks of memory, and processor time."""
    importlib.import_module("torch").set_num_threads(1)
    peaks = []

    def build():
        peaks.append(resident("VmHWM"))
        return make_mlp()[0]

    stimuli = np.random.default_rng(0).normal(size=(N_STIMULI, 784)).astype(np.float32)
    with threadpool_limits(1):
        start = time.process_time()
        monitor = TopologyMonitor(stimuli)
        monitor.record_checkpoints(Checkpoints(build, folder))
        table = monitor.table()
        seconds = time.process_time() - start
    yield len(table), [*peaks, resident("VmHWM")], seconds


if __name__ == "__main__":
    main()
