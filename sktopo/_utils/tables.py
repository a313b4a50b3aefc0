"""Data frames of results."""

from __future__ import annotations

from sktopo._utils.optional import import_optional


def make_table(content, columns=None):
    """Make a pandas data frame of a list of rows (dicts), or of a dict of columns.

    `columns` are the names of the columns in their order, by default all of them. If
    a row lacks a column, its value there is nan.
    """
    pandas = import_optional("pandas", extra="tables", purpose="A table of results")
    return pandas.DataFrame(content, columns=None if columns is None else list(columns))
