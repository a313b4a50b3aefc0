"""Data frames of results."""

from __future__ import annotations

from sktopo._utils.optional import import_optional


def make_table(rows, columns):
    """Make a pandas data frame of rows (dicts); what a row lacks is nan."""
    pandas = import_optional("pandas", extra="tables", purpose="A table of results")
    return pandas.DataFrame(rows, columns=list(columns))
