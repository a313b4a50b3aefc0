"""The paper's studies, from data to tables: ``python -m benchmarks.studies NAME``."""

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
    # Torch and matplotlib are loaded only after the options were checked.
    if options.study == "summary":
        from benchmarks.studies._summary import summarize_reports  # noqa: PLC0415

        return summarize_reports(options.output)
    from benchmarks.studies import _stages  # noqa: PLC0415
    from benchmarks.studies._report import write_report  # noqa: PLC0415
    from benchmarks.studies._stimuli import study_stimuli  # noqa: PLC0415
    from benchmarks.studies._strategies import study_strategies  # noqa: PLC0415

    study = {"strategies": study_strategies, "stimuli": study_stimuli}[options.study]
    collect = getattr(_stages, f"collect_{options.study}")
    return write_report(collect(options), options, study)


def make_parser():
    """Make the parser of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.studies", description=__doc__.splitlines()[0]
    )
    add = parser.add_argument
    add(
        "study",
        choices=("strategies", "stimuli", "summary"),
        metavar="NAME",
        help="strategies (study 1), stimuli (study 2), or summary: write tables and "
        "figures about the reports in the output folder",
    )
    add("--dataset", choices=DATASETS, help="default: mnist, or digits with --quick")
    quick = "a trial: 5 networks, 40 epochs; on other data than digits 1 epoch"
    add("--quick", action="store_true", help=quick)
    add_data_option(parser)
    output = "folder of networks, connectomes and reports; finished ones are reused"
    add("--output", type=Path, default=Path("studies"), help=output)
    add("--n-networks", type=_positive, help="per strategy (20; 5 for cifar10)")
    epochs = "epochs of training (10; 6 for fashion-mnist and cifar10)"
    add("--epochs", type=_positive, help=epochs)
    add("--device", default="cpu", help="of the training, e.g. cuda")
    add("--n-jobs", type=int, default=2, help="jobs at once")
    add("--seed", type=int, default=0, help="of the networks")
    select = "settings: fixed (none, default for cifar10), or by 5-fold "
    select += "cross-validation on a reduced grid (default) or on the paper's"
    add("--select", choices=("none", "reduced", "paper"), help=select)
    fresh = "stimuli: train new networks for every class, as the paper does"
    add("--fresh-per-class", action="store_true", help=fresh)
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
