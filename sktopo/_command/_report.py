"""``sktopo report``: from files to a page that says whether groups differ."""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from sktopo._command._inputs import READERS
from sktopo._command._labels import Labels, read_labels
from sktopo._utils.optional import import_optional

SUMMARY = "compare networks, recordings or connectomes in files, as one HTML page"
DESCRIPTION = """\
Compare the networks, recordings or connectomes in files. The report is one HTML file
that opens without a connection: what was compared, pictures, a table of differences,
tests, settings and versions, and a paragraph for the methods section of a paper.
Without labels it has no tests.

All inputs are checked before the work begins. Progress is written to stderr, and the
path of the report to stdout.
"""
EPILOG = """\
labels.csv names each file, with or without its suffix, and has a column of labels:
  file,label
  run1.pt,dropout
  run2.pt,plain

examples:
  checkpoints of torch networks; create() in train.py returns a new network
    sktopo report --checkpoints 'runs/*.pt' --build train.py:create \\
        --stimuli images.npy --labels labels.csv -o report.html
  recordings of subjects, time points in rows and regions in columns
    sktopo report --recordings 'subjects/*.csv' --labels labels.csv
  recordings in one folder for each group, some with missing values
    sktopo report --recordings 'study/*/*.csv' --labels folder --missing drop_nodes
  symmetric matrices; two sessions a person, and motion as a covariate
    sktopo report --connectomes '*.csv' --labels table.csv --label-column diagnosis \\
        --group-column person --covariates motion

With --cache FOLDER a run that was stopped goes on where it was.

needs: pip install 'sktopo[report]', and 'sktopo[report,torch]' for --checkpoints
"""
USAGE = """\
sktopo report --checkpoints FILES --build MODULE:FUNCTION --stimuli FILE [options]
       sktopo report --recordings FILES [options]
       sktopo report --connectomes FILES [options]\
"""
MISSING = ("raise", "drop_nodes", "drop_frames", "pairwise")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command to a parser."""
    parser.usage = USAGE
    group = parser.add_argument_group("what is compared (one of three)")
    kinds = group.add_mutually_exclusive_group(required=True)
    for kind, what in (
        (
            "checkpoints",
            "weights of torch networks: .pt, .pth, .safetensors, ...",
        ),
        (
            "recordings",
            "tables of time series: .csv, .tsv, .npy, .npz, .mat, .parquet",
        ),
        ("connectomes", "symmetric matrices of edge weights, in files of these kinds"),
    ):
        kinds.add_argument(
            f"--{kind}",
            nargs="+",
            metavar="FILES",
            help=f"{what}; a folder, a pattern in quotes, or paths",
        )
    _add_label_arguments(parser.add_argument_group("who is compared with whom"))
    _add_network_arguments(parser.add_argument_group("networks"))
    _add_unit_arguments(parser.add_argument_group("networks and recordings"))
    _add_table_arguments(parser.add_argument_group("recordings and connectomes"))
    _add_run_arguments(parser.add_argument_group("the run and its report"))


def _add_label_arguments(group):
    group.add_argument(
        "--labels", metavar="CSV", help="table of labels, or 'folder': their folders"
    )
    for name, what in (
        ("label-column", "column of labels, if there are others"),
        ("group-column", "column that says whom files are from, measured repeatedly"),
    ):
        group.add_argument(f"--{name}", metavar="NAME", help=what)
    group.add_argument(
        "--covariates", nargs="+", metavar="NAME", help="columns of numbers"
    )


def _add_network_arguments(group):
    group.add_argument(
        "--build",
        metavar="MODULE:FUNCTION",
        help="what returns a new network; also FILE.py:FUNCTION",
    )
    group.add_argument(
        "--stimuli",
        type=Path,
        metavar="FILE",
        help="inputs of the networks: .npy, or .npz with one array for each input",
    )
    group.add_argument(
        "--layers",
        nargs="+",
        metavar="LAYER",
        help="what is recorded, by name or pattern; default: all activation functions",
    )
    group.add_argument("--device", help="where networks run, such as cuda")
    group.add_argument(
        "--trust", action="store_true", help="load checkpoints that hold Python objects"
    )


def _add_unit_arguments(group):
    group.add_argument(
        "--constant-units",
        choices=("zero", "drop", "raise"),
        help="what to do with nodes that never vary or hold NaN only; default: zero, "
        "their weights are 0",
    )


def _add_table_arguments(group):
    group.add_argument(
        "--missing", choices=MISSING, help="what to do with NaN in recordings"
    )
    group.add_argument(
        "--node-axis",
        type=int,
        choices=(0, 1),
        help="where the regions of recordings are: 0 for rows, 1 for columns",
    )
    group.add_argument("--key", metavar="NAME", help="the array in .npz and .mat files")


def _add_run_arguments(group):
    group.add_argument(
        "-o",
        "--output",
        type=Path,
        default="report.html",
        metavar="FILE",
        help="default: report.html",
    )
    group.add_argument("--title", help="title of the report")
    group.add_argument("--seed", type=int, default=0, metavar="N", help="default: 0")
    group.add_argument(
        "--permutations",
        type=int,
        default=9999,
        metavar="N",
        help="relabellings of each test, default: 9999",
    )
    group.add_argument("--n-jobs", type=int, metavar="N", help="-1 for all cores")
    group.add_argument(
        "--cache", metavar="FOLDER", help="keep what is computed of each file here"
    )
    group.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        help="write errors and warnings only",
    )


def run(args: argparse.Namespace) -> None:
    """Read and check all inputs, make the report and print its path."""
    _check_arguments(args)
    _check_output(args.output)
    _check_extras(args)
    show_progress = not args.quiet and find_spec("tqdm") is not None
    kind = next(kind for kind in READERS if getattr(args, kind))
    inputs = READERS[kind](args)
    labels = Labels()
    if args.labels:
        labels = read_labels(
            args.labels,
            inputs.files,
            label_column=args.label_column,
            group_column=args.group_column,
            covariates=args.covariates,
        )
    if not args.quiet:
        print(_describe(kind, inputs.files, labels.labels), file=sys.stderr)
    inputs.check(show_progress)
    report = inputs.make(
        y=labels.labels,
        sample_names=list(inputs.files),
        sample_groups=labels.persons,
        covariates=_name_columns(labels.covariates, args.covariates),
        title=args.title,
        n_permutations=args.permutations,
        random_state=args.seed,
        n_jobs=args.n_jobs,
        memory=args.cache,
        verbose=show_progress,
    )
    report.save(args.output)
    print(args.output)


def _name_columns(covariates, names):
    """Return covariates as a data frame, whose names the report tells."""
    if covariates is None:
        return None
    pandas = import_optional("pandas", extra="report", purpose="sktopo report")
    return pandas.DataFrame(covariates, columns=names)


def _check_arguments(args):
    """Raise a ValueError if options are missing, or are not for what is compared."""
    needed = [name for name in ("build", "stimuli") if getattr(args, name) is None]
    if args.checkpoints and needed:
        raise ValueError(f"--checkpoints needs --{needed[0]} as well.")
    only = {
        "build": "checkpoints",
        "stimuli": "checkpoints",
        "layers": "checkpoints",
        "device": "checkpoints",
        "trust": "checkpoints",
        "missing": "recordings",
        "node_axis": "recordings",
        "label_column": "labels",
        "group_column": "labels",
        "covariates": "labels",
    }
    for name, other in only.items():
        value = getattr(args, name)
        is_given = value is not None and value is not False  # 0 is a choice
        if is_given and not getattr(args, other):
            raise ValueError(f"--{name.replace('_', '-')} is only for --{other}.")
    if args.key and args.checkpoints:
        raise ValueError("--key is only for --recordings and --connectomes.")
    if args.constant_units and args.connectomes:
        raise ValueError("--constant-units is only for --checkpoints and --recordings.")


def _check_output(path):
    """Raise an error unless a file can be written at the path."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder; expected the name of a file after -o.")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"{path} cannot be written: there is no folder {path.parent}.")
    try:
        if path.exists():
            path.open("ab").close()
        tempfile.TemporaryFile(dir=path.absolute().parent).close()
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}.") from error


def _check_extras(args):
    """Raise an ImportError that names the extra if a library is missing."""
    needed = dict.fromkeys(("jinja2", "matplotlib", "pandas"), "report")
    if args.checkpoints:
        needed["torch"] = "report,torch"
    for module, extra in needed.items():
        import_optional(module, extra=extra, purpose="sktopo report")


def _describe(kind, files, labels):
    """Say how many files there are, and of which labels."""
    text = f"{len(files)} {kind}"
    if labels is None:
        return f"{text}, without labels"
    names, counts = np.unique(labels, return_counts=True)
    listed = zip(counts, names, strict=True)
    return f"{text}: {', '.join(f'{count} {name}' for count, name in listed)}"
