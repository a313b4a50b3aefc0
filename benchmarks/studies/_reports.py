"""Reports of the studies: statistics, tables, figures, one page of HTML."""


def report_strategies(collection, options):
    """Report study 1, see the package's docstring."""


def report_stimuli(collection, options):
    """Report study 2, see the package's docstring."""
