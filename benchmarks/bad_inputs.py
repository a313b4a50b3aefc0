"""Bad inputs to every public name: ``python -m benchmarks.bad_inputs [NAME ...]``.

A bad input must raise a ValueError or a TypeError of sktopo, or of the checks of
scikit-learn. The script prints how many inputs ended in which way, and lists those that
were accepted or raised another error. It fails if there are any.
"""

import argparse
import inspect
import linecache
import sys
import warnings
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import sklearn
from joblib import parallel_config
from matplotlib import pyplot
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

import sktopo
from benchmarks._bad_calls import list_entries
from benchmarks._bad_values import ACCEPTED
from benchmarks._public import list_public

# Public names without bad inputs, and why.
EXCLUDED = {
    "AFFINITIES": "a dictionary",
    "DistanceDecomposition": "a record that decompose_distance fills",
    "DistanceParts": "a record that decompose_distance fills",
    "MEASURES": "a dictionary",
    "PROFILES": "a dictionary",
    "PermanovaResult": "a record that permanova fills",
    "PermutationResult": "a record that permutation_test fills",
    "SurrogateResult": "a record that state_test fills",
    "load_digit_networks": "has no parameters",
    "matched_accuracy_scorer": "scikit-learn's own scorer of matched_accuracy_score",
    "purity_scorer": "scikit-learn's own scorer of purity_score",
}
# What is accepted at some places only: the reason and the names, by the label.
_ONE_NODE = (
    "graphs on one node have no edges",
    "barcode_edges barcode_rows barycenter birth_death_decomposition check_barcodes "
    "scale_barcodes unscale_barcodes wasserstein_variance",
)
_CONVERTED = (
    "graphs of networkx are converted to matrices",
    "GraphPersistence.fit GraphPersistence.transform GraphPersistence.edge_names "
    "GraphProfiles.fit GraphProfiles.transform",
)
ACCEPTED_AT = {
    "no columns": _ONE_NODE,
    "empty rows": _ONE_NODE,
    "graph": _CONVERTED,
    "list of graphs": _CONVERTED,
}
TYPES = (ValueError, TypeError, NotFittedError, ImportError)
# Messages of Python and NumPy that do not say what is wrong with a whole object.
BARE = ("float() argument", "could not convert")
WHOLE = {"path", "dictionary", "empty dictionary", "generator", "map"}
# matplotlib lists the names of its colour maps.
COLOURS = "is not a valid value for cmap"
LIBRARY = Path(sktopo.__file__).parent
SCIKIT_LEARN = Path(sklearn.__file__).parent
# Methods of estimators, and the parameter that they ignore.
METHODS = {"fit", "transform", "predict", "score", "inverse_transform", "edge_names"}
METHODS |= {"locate"}
IGNORED = {("fit", "y"), ("score", "y")}
# Parameters that are not tried: a mistake would train networks for a long time.
UNTRIED = {"train_digit_networks(n_jobs)", "train_digit_networks(verbose)"}


def find_missing(entries):
    """List the public names, and their parameters, that have no bad inputs."""
    tried = {
        f"{entry.name.split(' ')[0]}({parameter})"
        for entry in entries
        for parameter in entry.kinds
    }
    found = [
        f"{name}({parameter})"
        for name, function in list_calls()
        for parameter in inspect.signature(function).parameters
        if parameter != "self" and (name.split(".")[-1], parameter) not in IGNORED
    ]
    return sorted(set(found) - tried - UNTRIED)


def list_calls():
    """Yield the names and objects of all that can be called in public.

    What a display holds is checked where it is computed, not when it is made.
    """
    for name, value in list_public().items():
        if name in EXCLUDED:
            continue
        if not name.endswith("Display"):
            yield name, value
        if inspect.isclass(value):
            for method in dir(value):
                found = getattr(value, method)
                chosen = method.startswith("from_") or method in {*METHODS, "plot"}
                if chosen and callable(found):  # a display may have a field "score"
                    yield f"{name}.{method}", found


