"""Recordings in files: time series of named regions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal

import numpy as np
from sklearn.utils import Bunch

from sktopo._utils.parameters import check_flag, is_integer
from sktopo.datasets._files import check_names, make_frame, read_files
from sktopo.datasets._text import drop_counter


def read_recordings(
    paths: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    node_axis: int | Literal["auto"] = "auto",
    key: str | None = None,
    as_frame: bool = True,
) -> Bunch:
    r"""Read recordings from files, one recording of the same kind in each.

    Text is read whatever separates its columns (commas, tabs, semicolons, blanks), with
    or without names above the columns and before the rows. With semicolons numbers may
    have decimal commas. Lines that begin with ``#`` or ``%`` are comments. A first
    column whose numbers grow in equal steps, an index or times, is left out.

    Parameters
    ----------
    paths : str, path-like, or sequence of them
        A folder, a pattern such as ``"study/sub-*/rest.tsv"`` (see :mod:`glob`), or the
        paths of files that end in .csv, .tsv, .txt, .npy, .npz, .mat (up to version 7)
        or .parquet (needs pandas and pyarrow). A sequence keeps its order; otherwise
        files are sorted by the numbers in their names, sub-9 before sub-10.

    node_axis : {"auto", 0, 1}, default="auto"
        Where the regions (electrodes, neurons) are: 1 if they are the columns and time
        points the rows, 0 if they are the rows. With "auto" they are where the file has
        names, or the axis along which all files have the same length, if they differ
        along the other. An error says where this cannot be known.

    key : str, default=None
        The name of the array in .npz and .mat files. None takes the only table of
        numbers in them. Other files have no need for it.

    as_frame : bool, default=True
        Whether recordings with named regions become data frames of pandas, so that
        estimators check the names and pass them on. With False they are arrays.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : list of DataFrame or ndarray of shape (n_observations, n_nodes)
            The recordings, in float64 unless a file holds float32. Missing numbers
            (empty, ``n/a``, ``NA``, ``NaN``) are NaN.
        names : ndarray of shape (n_recordings,), dtype str
            Names of the files without suffix, with those of the folders if files are
            named alike.
        region_names : ndarray of shape (n_nodes,), list of ndarray, or None
            Names of the regions; a list with those of each recording, None for
            recordings without, if they differ.
        paths : list of Path
            The files.

    Raises
    ------
    ValueError
        If there is no file, a file cannot be read or holds text among the numbers, or
        it is not known where the regions are. Errors name the file and the place.

    TypeError
        If a parameter is of a wrong type.

    ImportError
        If pandas is needed and not installed.

    See Also
    --------
    read_connectomes : Reads matrices that were computed elsewhere.
    sktopo.FunctionalConnectome : Relates the regions of each recording.

    Notes
    -----
    If the files have different regions, or the same in another order,
    :func:`~sktopo.connectomes.align_units` brings the data frames together by name.

    Files with Python objects in them are refused, because loading those would run code.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sktopo.datasets import read_recordings
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for person in (1, 2):
    ...         text = "LCau,RCau,LPut\n1.5,1.2,n/a\n0.5,0.1,2.0\n1.0,0.3,0.7\n"
    ...         _ = Path(folder, f"sub-{person}.csv").write_text(text)
    ...     recordings = read_recordings(folder)
    >>> [str(name) for name in recordings.names]
    ['sub-1', 'sub-2']
    >>> recordings.data[0]
       LCau  RCau  LPut
    0   1.5   1.2   NaN
    1   0.5   0.1   2.0
    2   1.0   0.3   0.7
    """
    if node_axis != "auto" and not (is_integer(node_axis) and node_axis in (0, 1)):
        raise ValueError(f"node_axis must be 'auto', 0 or 1, got {node_axis!r}.")
    check_flag("as_frame", as_frame)
    paths, names, tables = read_files(paths, key, "read_recordings")
    tables = [drop_counter(table) for table in tables]
    if node_axis == "auto":
        axes = _find_axes(paths, tables)
    else:
        axes = [node_axis] * len(tables)
    data, regions = [], []
    for path, table, axis in zip(paths, tables, axes, strict=True):
        found = table.column_names if axis == 1 else table.row_names
        values = table.values if axis == 1 else table.values.T
        check_names(found, values.shape[1], path)
        if as_frame and found is not None:
            values = make_frame(values, found, "read_recordings")
        data.append(values)
        regions.append(None if found is None else np.array(found))
    return Bunch(data=data, names=names, region_names=_join(regions), paths=paths)


def _join(regions):
    """Return the names of regions that all recordings have, else the list of them."""
    first = regions[0]
    if all(np.array_equal(names, first) for names in regions):
        return first
    return regions


def _find_axes(paths, tables):
    """Return for each table whether its regions are the rows (0) or the columns (1)."""
    axes = [_find_named_axis(table) for table in tables]
    shapes = np.array([table.values.shape for table in tables])
    differs = (shapes != shapes[0]).any(axis=0)
    if differs.sum() == 1:  # recordings differ in their length, not in their regions
        common = int(np.flatnonzero(~differs)[0])
        axes = [common if axis is None else axis for axis in axes]
    if None not in axes:
        return axes
    at = axes.index(None)
    others = sorted({tuple(shape) for shape in shapes.tolist()})
    raise ValueError(
        f"It is not known whether the regions are the rows or the columns of "
        f"{paths[at]}, of shape {tuple(shapes[at].tolist())} (shapes of all files: "
        f"{', '.join(map(str, others[:5]))}{', ...' if len(others) > 5 else ''}). Give "
        "node_axis=1 if its columns are regions and its rows time points, or "
        "node_axis=0 if it is the other way round."
    )


def _find_named_axis(table):
    """Return the only axis along which a table has names, or None."""
    if (table.row_names is None) == (table.column_names is None):
        return None
    return 1 if table.row_names is None else 0
