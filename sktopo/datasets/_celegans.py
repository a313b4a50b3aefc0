"""Recordings of the neurons of the worm C. elegans, from many laboratories."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from sklearn.utils import Bunch

from sktopo._utils.optional import import_optional
from sktopo._utils.parameters import check_flag, check_option

if TYPE_CHECKING:
    from sktopo._typing import Table

REPOSITORY = "qsimeon/celegans_neural_data"
_ADDRESS = f"https://huggingface.co/datasets/{REPOSITORY}"
_RESAMPLED = (
    "calcium_data",
    "smooth_calcium_data",
    "residual_calcium",
    "smooth_residual_calcium",
)
SIGNALS = (*_RESAMPLED, *(f"original_{name}" for name in _RESAMPLED))
# What a recording is told by.
_WORM = ["source_dataset", "raw_data_file", "worm"]
_NEURON = [*_WORM, "neuron", "is_labeled_neuron"]

DESCRIPTION = f"""\
C. elegans recordings
---------------------

Calcium signals of neurons in the head of the worm Caenorhabditis elegans, from 12
experiments of different laboratories that Simeon et al. brought into one form [1]_.
Many neurons were identified and have their names, which mean the same neuron in every
worm. Signals were normalised. They are given at the times of the recording, and
resampled to one every third of a second.

The data are at {_ADDRESS}, under the MIT licence.

.. [1] Simeon, Astrom, Kashyap, Kording & Boyden, "Homogenized C. elegans neural
   activity and connectivity data", arXiv:2411.12091.
