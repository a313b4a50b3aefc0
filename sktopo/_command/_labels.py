"""Labels of files: which group each belongs to, whom it is from, and covariates."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np

# What separates the cells of a line: the first of these that is in its first lines.
_DELIMITERS = ("\t", ";", ",")


@dataclass(frozen=True)
class Labels:
    """What is known of each file, in the order of the files.

    Parameters
    ----------
    labels : ndarray of shape (n_files,), dtype str, or None
        The group of each file.

    persons : ndarray of shape (n_files,), dtype str, or None
        Whom each file is from, if some are from the same.

    covariates : ndarray of shape (n_files, n_covariates) or None
        Numbers to account for.
    """

    labels: np.ndarray | None = None
    persons: np.ndarray | None = None
    covariates: np.ndarray | None = None


def read_labels(source, files, *, label_column, group_column, covariates):
    """Read the labels of files.

    Parameters
    ----------
    source : str
        A table in a text file, or "folder" to label files by the names of their
        folders.

    files : dict of str to Path
        The files by name.

    label_column, group_column : str or None
        The columns of the labels and of whom files are from. Without the first, labels
        are in the only column that is left.

    covariates : list of str or None
        Columns of numbers.
    """
    given = (label_column, group_column, *(covariates or ()))
    chosen = [name for name in given if name]
    if source == "folder":
        if chosen:
            raise ValueError(f"--labels folder has no column {chosen[0]!r}.")
        found = [path.absolute().parent.name for path in files.values()]
        return Labels(_check_labels(np.array(found), "--labels folder"))
    table = _read_table(Path(source), files)
    for name in chosen:
        if name not in table.columns:
            listed = ", ".join(map(repr, table.columns))
            raise ValueError(f"{source} has no column {name!r}, but {listed}.")
    rows = table.find_rows(files)
    label_column = label_column or table.find_label_column(chosen)
    labels = table.read_text(label_column, rows)
    return Labels(
        _check_labels(labels, source),
        table.read_text(group_column, rows) if group_column else None,
        table.read_numbers(covariates, rows) if covariates else None,
    )


@dataclass(frozen=True)
class _Table:
    """The cells of a text file, of which one column names files.

    `lines` maps the number of each line to its cells, and `named` to the number of the
    file that it names.
    """

    path: Path
    columns: list[str]
    lines: dict[int, list[str]]
    name_column: str
    named: dict[int, int]

    def find_rows(self, files):
        """Return the number of the line of each file; every file must have one."""
        lines = {}
        for line, index in self.named.items():
            if index in lines:
                raise ValueError(
                    f"{self.path}: lines {lines[index]} and {line} both name the file "
                    f"{list(files)[index]!r}; expected one line for each file."
                )
            lines[index] = line
        missing = [name for index, name in enumerate(files) if index not in lines]
        if missing:
            raise ValueError(
                f"{self.path} has no line for {len(missing)} of {len(files)} files: "
                f"{_list_some(missing)}."
            )
        return [lines[index] for index in range(len(files))]

    def find_label_column(self, taken):
        """Return the only column that is neither the names nor one of those taken."""
        left = [name for name in self.columns if name not in (self.name_column, *taken)]
        if len(left) != 1:
            raise ValueError(
                f"{self.path} has {len(left)} columns that may hold labels"
                f"{f': {_list_some(left)}' if left else ''}. Choose one with "
                "--label-column."
            )
        return left[0]

    def read_text(self, column, rows):
        """Return the cells of a column; none may be empty."""
        at = self.columns.index(column)
        for line in rows:
            if not self.lines[line][at]:
                raise ValueError(
                    f"{self.path}, line {line}: column {column!r} is empty. Every file "
                    "needs an entry; leave out files without one."
                )
        return np.array([self.lines[line][at] for line in rows])

    def read_numbers(self, columns, rows):
        """Return columns of numbers, (n_files, n_columns)."""
        values = np.empty((len(rows), len(columns)))
        for j, column in enumerate(columns):
            for i, text in enumerate(self.read_text(column, rows)):
                try:
                    values[i, j] = float(text)
                except ValueError:
                    values[i, j] = np.nan
                if not np.isfinite(values[i, j]):
                    raise ValueError(
                        f"{self.path}, line {rows[i]}: column {column!r} holds "
                        f"{str(text)!r}; expected a number."
                    )
        return values


def _key_files(files):
    """Map what a file may be called in a table to its number.

    A file goes by its name and its path, with or without suffix. What two files could
    be called is left out.
    """
    keys = {}
    for index, (name, path) in enumerate(files.items()):
        forms = (PurePath(name), path, PurePath(path.name))
        called = {p.as_posix() for form in forms for p in (form, form.with_suffix(""))}
        for key in called:
            keys.setdefault(key, set()).add(index)
    return {key: min(found) for key, found in keys.items() if len(found) == 1}


def _read_table(path, files):
    """Read a table, of which one column holds the names of files."""
    lines, keys = _read_lines(path), _key_files(files)
    number, first = next(iter(lines.items()))
    for line, cells in lines.items():
        if len(cells) != len(first):
            raise ValueError(
                f"{path}, line {line} has {len(cells)} cell(s), line {number} has "
                f"{len(first)}; expected as many in each line."
            )
    counts = [
        sum(cells[column].replace("\\", "/") in keys for cells in lines.values())
        for column in range(len(first))
    ]
    at = int(np.argmax(counts))
    if not counts[at]:
        raise ValueError(
            f"{path} has no column with the names of the files. Line {number} is "
            f"{', '.join(first)!r}; the files are {_list_some(list(files))}."
        )
    named = {line: keys.get(c[at].replace("\\", "/")) for line, c in lines.items()}
    if named[number] is None:
        columns = lines.pop(number)
        named.pop(number)
    else:  # no header: columns are numbered
        columns = [str(column + 1) for column in range(len(first))]
    if len(set(columns)) < len(columns):
        raise ValueError(f"{path} has two columns of one name: {_list_some(columns)}.")
    unknown = [line for line, index in named.items() if index is None]
    if unknown:
        raise ValueError(
            f"{path}, line {unknown[0]}: {lines[unknown[0]][at]!r} is none of the "
            f"{len(files)} files ({len(unknown)} such line(s) in all). Leave out lines "
            "without a file."
        )
    return _Table(path, columns, lines, columns[at], named)


def _read_lines(path):
    """Return the cells of each line that is not empty, by the number of the line."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not text in UTF-8 ({error}).") from error
    head = [line for line in text.splitlines() if line.strip()][:5]
    found = (d for d in _DELIMITERS if all(d in line for line in head))
    delimiter = next(found, ",")
    reader = csv.reader(text.splitlines(), delimiter=delimiter, skipinitialspace=True)
    lines = {}
    for cells in reader:
        if any(map(str.strip, cells)):
            lines[reader.line_num] = [cell.strip() for cell in cells]
    if not lines:
        raise ValueError(f"{path} is empty; expected a line for each file.")
    return lines


def _check_labels(labels, source):
    """Return labels, of which there must be two or more."""
    if len(set(labels)) < 2:
        raise ValueError(
            f"{source}: all {len(labels)} files are labelled {str(labels[0])!r}; "
            "expected two labels or more. Without --labels the report describes one "
            "group."
        )
    return labels


def _list_some(names):
    """List the first five of some names."""
    shown = ", ".join(map(repr, map(str, names[:5])))
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")
