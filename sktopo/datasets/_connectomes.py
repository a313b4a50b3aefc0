"""Connectomes in files: symmetric matrices that were computed elsewhere."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import squareform
from sklearn.utils import Bunch

from sktopo._utils.matrices import upper_triangle
from sktopo._utils.nodes import name_edges
from sktopo._utils.parameters import check_flag
from sktopo.datasets._files import check_names, make_frame, read_files
from sktopo.datasets._text import drop_counter


def read_connectomes(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    key: str | None = None,
    as_frame: bool = True,
) -> Bunch:
    r"""Read connectomes from files, one symmetric matrix in each.

    The diagonal is ignored. If a file holds one triangle only, zeros or nothing in the
    other, it is mirrored. Numbers that were rounded may differ from their mirror images
    by one unit of their last digit, and are averaged. Names before the rows must be
    those above the columns.

    Parameters
    ----------
    paths : str, path-like, or sequence of them
        A folder, a pattern or paths, as in :func:`read_recordings`, and of the same
        kinds of files.

    key : str, default=None
        The name of the array in .npz and .mat files. None takes the only table of
        numbers in them. Other files have no need for it.

    as_frame : bool, default=True
        Whether connectomes with named regions become data frames of pandas, so that
        estimators name samples and regions in errors. With False they are arrays.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : DataFrame or ndarray of shape (n_connectomes, n_edges), or list
            Connectome rows if all files have the same regions, in the order of the
            first file; the index of a data frame holds `names`. Otherwise a list of
            symmetric matrices, which :class:`~sktopo.GraphPersistence` takes with
            ``n_quantiles``. In float64 unless all files hold float32.
        names : ndarray of shape (n_connectomes,), dtype str
            Names of the files without suffix, with those of the folders if files are
            named alike.
        region_names : ndarray of shape (n_nodes,), list of ndarray, or None
            Names of the regions; a list with those of each connectome, None for
            connectomes without, if they differ.
        paths : list of Path
            The files.

    Raises
    ------
    ValueError
        If there is no file, a file cannot be read or holds text among the numbers, or
        it does not hold one symmetric matrix of finite numbers. Errors name the file.

    TypeError
        If a parameter is of a wrong type.

    ImportError
        If pandas is needed and not installed.

    See Also
    --------
    read_recordings : Reads time series.
    sktopo.GraphPersistence : Turns connectomes into barcodes.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sktopo.datasets import read_connectomes
    >>> lines = ["LCau,RCau,LPut", "1,0.5,0.2", "0.5,1,0.1", "0.2,0.1,1"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "sub-1.csv").write_text("\n".join(lines))
    ...     connectomes = read_connectomes(folder)
    >>> connectomes.data
           LCau--RCau  LCau--LPut  RCau--LPut
    sub-1         0.5         0.2         0.1
    """
    check_flag("as_frame", as_frame)
    paths, names, tables = read_files(paths, key, "read_connectomes")
    regions, rows = [], []
    for path, table in zip(paths, tables, strict=True):
        found, row = _read_matrix(path, table)
        regions.append(found)
        rows.append(row)
    first = regions[0]
    if _arrange(regions, rows):
        data = np.stack(rows)
        if as_frame and first is not None:
            edges = name_edges(first, np.arange(data.shape[1]))
            data = make_frame(data, edges, "read_connectomes", index=names)
        names_of_nodes = None if first is None else np.array(first)
        return Bunch(data=data, names=names, region_names=names_of_nodes, paths=paths)
    matrices = [squareform(row) for row in rows]
    if as_frame:
        matrices = [
            matrix
            if found is None
            else make_frame(matrix, found, "read_connectomes", index=found)
            for matrix, found in zip(matrices, regions, strict=True)
        ]
    regions = [None if found is None else np.array(found) for found in regions]
    return Bunch(data=matrices, names=names, region_names=regions, paths=paths)


def _read_matrix(path, table):
    """Return the names of the nodes in a table, and its connectome row."""
    n_rows, n_columns = table.values.shape
    if n_columns == n_rows + 1:
        table = drop_counter(table)
    matrix, columns, rows = table.values, table.column_names, table.row_names
    if len(matrix) != matrix.shape[1] or len(matrix) < 2:
        raise ValueError(
            f"{path} holds a table of shape {matrix.shape}; expected a square matrix "
            "of two regions or more. If it lists edges, read it with "
            "networkx.read_weighted_edgelist, whose graphs GraphPersistence takes."
        )
    if columns is not None and rows is not None and columns != rows:
        pairs = zip(rows, columns, strict=True)
        at, pair = next((i, pair) for i, pair in enumerate(pairs) if pair[0] != pair[1])
        raise ValueError(
            f"{path} names row {at} {pair[0]!r} and column {at} {pair[1]!r}; expected "
            "the same names in the same order."
        )
    nodes = rows if columns is None else columns
    check_names(nodes, len(matrix), path)
    return nodes, upper_triangle(_mirror(matrix), str(path), nodes)


def _mirror(matrix):
    """Return a matrix whose empty triangle, if it has one, mirrors the other."""
    below = np.tril(np.ones(matrix.shape, dtype=bool), -1)
    is_empty = np.isnan(matrix) | (matrix == 0)
    for empty in (below, below.T):
        if is_empty[empty].all() and not is_empty[empty.T].all():
            return np.where(empty, matrix.T, matrix)
    return matrix


def _arrange(regions, rows):
    """Bring rows to the order of the first one's nodes; return if all have those."""
    first = regions[0]
    if {len(row) for row in rows} != {len(rows[0])}:
        return False
    for i, (found, row) in enumerate(zip(regions, rows, strict=True)):
        if found == first:
            continue
        if first is None or found is None or set(found) != set(first):
            return False
        order = [found.index(name) for name in first]
        rows[i] = squareform(squareform(row)[np.ix_(order, order)])
        regions[i] = first
    return True
