"""Recordings brought together by the names of their units."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo import FunctionalConnectome
from sktopo.connectomes import align_units

pandas = pytest.importorskip("pandas")


def make_recording(names, seed=0, dtype=float):
    values = np.random.default_rng(seed).normal(size=(20, len(names))).astype(dtype)
    index = [f"t{row}" for row in range(20)]
    return pandas.DataFrame(values, columns=list(names), index=index)


RECORDINGS = [make_recording("dab"), make_recording("bcda", 1), make_recording("bd", 2)]


@pytest.mark.parametrize(
    ("parameters", "kept"),
    [
        ({}, "db"),
        ({"how": "union"}, "dabc"),
        ({"how": "union", "min_share": 0}, "dabc"),
        ({"how": "union", "min_share": 0.5}, "dab"),
        ({"how": "union", "min_share": 1}, "db"),
    ],
)
def test_which_units_are_kept(parameters, kept):
    before = [recording.copy() for recording in RECORDINGS]
    aligned = align_units(RECORDINGS, **parameters)
    for recording, given, copy in zip(aligned, RECORDINGS, before, strict=True):
        assert list(recording.columns) == list(kept)
        assert list(recording.index) == list(given.index)
        for name in kept:
            expected = given[name] if name in given else np.full(20, np.nan)
            assert_array_equal(recording[name], expected)
        pandas.testing.assert_frame_equal(given, copy)


def test_shares_are_not_rounded_up():
    recordings = [make_recording("ab")] * 3 + [make_recording("abc")] * 7
    assert len(align_units(recordings, how="union", min_share=0.7)[0].columns) == 3
    assert len(align_units(recordings, how="union", min_share=0.71)[0].columns) == 2


def test_float32_stays():
    recordings = [make_recording("ab", dtype="f4"), make_recording("bac", dtype="f4")]
    for how in ("intersection", "union"):
        aligned = align_units(recordings, how=how)
        assert {str(d) for frame in aligned for d in frame.dtypes} == {"float32"}


def test_the_order_of_columns_does_not_matter():
    shuffled = [r[r.columns[::-1]] for r in RECORDINGS[1:]]
    expected = align_units(RECORDINGS)
    for one, other in zip(
        align_units([RECORDINGS[0], *shuffled]), expected, strict=True
    ):
        pandas.testing.assert_frame_equal(one, other)


def test_units_that_recordings_lack_are_left_out_again():
    connectome = FunctionalConnectome(constant_units="drop")
    aligned = align_units(RECORDINGS, how="union")
    with pytest.warns(
        UserWarning, match="Left out 3 constant .* unit 3 .'c'. in sample 0"
    ):
        rows = connectome.fit_transform(aligned)
    assert [len(row) for row in rows] == [3, 6, 1]
    assert [list(dropped["nodes"]) for dropped in connectome.dropped_] == [
        ["c"],
        [],
        ["a", "c"],
    ]
    expected = FunctionalConnectome().fit_transform([RECORDINGS[0]])
    assert_array_equal(rows[0], expected[0])
    assert FunctionalConnectome().fit_transform(align_units(RECORDINGS)).shape == (3, 1)


TWICE = RECORDINGS[0].set_axis(["a", "b", "a"], axis=1)


@pytest.mark.parametrize(
    ("recordings", "parameters", "error", "message"),
    [
        (RECORDINGS, {"how": "outer"}, ValueError, "how='outer' is unknown"),
        (RECORDINGS, {"how": "union", "min_share": 2}, ValueError, "min_share must be"),
        (RECORDINGS, {"min_share": 0.5}, ValueError, "needs how='union'"),
        (RECORDINGS[0], {}, TypeError, "recordings is DataFrame; expected a list"),
        ([], {}, TypeError, "recordings is empty"),
        ("abc", {}, TypeError, "recordings is of type str"),
        (
            [np.ones((3, 2))],
            {},
            TypeError,
            "Recording 0 .* Make one with pandas.DataFr",
        ),
        (np.ones((2, 3, 2)), {}, TypeError, "recordings is ndarray; expected a list"),
        ([RECORDINGS[0], TWICE], {}, ValueError, "Recording 1 has 1 name.* 'a'"),
        (
            [RECORDINGS[0].set_axis([0, 1, 2], axis=1)],
            {},
            ValueError,
            "Recording 0 has the column 0; expected strings",
        ),
        (
            [RECORDINGS[2], make_recording("ad")],
            {},
            ValueError,
            "^1 of 3 unit.s. are in 2 of 2 recording.* expected at least 2",
        ),
    ],
)
def test_bad_calls(recordings, parameters, error, message):
    with pytest.raises(error, match=message):
        align_units(recordings, **parameters)
