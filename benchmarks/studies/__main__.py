"""The paper's studies, from data to report: ``python -m benchmarks.studies NAME``."""

import argparse
from pathlib import Path

from benchmarks._data import add_data_option
from benchmarks.studies._data import DATASETS

# What two cores can do in an hour or so.
REDUCED = {"cifar10": {"n_networks": 5, "select": "none"}}
FULL = {"n_networks": 20, "select": "reduced", "epochs": None}
# What a trial has in place of them, and on data other than the digits.
QUICK = {"n_networks": 5, "epochs": 40}
QUICK_ELSEWHERE = {"epochs": 1, "select": "none"}


def main(argv=None):
    """Run a study."""
    options = read_options(argv)
    # A mistake in the options is told before torch and matplotlib are loaded.
    if options.study == "summary":
        from benchmarks.studies._summary import summarize_reports  # noqa: PLC0415

        return summarize_reports(options.output)
    if options.study == "runtime":
        from benchmarks import runtime  # noqa: PLC0415

        given = ["--output", str(options.output / "runtime")]
        return runtime.main([*given, "--quick"] if options.quick else given)
    from benchmarks.studies import _reports, _stages  # noqa: PLC0415

    collect = getattr(_stages, f"collect_{options.study}")
    report = getattr(_reports, f"report_{options.study}")
    return report(collect(options), options)


def make_parser():
    """Make the parser of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.studies", description=__doc__.splitlines()[0]
    )
    parser.add_argument(
        "study",
        choices=("strategies", "stimuli", "runtime", "summary"),
        metavar="NAME",
        help="strategies (study 1), stimuli (study 2), runtime (study 3), or summary: "
        "write what the reports in the output folder say into its README.md",
    )
    parser.add_argument("--dataset", choices=DATASETS, help="default: mnist")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="a trial, where nothing else is said: the digits, 5 networks, 40 epochs; "
        "on other data 1 epoch and no selection",
    )
    add_data_option(parser)
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("studies"),
        help="folder of networks, connectomes and reports (studies); what was "
        "finished there is found again",
    )
    parser.add_argument(
        "--n-networks",
        type=_positive,
        help="networks per strategy (20; 5 for cifar10)",
    )
    parser.add_argument(
        "--epochs",
        type=_positive,
        help="epochs of training, also in the selection (10; 6 for fashion-mnist "
        "and cifar10; or those of the paper's grid)",
    )
    parser.add_argument("--device", default="cpu", help="of the training, e.g. cuda")
    parser.add_argument("--n-jobs", type=int, default=2, help="jobs at once")
    parser.add_argument("--seed", type=int, default=0, help="of the networks")
    parser.add_argument(
        "--select",
        choices=("none", "reduced", "paper"),
        help="settings of the strategies: fixed ones (none, default for cifar10), or "
        "by 5-fold cross-validation on a reduced grid (default) or on the paper's",
    )
    parser.add_argument(
        "--fresh-per-class",
        action="store_true",
        help="stimuli: train networks for every class anew, as the paper does",
    )
    return parser


def read_options(argv=None):
    """Read the options; none is left open but epochs, which settings decide.

    Parameters
    ----------
    argv : list of str, default=None
        The arguments; None takes those of the command.

    Returns
    -------
    options : argparse.Namespace
        The options.
    """
    options = make_parser().parse_args(argv)
    options.dataset = options.dataset or ("digits" if options.quick else "mnist")
    defaults = FULL | REDUCED.get(options.dataset, {})
    if options.quick:
        defaults |= QUICK | (QUICK_ELSEWHERE if options.dataset != "digits" else {})
    for name in FULL:
        if getattr(options, name) is None:
            setattr(options, name, defaults[name])
    return options


def _positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {text}")
    return number


if __name__ == "__main__":
    main()
