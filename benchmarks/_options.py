"""Options that several benchmarks read."""

import argparse


def read_positive(text):
    """Read an integer of at least 1, as the type of an argument."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1, got {text}")
    return number


def check_names(parser, names, known):
    """Exit with a message unless each of the names, if any, is a known method."""
    unknown = [name for name in names or () if name not in known]
    if unknown:
        listed = ", ".join(map(repr, known))
        parser.error(f"no methods {unknown}; expected some of {listed}")
