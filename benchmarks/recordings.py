"""A study of 500 recordings of 400 regions: ``python -m benchmarks.recordings``.

Recordings of 200 time points in two groups: the time of the process and the memory of
their connectomes, the rows of these, and a permutation test of 9,999 relabellings, one
after the other in a fresh process that lets go of what it needs no longer.
"""

import time

import numpy as np

from benchmarks._measure import (
    collect_facts,
    judge,
    make_parser,
    report,
    resident,
    stream_from_child,
)
from sktopo import FunctionalConnectome, GraphPersistence
from sktopo.inference import permutation_test

N_RECORDINGS, N_TIMES, N_REGIONS = 500, 200, 400
DTYPES = ("float64", "float32")
MAX_SECONDS = 10


def run_study(n_recordings, dtype):
    """Run the steps; yield for each its name, seconds, and largest size so far."""
    rng = np.random.default_rng(0)
    shape = (n_recordings, N_TIMES, N_REGIONS)
    rows = rng.standard_normal(shape, dtype=dtype)
    y = np.arange(n_recordings) % 2
    yield "recordings", None, resident("VmHWM")
    start = time.process_time()
    rows = FunctionalConnectome().fit_transform(rows)
    yield "connectome", time.process_time() - start, resident("VmHWM")
    start = time.process_time()
    rows = GraphPersistence().fit_transform(rows)
    yield "persistence", time.process_time() - start, resident("VmHWM")
    start = time.process_time()
    permutation_test(rows, y, random_state=0)
    yield "permutation test", time.process_time() - start, resident("VmHWM")


def main(argv=None):
    """Measure both precisions, and write the table."""
    options = make_parser(__doc__).parse_args(argv)
    facts = collect_facts("recordings", options)
    n_recordings = 20 if options.quick else N_RECORDINGS
    table = []
    for dtype in DTYPES:
        steps = list(stream_from_child(run_study, n_recordings, dtype))
        table += [
            {
                "precision": dtype,
                "step": name,
                "seconds of the process": seconds,
                "largest size so far, MiB": None if size is None else size / 2**20,
            }
            for name, seconds, size in steps
        ]
        total = sum(seconds or 0 for _, seconds, _ in steps)
        table[-1] |= {"all steps, seconds": total, **judge(total, at_most=MAX_SECONDS)}
    heading = (
        f"{n_recordings} recordings of {N_TIMES} time points and {N_REGIONS} regions; "
        "seconds count all threads of the process, and sizes include Python, its "
        "libraries and the recordings."
    )
    title = "A study of recordings"
    report("recordings", title, {heading: table}, facts, options)


if __name__ == "__main__":
    main()
