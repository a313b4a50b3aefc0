"""Connectomes in files."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.io import savemat
from scipy.spatial.distance import squareform

from sktopo import GraphPersistence
from sktopo.datasets import read_connectomes

NAMES = ["LCau", "RCau", "LPut", "RPut"]
ROWS = np.random.default_rng(0).random((3, 6)).round(5)
ORDER = [2, 0, 3, 1]


def write(path, matrix, header=None, index=None):
    lines = [] if header is None else ["\t".join(header)]
    for k, row in enumerate(np.asarray(matrix).tolist()):
        cells = ([] if index is None else [index[k]]) + row
        lines.append("\t".join(map(str, cells)))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"header": NAMES},
        {"index": NAMES},
        {"header": ["", *NAMES], "index": NAMES},
        {"header": NAMES, "index": NAMES},  # as R writes it
    ],
)
def test_rows_and_names(tmp_path, names):
    for k, row in enumerate(ROWS):
        write(tmp_path / f"sub-{k}.tsv", squareform(row) + np.eye(4), **names)
    found = read_connectomes(tmp_path, as_frame=False)
    assert_array_equal(found.data, ROWS)
    assert found.names.tolist() == ["sub-0", "sub-1", "sub-2"]
    if names:
        assert found.region_names.tolist() == NAMES
    else:
        assert found.region_names is None


def test_counted_rows_are_no_region(tmp_path):
    path = write(tmp_path / "a.tsv", squareform(ROWS[0]), index=[0, 1, 2, 3])
    assert_array_equal(read_connectomes(path).data, ROWS[:1])
    # A first column that grows evenly is data in a table that is square.
    ramp = squareform([1.0, 2, 3, 7, 1, 2])
    path = write(tmp_path / "a.tsv", ramp)
    assert_array_equal(squareform(read_connectomes(path).data[0]), ramp)


@pytest.mark.parametrize("empty", [0, np.nan])
@pytest.mark.parametrize("side", [np.triu, np.tril])
def test_one_triangle_is_mirrored(tmp_path, empty, side):
    matrix = side(squareform(ROWS[0]))
    matrix[side(np.ones((4, 4))) == 0] = empty
    np.fill_diagonal(matrix, np.nan)
    savemat(tmp_path / "a.mat", {"r": matrix})
    assert_array_equal(read_connectomes(tmp_path).data, ROWS[:1])


def test_five_digits_are_symmetric_enough(tmp_path):
    matrix = squareform(ROWS[0])
    matrix[1, 0] += 1e-5
    np.savetxt(tmp_path / "a.txt", matrix, "%.5f")
    expected = ROWS[0] + [5e-6, 0, 0, 0, 0, 0]
    assert_allclose(read_connectomes(tmp_path).data[0], expected, atol=1e-12)
    matrix[1, 0] += 1e-5
    np.savetxt(tmp_path / "a.txt", matrix, "%.5f")
    with pytest.raises(ValueError, match=r"a\.txt is not symmetric: entries differ"):
        read_connectomes(tmp_path)


def test_the_same_regions_in_another_order(tmp_path):
    write(tmp_path / "a.tsv", squareform(ROWS[0]), NAMES)
    names = [NAMES[k] for k in ORDER]
    write(tmp_path / "b.tsv", squareform(ROWS[1])[np.ix_(ORDER, ORDER)], names)
    found = read_connectomes(tmp_path, as_frame=False)
    assert_array_equal(found.data, ROWS[:2])
    assert found.region_names.tolist() == NAMES


def test_different_regions_stay_matrices(tmp_path):
    smaller = squareform(ROWS[1])[:3, :3]
    write(tmp_path / "a.tsv", squareform(ROWS[0]), NAMES)
    write(tmp_path / "b.tsv", smaller, NAMES[:3])
    np.save(tmp_path / "c.npy", squareform(ROWS[2]))
    paths = [tmp_path / name for name in ("a.tsv", "b.tsv", "c.npy")]
    found = read_connectomes(paths, as_frame=False)
    for matrix, expected in zip(
        found.data, (squareform(ROWS[0]), smaller, squareform(ROWS[2])), strict=True
    ):
        assert_array_equal(matrix, expected)
    assert [None if x is None else x.tolist() for x in found.region_names] == [
        NAMES,
        NAMES[:3],
        None,
    ]
    assert GraphPersistence(n_quantiles=5).fit_transform(found.data).shape == (3, 10)


def test_data_frames_name_samples_and_edges(tmp_path):
    pytest.importorskip("pandas")
    for k, row in enumerate(ROWS):
        write(tmp_path / f"sub-{k}.tsv", squareform(row), NAMES)
    frame = read_connectomes(tmp_path).data
    assert frame.index.tolist() == ["sub-0", "sub-1", "sub-2"]
    assert frame.columns.tolist()[:2] == ["LCau--RCau", "LCau--LPut"]
    assert_array_equal(
        GraphPersistence().fit_transform(frame), GraphPersistence().fit_transform(ROWS)
    )
    frame.iloc[1, 2] = np.nan
    with pytest.raises(ValueError, match=r"\('sub-1'\) .*LCau--RPut"):
        GraphPersistence().fit(frame)
    write(tmp_path / "sub-2.tsv", squareform(ROWS[2])[:3, :3], NAMES[:3])
    frames = read_connectomes(tmp_path).data
    assert frames[2].columns.tolist() == NAMES[:3] == frames[2].index.tolist()


def test_float32_stays(tmp_path):
    np.save(tmp_path / "a.npy", squareform(ROWS[0]).astype(np.float32))
    assert read_connectomes(tmp_path).data.dtype == np.float32


@pytest.mark.parametrize(
    "matrix, names, message",
    [
        (np.ones((6, 3)), {}, r"a\.tsv holds a table of shape \(6, 3\); expected a sq"),
        (np.arange(9.0).reshape(3, 3), {}, r"a\.tsv is not symmetric"),
        (
            squareform([1, np.nan, 2.0]),
            {"header": ["a", "b", "c"]},
            r"a\.tsv contains NaN as the weight of edge a--c",
        ),
        (
            np.ones((3, 3)),
            {"header": ["", "a", "b", "c"], "index": ["a", "c", "b"]},
            r"a\.tsv names row 1 'c' and column 1 'b'; expected the same names",
        ),
        (np.ones((3, 3)), {"header": ["a", "a", "c"]}, r"2 region\(s\) named 'a'"),
    ],
)
def test_errors_name_the_file(tmp_path, matrix, names, message):
    with pytest.raises(ValueError, match=message):
        read_connectomes(write(tmp_path / "a.tsv", matrix, **names))
