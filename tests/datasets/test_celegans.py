"""Recordings of worms, from tables of the schema of the data on Hugging Face."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo import DynamicConnectome, FunctionalConnectome
from sktopo.connectomes import align_units
from sktopo.datasets import load_celegans
from sktopo.datasets._celegans import SIGNALS

pandas = pytest.importorskip("pandas")

# Columns that the data have and the function does not read.
UNREAD = {"slot": 3, "smooth_method": "ema", "interpolate_method": "linear", "dt": None}


def make_rows(source, worm, neurons, n_times=12, path=None, seed=0):
    """Make the rows of the neurons of a worm; numbers name neurons without label."""
    rng = np.random.default_rng(seed)
    steps = np.arange(n_times)
    return [
        {
            "source_dataset": source,
            "raw_data_file": path or f"opensource_data/{source}.mat",
            "worm": worm,
            "neuron": neuron,
            "is_labeled_neuron": not neuron.isdigit(),
            "is_unlabeled_neuron": neuron.isdigit(),
            **{name: rng.normal(size=n_times) for name in SIGNALS[:4]},
            **{name: rng.normal(size=2 * n_times) for name in SIGNALS[4:]},
            "time_in_seconds": steps / 3,
            "original_time_in_seconds": np.arange(2 * n_times) / 6,
            **UNREAD,
        }
        for neuron in neurons
    ]


@pytest.fixture
def rows():
    return [
        *make_rows("Kato2015", "worm0", ["AVAL", "RIML", "12"], seed=0),
        *make_rows("Kato2015", "worm1", ["RIML", "12", "AVAR", "AVAL"], seed=1),
        *make_rows("Lin2023", "worm0", ["SMDV", "AVAL"], 9, seed=2),
    ]


@pytest.fixture
def table(rows):
    return pandas.DataFrame(rows)


def test_each_worm_is_a_recording_with_its_neurons(table, rows):
    worms = load_celegans(table)
    assert worms.names.tolist() == ["Kato2015/worm0", "Kato2015/worm1", "Lin2023/worm0"]
    assert worms.sources.tolist() == ["Kato2015", "Kato2015", "Lin2023"]
    assert worms.paths[2] == "opensource_data/Lin2023.mat"
    assert [list(data.columns) for data in worms.data] == [
        ["AVAL", "RIML"],
        ["RIML", "AVAR", "AVAL"],
        ["SMDV", "AVAL"],
    ]
    assert_array_equal(worms.data[0]["RIML"], rows[1]["calcium_data"])
    assert_array_equal(worms.data[2].index, np.arange(9) / 3)
    assert "MIT" in worms.DESCR


@pytest.mark.parametrize("signal", SIGNALS)
def test_signals_have_their_times(table, rows, signal):
    (_, recording, _) = load_celegans(table, signal=signal).data
    assert_array_equal(recording["AVAL"], rows[6][signal])
    original = signal.startswith("original_")
    assert recording.index.name == ("original_" * original + "time_in_seconds")
    assert len(recording) == (24 if original else 12)


def test_neurons_without_label_are_not_those_of_other_worms(table):
    worms = load_celegans(table, labeled_only=False)
    assert worms.data[0].columns[2] == "unlabeled 12 of Kato2015/worm0"
    merged = align_units(worms.data, how="union")[0].columns
    assert [name for name in merged if "12" in name] == [
        "unlabeled 12 of Kato2015/worm0",
        "unlabeled 12 of Kato2015/worm1",
    ]


def test_sources_are_chosen(table):
    assert load_celegans(table, sources=["Lin2023"]).names.tolist() == ["Lin2023/worm0"]
    with pytest.raises(
        ValueError,
        match=r"sources names 'Nobody', of.*expected some of \['Kato2015', 'Lin2023'",
    ):
        load_celegans(table, sources=("Kato2015", "Nobody"))
    for wrong in ("Lin2023", 3, [3]):
        with pytest.raises(TypeError, match="sources must be a sequence of names"):
            load_celegans(table, sources=wrong)


def test_worms_of_one_name_are_told_apart_by_file():
    rows = [
        *make_rows("Dag2023", "worm0", ["AVAL"], path="a.h5"),
        *make_rows("Dag2023", "worm0", ["AVAL"], path="b.h5"),
    ]
    worms = load_celegans(pandas.DataFrame(rows))
    assert worms.names.tolist() == ["Dag2023/worm0 (a.h5)", "Dag2023/worm0 (b.h5)"]


def test_worms_go_through_the_chain():
    neurons = ["AVAL", "AVAR", "RIML", "RIMR", "SMDV"]
    rows = [
        row
        for k in range(4)
        for row in make_rows("Kato2015", f"worm{k}", neurons[k % 2 :], 60, seed=k)
    ]
    worms = load_celegans(pandas.DataFrame(rows))
    aligned = align_units(worms.data, how="union", min_share=0.6)
    assert list(aligned[0].columns) == neurons[1:]
    assert FunctionalConnectome().fit_transform(aligned).shape == (4, 6)
    dynamic = DynamicConnectome(2, random_state=0).fit(worms.data)
    assert dynamic.feature_names_in_.tolist() == neurons
    assert_array_equal(dynamic.pair_counts_, [2] * 4 + [4] * 6)


def test_precision_is_kept(table):
    table["calcium_data"] = [np.float32(x) for x in table["calcium_data"]]
    assert set(load_celegans(table).data[0].dtypes) == {np.dtype(np.float32)}
    table["calcium_data"] = [np.float16(x) for x in table["calcium_data"]]
    assert set(load_celegans(table).data[0].dtypes) == {np.dtype(np.float64)}


def test_parquet_files_are_read(table, tmp_path):
    pytest.importorskip("pyarrow")
    path = tmp_path / "worm_data_short.parquet"
    table.to_parquet(path)
    for found, expected in zip(
        load_celegans(path).data, load_celegans(table).data, strict=True
    ):
        pandas.testing.assert_frame_equal(found, expected)
    table.drop(columns="worm").to_parquet(path)
    with pytest.raises(ValueError, match="worm_data_short.parquet cannot be read"):
        load_celegans(path)


def test_parquet_is_read_by_pandas(table, tmp_path, monkeypatch):
    """Where pyarrow is not installed: which columns pandas is asked for."""
    path, calls = tmp_path / "worms.parquet", []
    path.write_bytes(b"PAR1")

    def read_parquet(path, columns):
        calls.append((path, columns))
        return table[columns]

    monkeypatch.setitem(sys.modules, "pyarrow", SimpleNamespace())
    monkeypatch.setattr(pandas, "read_parquet", read_parquet)
    assert len(load_celegans(str(path), signal="residual_calcium").data) == 3
    ((read, columns),) = calls
    assert read == path
    assert columns[-2:] == ["residual_calcium", "time_in_seconds"]
    assert "calcium_data" not in columns


class Hub:
    """What load_celegans uses of the package datasets, and how it was called."""

    def __init__(self, table):
        self.table, self.calls = table, []

    def load_dataset(self, path, *, split):
        self.calls.append(("load_dataset", path, split))
        return self

    def select_columns(self, columns):
        self.calls.append(("select_columns", columns[-1]))
        self.table = self.table[columns]
        return self

    def to_pandas(self):
        return self.table


def test_without_a_path_the_data_are_downloaded(table, monkeypatch):
    hub = Hub(table)
    monkeypatch.setitem(sys.modules, "datasets", hub)
    assert len(load_celegans(sources=["Kato2015"]).data) == 2
    assert hub.calls == [
        ("load_dataset", "qsimeon/celegans_neural_data", "train"),
        ("select_columns", "time_in_seconds"),
    ]


def test_what_to_do_without_network_or_library(monkeypatch):
    def fail(path, *, split):
        raise ConnectionError("no route")

    monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=fail))
    with pytest.raises(OSError, match="no route. Download the parquet file from https"):
        load_celegans()
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ImportError, match=r"needs datasets.*sktopo\[celegans\]"):
        load_celegans()


def test_wrong_tables_are_refused(table, rows, tmp_path):
    with pytest.raises(ValueError, match="has no column 'worm'; expected the columns"):
        load_celegans(table.drop(columns="worm"))
    with pytest.raises(ValueError, match="signal='calcium' is unknown"):
        load_celegans(table, signal="calcium")
    with pytest.raises(TypeError, match="path_or_frame is of type list"):
        load_celegans(rows)
    with pytest.raises(ValueError, match="nowhere.parquet is not a file"):
        load_celegans(tmp_path / "nowhere.parquet")
    with pytest.raises(ValueError, match="several neurons named 'AVAL'"):
        load_celegans(pandas.DataFrame([rows[0], rows[0]]))
    short = pandas.DataFrame([rows[0], {**rows[1], "calcium_data": [1.0, 2.0]}])
    message = "worm0 has 2 numbers in calcium_data of RIML, and 12 times"
    with pytest.raises(ValueError, match=message):
        load_celegans(short)
    times = np.arange(12) / 4
    other = pandas.DataFrame([rows[0], {**rows[1], "time_in_seconds": times}])
    with pytest.raises(ValueError, match="worm0 has other times for RIML than for AV"):
        load_celegans(other)
    for wrong in (None, 3.5, ["a"], {}):
        with pytest.raises(ValueError, match="calcium_data of AVAL"):
            load_celegans(pandas.DataFrame([{**rows[0], "calcium_data": wrong}]))
    for wrong in (None, np.nan, "False"):
        with pytest.raises(ValueError, match="as is_labeled_neuron in row 1; expected"):
            load_celegans(
                pandas.DataFrame([rows[0], {**rows[1], "is_labeled_neuron": wrong}])
            )
    with pytest.raises(ValueError, match="The table has no neuron in row 1"):
        load_celegans(pandas.DataFrame([rows[0], {**rows[1], "neuron": None}]))
    unlabeled = table[~table["is_labeled_neuron"]]
    with pytest.raises(ValueError, match="There are no recordings of labeled neurons"):
        load_celegans(unlabeled)
