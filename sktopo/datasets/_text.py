"""Tables of numbers in text files, with or without names of rows and columns."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

# What stands for a missing number, in small letters; BIDS writes "n/a".
_MISSING = frozenset({"", "n/a", "na", "nan", "null"})
# If none is in all of the first lines, columns are separated by blanks.
_DELIMITERS = ("\t", ";", ",")


@dataclass(frozen=True)
class Table:
    """A table of numbers as it stands in a file.

    Parameters
    ----------
    values : ndarray of shape (n_rows, n_columns)
        The numbers, NaN where they are missing.

    row_names, column_names : list of str or None
        Names that the file gives.
    """

    values: np.ndarray
    row_names: list[str] | None = None
    column_names: list[str] | None = None


def read_text(path):
    """Read a table of numbers from a text file.

    Errors name the line and the column, not the file.
    """
    numbers, lines = _read_lines(path)
    delimiter = next((d for d in _DELIMITERS if all(d in x for x in lines[:5])), " ")
    rows = _split(lines, delimiter)
    header, has_index = _find_header(rows)
    if header is not None:
        numbers, rows = numbers[1:], rows[1:]
    if not rows:
        raise ValueError("there are no numbers in it.")
    n_columns = len(rows[0])
    for number, row in zip(numbers, rows, strict=True):
        if len(row) != n_columns:
            raise ValueError(
                f"line {number} has {len(row)} value(s), the first row {n_columns}."
            )
    if header is not None and len(header) != n_columns:
        raise ValueError(f"{len(header)} names for {n_columns} columns.")
    row_names = None
    if has_index:
        index = [row.pop(0).strip() for row in rows]
        row_names = None if all(map(_is_number, index)) else index
        header = None if header is None else header[1:]
    names = None if header is None or _names_nothing(header) else header
    decimal = "," if delimiter == ";" else "."
    values = [
        _read_row(row, number, names, decimal)
        for number, row in zip(numbers, rows, strict=True)
    ]
    return Table(np.array(values, dtype=np.float64), row_names, names)


def drop_counter(table):
    """Return a table without a first column that counts, or holds times.

    This is a column without a name in `row_names` whose numbers grow in equal steps,
    where no other column does.
    """
    if len(table.values) < 4 or table.values.shape[1] < 3:
        return table
    even = _find_even(table.values)
    if not even[0] or even[1:].any():
        return table
    names = table.column_names
    return Table(table.values[:, 1:], table.row_names, names and names[1:])


def _read_lines(path):
    """Return the numbers and the text of lines that are neither empty nor comments."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not text in UTF-8 ({error}).") from error
    kept = [
        (number, line)
        for number, line in enumerate(text.split("\n"), start=1)
        if line.strip() and not line.startswith(("#", "%"))
    ]
    if not kept:
        raise ValueError("it is empty.")
    return [number for number, _ in kept], [line for _, line in kept]


def _split(lines, delimiter):
    """Split lines into cells, of which the first line has no blanks around its own."""
    if delimiter == " ":
        lines = [line.strip().replace("\t", " ") for line in lines]
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    rows = list(reader)
    rows[0] = [cell.strip() for cell in rows[0]]
    if all(row[-1].strip() == "" for row in rows):  # lines that end in a delimiter
        rows = [row[:-1] for row in rows]
    return rows


def _find_header(rows):
    """Return the names of the columns or None, and whether names of rows come first.

    Tables of R lack a name above the names of the rows.
    """
    first, second = rows[0], rows[min(1, len(rows) - 1)]
    if len(first) == len(second) - 1:
        return ["", *first], True
    is_text = not all(_is_number(row[0]) for row in rows[1:] or rows)
    if not all(map(_is_number, first[1:])):
        return first, is_text or first[0] == ""
    if not _is_number(first[0]) and not is_text:
        return first, False
    has_corner = is_text or first[0] == ""
    cells = first[1:] if has_corner else first
    # Numbers above the columns: labels of regions, or times above named rows.
    is_header = _are_labels(cells) and not all(map(str.isdecimal, second))
    is_header |= has_corner and _grow_evenly(cells)
    return (first, has_corner) if is_header else (None, is_text)


def _are_labels(cells):
    """Return whether cells are integers that grow, three or more."""
    if len(cells) < 3 or not all(map(str.isdecimal, cells)):
        return False
    numbers = list(map(int, cells))
    return all(a < b for a, b in pairwise(numbers))


def _grow_evenly(cells):
    """Return whether cells are numbers that grow in equal steps, three or more."""
    if len(cells) < 3 or "" in cells or not all(map(_is_number, cells)):
        return False
    return bool(_find_even(np.array([[float(cell)] for cell in cells]))[0])


def _find_even(values):
    """Return which columns of a table grow in equal steps, but for rounding."""
    with np.errstate(invalid="ignore", over="ignore"):
        steps = np.diff(values, axis=0)
        mean = steps.mean(axis=0)
        return (mean > 0) & (np.ptp(steps, axis=0) <= 1e-3 * mean)


def _names_nothing(header):
    """Return whether a header counts columns, or holds times."""
    counts = (list(map(str, range(start, start + len(header)))) for start in (0, 1))
    return header in counts or (
        all(map(_is_number, header)) and not all(map(str.isdecimal, header))
    )


def _is_number(cell):
    """Return whether a cell holds a number, with a point or a comma, or lacks one."""
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return cell.strip().lower() in _MISSING
    return True


def _read_row(cells, number, names, decimal):
    """Return the numbers in the cells of a line."""
    if decimal == ",":
        cells = [cell.replace(",", ".") for cell in cells]
    try:
        return list(map(float, cells))
    except ValueError:
        return [
            _read_cell(cell, number, column if names is None else repr(names[column]))
            for column, cell in enumerate(cells)
        ]


def _read_cell(cell, number, column):
    """Return the number in a cell, NaN if it is missing."""
    try:
        return float(cell)
    except ValueError:
        if cell.strip().lower() in _MISSING:
            return np.nan
        raise ValueError(
            f"line {number}, column {column} holds {cell!r}; expected a number. Leave "
            "columns of text out of the file."
        ) from None
