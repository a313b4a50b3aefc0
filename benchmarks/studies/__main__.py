"""The paper's studies, from data to report: ``python -m benchmarks.studies NAME``."""

import argparse
from pathlib import Path

from benchmarks._data import add_data_option
from benchmarks._options import check_names, read_positive
from benchmarks.studies._data import DATASETS

# Settings that two cores finish in about an hour.
REDUCED = {"cifar10": {"n_networks": 5, "select": "none"}}
FULL = {"n_networks": 20, "select": "reduced", "epochs": None}
# Settings of a trial, and of a trial on data other than the digits.
QUICK = {"n_networks": 5, "epochs": 40}
QUICK_ELSEWHERE = {"epochs": 1, "select": "none"}

STUDIES = {
    "strategies": "study 1",
    "stimuli": "study 2",
    "runtime": "study 3",
    "summary": "tables and figures of the page about the reports in --output",
}
HELP = "; ".join(f"{name}: {what}" for name, what in STUDIES.items())


def main(argv=None):
    """Run a study."""
    options = read_options(argv)
    # Imported late, so that a mistake in the options is reported at once.
    if options.study == "summary":
        from benchmarks.studies._summary import summarize_reports  # noqa: PLC0415

        return summarize_reports(options.output)
    if options.study == "runtime":
        from benchmarks import runtime  # noqa: PLC0415

        given = ["--output", str(options.output / "runtime")]
        return runtime.main([*given, "--quick"] if options.quick else given)
    from benchmarks.studies import _report, _stages  # noqa: PLC0415

    collect = getattr(_stages, f"collect_{options.study}")
    return _report.report_study(collect(options), options)


def make_parser():
    """Make the parser of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.studies", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("study", choices=tuple(STUDIES), metavar="NAME", help=HELP)
    add("--dataset", choices=DATASETS, help="default: mnist")
    add("--quick", action="store_true", help="a trial, by default on the digits")
    add_data_option(parser)
    add("--output", type=Path, default=Path("studies"), help="folder of all results")
    add("--n-networks", type=read_positive, help="per strategy (20; 5 for cifar10)")
    add("--epochs", type=read_positive, help="of all training (depends on the data)")
    add("--device", default="cpu", help="of the training, e.g. cuda")
    add("--n-jobs", type=int, default=2, help="jobs at once")
    add("--seed", type=int, default=0, help="of the networks")
    add("--methods", nargs="+", metavar="NAME", help="names of methods (all)")
    grids = ("none", "reduced", "paper")
    add("--select", choices=grids, help="grid of the cross-validation (reduced)")
    add("--fresh-per-class", action="store_true", help="stimuli: train for each class")
    return parser


def read_options(argv=None):
    """Read the options and fill in defaults, except epochs, which settings decide.

    Parameters
    ----------
    argv : list of str, default=None
        The arguments; None takes those of the command.

    Returns
    -------
    options : argparse.Namespace
        The options, and `report`: the name of the folder of the report, the data set
        and what sets the run apart, such as ``"mnist-fixed"`` or ``"mnist-seed1"``.
    """
    parser = make_parser()
    options = parser.parse_args(argv)
    options.dataset = options.dataset or ("digits" if options.quick else "mnist")
    defaults = FULL | REDUCED.get(options.dataset, {})
    if options.quick:
        defaults |= QUICK | (QUICK_ELSEWHERE if options.dataset != "digits" else {})
    for name in FULL:
        if getattr(options, name) is None:
            setattr(options, name, defaults[name])
    options.report = options.dataset
    if options.select != defaults["select"]:
        options.report += {"none": "-fixed"}.get(options.select, f"-{options.select}")
    if options.seed:
        options.report += f"-seed{options.seed}"
    _check_methods(parser, options.methods)
    return options


def _check_methods(parser, names):
    """Exit with a message unless each name is that of a method."""
    if names is not None:
        from benchmarks.studies._methods import METHODS  # noqa: PLC0415

        check_names(parser, names, METHODS)


if __name__ == "__main__":
    main()