"""


def load_celegans(
    path_or_frame: str | os.PathLike[str] | Table | None = None,
    *,
    signal: Literal[
        "calcium_data",
        "smooth_calcium_data",
        "residual_calcium",
        "smooth_residual_calcium",
        "original_calcium_data",
        "original_smooth_calcium_data",
        "original_residual_calcium",
        "original_smooth_residual_calcium",
    ] = "calcium_data",
    labeled_only: bool = True,
    sources: Sequence[str] | None = None,
) -> Bunch:
    """Load recordings of C. elegans from 12 experiments, one data frame for each worm.

    Parameters
    ----------
    path_or_frame : str, path-like, DataFrame or None, default=None
        The parquet file of [1]_ (needs pyarrow), or its table, a row for each neuron of
        each worm. None downloads it from Hugging Face (needs datasets, and about 700
        MB), or takes it from the cache of that library.

    signal : str, default="calcium_data"
        The column that holds the signals: "calcium_data", "smooth_calcium_data",
        "residual_calcium" (their change since the time before),
        "smooth_residual_calcium", or one of these after ``original_``, such as
        "original_calcium_data", which are not resampled.

    labeled_only : bool, default=True
        Whether to leave out neurons that were not identified. With False they have
        names of their own in each worm, because number 12 of one worm is not that of
        another.

    sources : sequence of str or None, default=None
        The experiments to load, such as ``["Kato2015"]``; None loads all.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        data : list of DataFrame of shape (n_times, n_neurons)
            The recording of each worm. Columns are names of neurons, which differ
            between worms; the index is the time in seconds.
        names : ndarray of shape (n_worms,), dtype str
            Experiment and worm, such as ``"Kato2015/worm0"``.
        sources : ndarray of shape (n_worms,), dtype str
            The experiment of each worm.
        paths : ndarray of shape (n_worms,), dtype str
            The file that each recording came from.
        DESCR : str
            What was recorded, its source and its licence.

    Raises
    ------
    ValueError
        If a parameter has an unknown value, there is no recording of it, columns are
        missing, neurons have no name or no truth value that says whether they were
        identified, or the signals of a worm differ in length from each other or from
        the times.

    TypeError
        If `path_or_frame` is not a path or a data frame of pandas, or `sources` is not
        a sequence of strings.

    ImportError
        If pandas, pyarrow or datasets is needed and not installed.

    OSError
        If the file cannot be read, or the data cannot be downloaded.

    See Also
    --------
    sktopo.connectomes.align_units : Gives all worms the same neurons, by name.
    sktopo.DynamicConnectome : Finds graphs that come and go, with missing neurons.

    Notes
    -----
    Experiments differ in temperature, behaviour, stimuli, microscope, calcium indicator
    and preprocessing, and in which neurons were identified. Compare worms of one
    experiment, or give `sources` as the groups of a test and of cross-validation:
    clusters and differences of pooled worms may be those of laboratories.

    References
    ----------
    .. [1] Simeon, Astrom, Kashyap, Kording & Boyden, "Homogenized C. elegans neural
       activity and connectivity data", arXiv:2411.12091,
       https://huggingface.co/datasets/qsimeon/celegans_neural_data

    Examples
    --------
    >>> import pandas as pd
    >>> from sktopo.datasets import load_celegans
    >>> table = pd.DataFrame(
    ...     {
    ...         "source_dataset": "Kato2015",
    ...         "raw_data_file": "WT_Stim.mat",
    ...         "worm": ["worm0", "worm0", "worm1"],
    ...         "neuron": ["AVAL", "RIML", "AVAL"],
    ...         "is_labeled_neuron": True,
    ...         "calcium_data": [[0.1, 0.5, 0.2], [1.5, 0.3, 0.4], [0.2, 0.2, 0.9]],
    ...         "time_in_seconds": [[0.0, 0.5, 1.0]] * 3,
    ...     }
    ... )
    >>> worms = load_celegans(table)
    >>> [str(name) for name in worms.names]
    ['Kato2015/worm0', 'Kato2015/worm1']
    >>> worms.data[0]
                     AVAL  RIML
    time_in_seconds
    0.0               0.1   1.5
    0.5               0.5   0.3
    1.0               0.2   0.4
    """
    check_option("signal", signal, SIGNALS)
    check_flag("labeled_only", labeled_only)
    time = "time_in_seconds"
    time = f"original_{time}" if signal.startswith("original_") else time
    chosen = _check_sources(sources)
    table = _read_table(path_or_frame, [*_NEURON, signal, time])
    _check_neurons(table)
    if chosen is not None:
        known = [str(source) for source in table["source_dataset"].unique()]
        unknown = [source for source in chosen if source not in known]
        if unknown:
            raise ValueError(
                f"sources names {unknown[0]!r}, of which there are no recordings; "
                f"expected some of {known}."
            )
        table = table[table["source_dataset"].isin(chosen)]
    if labeled_only:
        table = table[table["is_labeled_neuron"].astype(bool)]
    if not len(table):
        neurons = "labeled neurons" if labeled_only else "neurons"
        of = "" if chosen is None else f" of {chosen}"
        raise ValueError(f"There are no recordings of {neurons}{of} in the data.")
    keys, groups = zip(*table.groupby(_WORM, sort=False, dropna=False), strict=True)
    names = _name_worms(keys)
    data = [
        _make_recording(group, name, signal, time)
        for name, group in zip(names, groups, strict=True)
    ]
    return Bunch(
        data=data,
        names=np.array(names),
        sources=np.array([str(source) for source, _, _ in keys]),
        paths=np.array([str(path) for _, path, _ in keys]),
        DESCR=DESCRIPTION,
    )


def _check_sources(sources):
    """Return the names of experiments as a list, or None."""
    if sources is None:
        return None
    expected = "a sequence of names of experiments, such as ['Kato2015'], or None"
    if isinstance(sources, str) or not isinstance(sources, (Sequence, np.ndarray)):
        raise TypeError(f"sources must be {expected}, got {sources!r:.80}.")
    if not all(isinstance(source, str) for source in sources):
        raise TypeError(f"sources must be {expected}, got {sources!r:.80}.")
    return [str(source) for source in sources]


def _read_table(path_or_frame, columns):
    """Return these columns of the table of all neurons."""
    if path_or_frame is None:
        return _download(columns)
    if isinstance(path_or_frame, (str, os.PathLike)):
        return _read_parquet(Path(path_or_frame), columns)
    if not hasattr(path_or_frame, "groupby") or not hasattr(path_or_frame, "columns"):
        raise TypeError(
            f"path_or_frame is of type {type(path_or_frame).__name__}; expected the "
            "path of a parquet file, a data frame of pandas, or None to download it."
        )
    missing = [name for name in columns if name not in path_or_frame.columns]
    if missing:
        raise ValueError(
            f"The table has no column {missing[0]!r}; expected the columns "
            f"{', '.join(columns)}, as {_ADDRESS} has."
        )
    return path_or_frame[columns]


def _check_neurons(table):
    """Raise a ValueError unless neurons have names, and are labeled or not."""
    labeled = table["is_labeled_neuron"]
    is_wrong = ~labeled.isin([True, False])
    if is_wrong.any():
        raise ValueError(
            f"The table has {labeled[is_wrong].iloc[0]!r} as is_labeled_neuron in row "
            f"{int(is_wrong.argmax())}; expected True or False."
        )
    is_nameless = table["neuron"].isna()
    if is_nameless.any():
        raise ValueError(
            f"The table has no neuron in row {int(is_nameless.argmax())}; expected the "
            "name or the number of one. Leave the row out."
        )


def _read_parquet(path, columns):
    """Read columns of a parquet file."""
    purpose = "load_celegans of a parquet file"
    pandas = import_optional("pandas", extra="celegans", purpose=purpose)
    if not path.is_file():
        raise ValueError(
            f"{path} is not a file; expected the parquet file of {_ADDRESS}."
        )
    import_optional("pyarrow", extra="celegans", purpose=purpose)
    try:
        return pandas.read_parquet(path, columns=columns)
    except (OSError, ValueError) as error:  # no parquet, or columns are missing
        raise ValueError(
            f"{path} cannot be read: {error}. Expected the parquet file of {_ADDRESS}, "
            f"with the columns {', '.join(columns)}."
        ) from error


def _download(columns):
    """Download the table from Hugging Face, or take it from the cache there."""
    hub = import_optional(
        "datasets", extra="celegans", purpose="load_celegans without a path"
    )
    try:
        data = hub.load_dataset(REPOSITORY, split="train")
    except OSError as error:
        raise OSError(
            f"The recordings could not be downloaded: {error}. Download the parquet "
            f"file from {_ADDRESS} in another way, and give its path."
        ) from error
    return data.select_columns(columns).to_pandas()


def _name_worms(keys):
    """Name recordings by experiment and worm, and by file if these are not enough."""
    names = [f"{source}/{worm}" for source, _, worm in keys]
    counts = Counter(names)
    return [
        name if counts[name] == 1 else f"{name} ({path})"
        for name, (_, path, _) in zip(names, keys, strict=True)
    ]


def _make_recording(rows, name, signal, time):
    """Make the data frame of one worm from the rows of its neurons."""
    neurons = [
        str(neuron) if is_labeled else f"unlabeled {neuron} of {name}"
        for neuron, is_labeled in rows[["neuron", "is_labeled_neuron"]].to_numpy()
    ]
    twice = [neuron for neuron, count in Counter(neurons).items() if count > 1]
    if twice:
        raise ValueError(f"{name} has several neurons named {twice[0]!r}.")
    columns = {
        column: [
            _read_sequence(values, column, neuron, name)
            for values, neuron in zip(rows[column], neurons, strict=True)
        ]
        for column in (signal, time)
    }
    first = columns[time][0]
    for neuron, values, times in zip(neurons, *columns.values(), strict=True):
        if len(values) != len(times):
            raise ValueError(
                f"{name} has {len(values)} numbers in {signal} of {neuron}, and "
                f"{len(times)} times; expected as many."
            )
        if not np.array_equal(times, first):
            raise ValueError(
                f"{name} has other times for {neuron} than for {neurons[0]}; expected "
                "one recording of all neurons of a worm."
            )
    pandas = import_optional("pandas", extra="celegans", purpose="load_celegans")
    index = pandas.Index(first, name=time)
    values = np.column_stack(columns[signal])
    return pandas.DataFrame(values, index=index, columns=neurons)


def _read_sequence(values, column, neuron, name):
    """Return the numbers of one neuron, float32 if they are, else float64."""
    try:
        numbers = np.asarray(values)
        if numbers.dtype != np.float32:
            numbers = numbers.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {column} of {neuron}: {error}.") from error
    if numbers.ndim != 1:
        raise ValueError(
            f"{name} has {values!r:.80} as {column} of {neuron}; expected a "
            "sequence of numbers."
        )
    return numbers
