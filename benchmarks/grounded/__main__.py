"""Methods judged by known networks: ``python -m benchmarks.grounded NAME``."""

import argparse
from pathlib import Path

from benchmarks._data import add_data_option
from benchmarks._options import check_names, read_positive
from benchmarks.studies._data import DATASETS

STUDIES = {
    "designs": "networks known by design, as in ReSi",
    "conditions": "other stimuli, widths and inputs, and other numbers of stimuli",
    "summary": "tables and the figure of the page about the reports in --output",
}
HELP = "; ".join(f"{name}: {what}" for name, what in STUDIES.items())
FULL = {
    "n_networks": 10,
    "n_stimuli": 1000,
    "stimuli_numbers": (2000, 500, 100, 50),
    "n_draws": 999,
    "training": {
        "mlp": {"n_images": 20_000, "epochs": 10},
        "cnn": {"n_images": 10_000, "epochs": 5},
    },
}
# A trial, on less than a minute of two cores with the digits.
QUICK = {
    "n_networks": 4,
    "n_stimuli": 150,
    "stimuli_numbers": (50,),
    "n_draws": 99,
    "training": {
        "mlp": {"n_images": 1000, "epochs": 10},
        "cnn": {"n_images": 1000, "epochs": 6},
    },
}


def main(argv=None):
    """Run a study, or make the page about all reports."""
    options = read_options(argv)
    # Imported late, so that a mistake in the options is reported at once.
    if options.study == "summary":
        from benchmarks.grounded._summary import summarize_reports  # noqa: PLC0415

        return summarize_reports(options.output)
    from benchmarks.grounded._report import report_study  # noqa: PLC0415

    return report_study(options)


def make_parser():
    """Make the parser of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.grounded", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add("study", choices=tuple(STUDIES), metavar="NAME", help=HELP)
    add("--dataset", choices=DATASETS, help="default: mnist")
    add("--quick", action="store_true", help="a trial, by default on the digits")
    add_data_option(parser)
    add("--output", type=Path, default=Path("grounded"), help="folder of all results")
    add("--n-networks", type=read_positive, help="per group (10), at least 3")
    add("--n-jobs", type=int, default=2, help="jobs at once")
    add("--seed", type=int, default=0, help="of the networks")
    add("--methods", nargs="+", metavar="NAME", help="names of methods (all)")
    return parser


def read_options(argv=None):
    """Read the options and fill in defaults.

    Parameters
    ----------
    argv : list of str, default=None
        The arguments; None takes those of the command.

    Returns
    -------
    options : argparse.Namespace
        The options, those of `FULL` or `QUICK`; `slow_methods`: whether the slow ones
        are among all; and `report`: the name of the folder of the report, the data set
        and the seed if it is not 0.
    """
    parser = make_parser()
    options = parser.parse_args(argv)
    options.dataset = options.dataset or ("digits" if options.quick else "mnist")
    for name, value in (QUICK if options.quick else FULL).items():
        if getattr(options, name, None) is None:
            setattr(options, name, value)
    if options.n_networks < 3:
        parser.error(f"--n-networks must be at least 3, got {options.n_networks}")
    options.slow_methods = options.study == "designs" and not options.quick
    options.report = options.dataset
    if options.seed:
        options.report += f"-seed{options.seed}"
    _check_methods(parser, options.methods)
    return options


def _check_methods(parser, names):
    """Exit with a message unless each name is that of a method."""
    if names is not None:
        from benchmarks.grounded._methods import METHODS  # noqa: PLC0415

        check_names(parser, names, METHODS)


if __name__ == "__main__":
    main()
