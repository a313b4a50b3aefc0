"""Stopping rules compared on whole runs of training: ``python -m benchmarks.stopping``.

Networks are trained to the end, and rules are applied to what was measured after each
epoch. Parameters of all rules are chosen on the runs on digits, by one criterion, and
shown on the runs on MNIST and Fashion-MNIST.
"""

import argparse
import time
from pathlib import Path

from benchmarks._data import add_data_option
from benchmarks._options import read_positive


def main(argv=None):
    """Train the runs that are not in the folder yet, and write the tables."""
    options = read_options(argv)
    # Imported late, so that a mistake in the options is reported at once.
    from benchmarks.stopping import _report, _runs  # noqa: PLC0415

    curves = collect(options, _runs)
    folder = options.tables or options.output / "tables"
    _report.write_tables(curves, folder, is_quick=options.quick)


def read_options(argv=None):
    """Read the options."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stopping", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add_data_option(parser)
    add("--output", type=Path, default=Path("studies/stopping"), help="of all runs")
    add("--tables", type=Path, help="folder of the tables (in the one of the runs)")
    add("--epochs", type=read_positive, help="of each run (60; 6 of a trial)")
    add("--seeds", type=read_positive, help="runs of each kind (3; 2 of a trial)")
    add("--quick", action="store_true", help="a trial: few epochs, digits only")
    options = parser.parse_args(argv)
    epochs, seeds = (6, 2) if options.quick else (60, 3)
    options.epochs = options.epochs or epochs
    options.seeds = options.seeds or seeds
    return options


def collect(options, _runs):
    """Return pairs of a run and its curves, which are read if they were measured."""
    import torch  # noqa: PLC0415

    from benchmarks.studies._files import load_arrays, save_arrays  # noqa: PLC0415

    torch.set_num_threads(1)
    found, images = [], {}
    datasets = ("digits",) if options.quick else _runs.DATASETS
    for run in _runs.list_runs(options.seeds, datasets):
        name = f"{_runs.name_run(run)}-{options.epochs}"
        path = options.output / "runs" / f"{name}.npz"
        if not path.exists():
            dataset = run["dataset"]
            if dataset not in images:
                images = {dataset: _runs.load_images(dataset, options.data)}
            start = time.process_time()
            curves = _runs.train_run(run, images[dataset], options.epochs)
            save_arrays(path, curves)
            print(f"{name}: {time.process_time() - start:.1f} s", flush=True)
        found.append((run, load_arrays(path)))
    return found


if __name__ == "__main__":
    main()