# ---- what happens
def judge(entry, label, call):
    """Make a bad call; return how it ended, and the message or the result."""
    try:
        # Threads, so that an accepted number of jobs starts no processes.
        with warnings.catch_warnings(), parallel_config("threading"):
            warnings.simplefilter("ignore")
            result = call()
    except Exception as error:
        outcome = judge_error(error)
        if label in WHOLE and str(error).startswith(BARE):
            outcome = "foreign words"
        return outcome, f"{type(error).__name__}: {error}"
    finally:
        pyplot.close("all")
    listed = ACCEPTED.get(label)
    reason, names = ACCEPTED_AT.get(label, ("", ""))
    if entry in names.split():
        listed = reason
    if listed or (label.startswith("too large") and is_finite(result)):
        return "accepted, as listed", listed or "the result is finite"
    return "accepted", repr(result)


def judge_error(error):
    """Judge an error by its type, its words and where it was raised."""
    kind = type(error)
    ours = kind in TYPES or kind.__module__.split(".")[0] == "sklearn"
    if not (ours and isinstance(error, TYPES)):
        return "foreign type"
    words = str(error).strip()
    if not words or not (is_ours(error.__traceback__) or COLOURS in words):
        return "foreign words"
    return "refused"


def is_ours(traceback):
    """Return whether sktopo or scikit-learn say what is wrong.

    An error of an operation, such as the length of an object without one, has no
    statement `raise` in sktopo. What scikit-learn's checks call counts as theirs.
    """
    found = False
    while traceback is not None:
        file = Path(traceback.tb_frame.f_code.co_filename)
        if file.is_relative_to(LIBRARY):
            line = linecache.getline(str(file), traceback.tb_lineno)
            found = traceback.tb_next is None and line.lstrip().startswith("raise")
        elif file.is_relative_to(SCIKIT_LEARN):
            checks = SCIKIT_LEARN / "utils"
            found = traceback.tb_next is None or file.is_relative_to(checks)
        traceback = traceback.tb_next
    return found


def is_finite(result):
    """Return whether all numbers of a result are finite."""
    if isinstance(result, (list, tuple)):
        return all(map(is_finite, result))
    if isinstance(result, dict):
        return is_finite(list(result.values()))
    if isinstance(result, BaseEstimator) or hasattr(result, "pvalue"):
        return is_finite(vars(result))
    if isinstance(result, pd.DataFrame):
        return is_finite(result.select_dtypes("number").to_numpy())
    if isinstance(result, (float, np.floating, np.ndarray)):
        numbers = np.asarray(result)
        return numbers.dtype.kind != "f" or bool(np.isfinite(numbers).all())
    return True


def run(entries, step=1):
    """Make all bad calls, or every so many of them: a table with a row for each."""
    calls = [
        (entry.name, parameter, label, call)
        for entry in entries
        for parameter, label, call in entry.list_bad_calls()
    ]
    rows = [
        (name, parameter, label, *judge(name, label, call))
        for name, parameter, label, call in calls[::step]
    ]
    columns = ["name", "parameter", "bad value", "outcome", "message"]
    return pd.DataFrame(rows, columns=columns)


def find_offenders(table):
    """Choose the inputs that did not end as they should."""
    return table[~table["outcome"].isin(["refused", "accepted, as listed"])]


def main(argv=None):
    """Run all bad inputs and print those that did not end as they should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="public names; all")
    parser.add_argument("--output", help="a file for the table of all inputs, CSV")
    options = parser.parse_args(argv)
    matplotlib.use("agg")
    entries = list_entries()
    missing = [] if options.names else find_missing(entries)
    if options.names:
        entries = [entry for entry in entries if entry.public_name in options.names]
    table = run(entries)
    if options.output:
        table.to_csv(options.output, index=False)
    print(table["outcome"].value_counts().to_string())
    offenders = find_offenders(table)
    for name, parameter, label, outcome, message in offenders.to_numpy():
        message = " ".join(message.split())
        print(f"{outcome}: {name}({parameter}: {label}) {message:.100}")
    print(f"{len(table)} bad inputs, {len(offenders)} offenders; not tried: {missing}")
    return int(bool(len(offenders) or missing))


if __name__ == "__main__":
    sys.exit(main())
