"""Recordings in files."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo import FunctionalConnectome
from sktopo.datasets import load_fmri_recording, read_recordings

RNG = np.random.default_rng(0)
NAMES = ["LCau", "RCau", "LPut"]


def write_table(path, values, header=None, index=None):
    lines = [] if header is None else [",".join(map(str, header))]
    for k, row in enumerate(np.asarray(values).tolist()):
        cells = ([] if index is None else [index[k]]) + row
        lines.append(",".join(map(str, cells)))
    path.write_text("\n".join(lines) + "\n")
    return path


def write(folder, shapes, **names):
    """Write tables of random numbers, and return these."""
    values = [RNG.normal(size=shape) for shape in shapes]
    for k, table in enumerate(values):
        write_table(folder / f"sub-{k}.csv", table, **names)
    return values


def test_headers_say_where_the_regions_are(tmp_path):
    values = write(tmp_path, [(6, 3), (6, 3)], header=NAMES)
    found = read_recordings(tmp_path, as_frame=False)
    for table, expected in zip(found.data, values, strict=True):
        assert_array_equal(table, expected)
    assert found.names.tolist() == ["sub-0", "sub-1"]
    assert found.region_names.tolist() == NAMES
    assert found.paths == [tmp_path / "sub-0.csv", tmp_path / "sub-1.csv"]


def test_names_of_rows_say_it_too(tmp_path):
    values = write(tmp_path, [(3, 6), (3, 7)], index=NAMES)
    found = read_recordings(tmp_path, as_frame=False)
    for table, expected in zip(found.data, values, strict=True):
        assert_array_equal(table, expected.T)
    assert found.region_names.tolist() == NAMES


def test_times_before_the_rows_are_no_region(tmp_path):
    values = RNG.normal(size=(6, 3))
    times = [round(1.89 * k, 2) for k in range(6)]
    for header in (["time", *NAMES], ["", *NAMES]):
        path = write_table(tmp_path / "a.csv", values, header, times)
        found = read_recordings(path, as_frame=False)
        assert_array_equal(found.data[0], values)
        assert found.region_names.tolist() == NAMES


@pytest.mark.parametrize("axis", [0, 1])
def test_the_axis_of_one_length_holds_the_regions(tmp_path, axis):
    shapes = [(6, 4), (7, 4), (6, 4)]
    values = write(tmp_path, [shape if axis else shape[::-1] for shape in shapes])
    found = read_recordings(tmp_path)
    for table, expected in zip(found.data, values, strict=True):
        assert_array_equal(table, expected if axis else expected.T)
    assert found.region_names is None


@pytest.mark.parametrize(
    "shapes, message",
    [
        ([(250, 28)], r"of shape \(250, 28\) \(shapes of all files: \(250, 28\)\)\. G"),
        ([(9, 9), (9, 9)], r"sub-0\.csv, of shape \(9, 9\)"),
        (
            [(9, 8), (7, 6)],
            r"files: \(7, 6\), \(9, 8\)\)\. Give node_axis=1 if its col",
        ),
    ],
)
def test_uncertain_orientation_is_asked_for(tmp_path, shapes, message):
    values = write(tmp_path, shapes)
    with pytest.raises(ValueError, match="It is not known whether .*" + message):
        read_recordings(tmp_path)
    for axis in (0, 1):
        first = read_recordings(tmp_path, node_axis=axis).data[0]
        assert_array_equal(first, values[0] if axis else values[0].T)


def test_two_kinds_of_names_are_asked_about(tmp_path):
    index, header = ["a", "b", "c", "d"], ["", *NAMES]
    (values,) = write(tmp_path, [(4, 3)], header=header, index=index)
    with pytest.raises(ValueError, match="It is not known whether the regions"):
        read_recordings(tmp_path)
    assert read_recordings(tmp_path, node_axis=1).region_names.tolist() == NAMES
    found = read_recordings(tmp_path, node_axis=0, as_frame=False)
    assert found.region_names.tolist() == index
    assert_array_equal(found.data[0], values.T)


def test_different_regions_are_read(tmp_path):
    write_table(tmp_path / "a.csv", RNG.normal(size=(6, 3)), NAMES)
    write_table(tmp_path / "b.csv", RNG.normal(size=(6, 3)), ["LCau", "x", "y"])
    found = read_recordings(tmp_path, as_frame=False)
    assert [names.tolist() for names in found.region_names] == [
        NAMES,
        ["LCau", "x", "y"],
    ]


def test_regions_named_alike_are_refused(tmp_path):
    path = write_table(tmp_path / "a.csv", RNG.normal(size=(6, 3)), ["a", "b", "a"])
    with pytest.raises(
        ValueError,
        match=r"a\.csv has 2 region\(s\) named 'a'; expected 3 different names",
    ):
        read_recordings(path)


def test_data_frames_carry_the_names_into_estimators(tmp_path):
    pytest.importorskip("pandas")
    write(tmp_path, [(30, 3), (30, 3)], header=NAMES)
    frames = read_recordings(tmp_path).data
    connectome = FunctionalConnectome().fit(frames)
    assert connectome.feature_names_in_.tolist() == NAMES
    assert connectome.get_feature_names_out().tolist() == [
        "LCau--RCau",
        "LCau--LPut",
        "RCau--LPut",
    ]
    frames[1].loc[17, "LPut"] = np.nan
    with pytest.raises(ValueError, match="Sample 1 .*observation 17, .*LPut"):
        FunctionalConnectome().fit(frames)


def test_a_real_recording(tmp_path):
    recording = load_fmri_recording()
    header, values = recording.region_names.tolist(), recording.data
    path = write_table(tmp_path / "rest.csv", values, header)
    found = read_recordings(path, as_frame=False)
    assert_array_equal(found.data[0], values)
    assert found.region_names.tolist() == header
    rows = FunctionalConnectome().fit_transform(found.data)
    upper = np.abs(np.corrcoef(values.T)[np.triu_indices(28, 1)])
    assert_allclose(rows[0], upper, atol=1e-12)


@pytest.mark.parametrize("bad", ["rows", 2, None, True])
def test_node_axis_is_checked(tmp_path, bad):
    with pytest.raises(ValueError, match="node_axis must be 'auto', 0 or 1, got "):
        read_recordings(tmp_path, node_axis=bad)
