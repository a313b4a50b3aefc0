"""The stored fMRI recording."""

import csv
from importlib.resources import files

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo import FunctionalConnectome
from sktopo.datasets import _fmri_recording, load_fmri_recording

FOLDER = files("sktopo.datasets") / "data"


def test_values_and_names_are_those_of_the_file():
    with (FOLDER / "fmri_recording.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    recording = load_fmri_recording()
    assert recording.confound_names.tolist() == ["WM", "Vent", "Brain"]
    for names, values in (
        (recording.region_names, recording.data),
        (recording.confound_names, recording.confounds),
    ):
        for name, column in zip(names, values.T, strict=True):
            assert column.tolist() == [float(row[name]) for row in rows]
    assert recording.data.shape == (250, 28)
    assert np.isfinite(recording.data).all()


def test_confounds_are_not_among_the_regions():
    recording = load_fmri_recording()
    assert abs(recording.data.mean()) < 1 < 9000 < recording.confounds.min()


def test_homologous_regions_are_the_most_alike():
    recording = load_fmri_recording()
    r = np.corrcoef(recording.data.T)
    left, right = r[:14, 14:].argmax(1), np.arange(14)
    assert (left == right).mean() > 0.6


def test_description_has_source_and_licence():
    recording = load_fmri_recording()
    assert recording.repetition_time == 1.89
    assert recording.DESCR is recording.description
    for fact in ("1.89 seconds", "nitime", "BSD-3-Clause", "NIPY Developers"):
        assert fact in recording.DESCR
    notice = (FOLDER / "fmri_recording_license.txt").read_text(encoding="utf-8")
    assert "Copyright (c) 2006-2011, NIPY Developers" in notice
    assert "Redistributions in binary form must reproduce" in notice


def test_shares_nothing_between_calls():
    first = load_fmri_recording()
    first.data[:] = 0
    assert load_fmri_recording().data.any()


def test_goes_through_the_connectome():
    recording = load_fmri_recording()
    row = FunctionalConnectome(absolute=False).fit_transform([recording.data])[0]
    expected = np.corrcoef(recording.data.T)[np.triu_indices(28, 1)]
    np.testing.assert_allclose(row, expected, atol=1e-12)


@pytest.mark.parametrize("damage", ["missing", "empty", "half", "ragged", "text"])
def test_damaged_files_are_named(monkeypatch, tmp_path, damage):
    content = (FOLDER / "fmri_recording.csv").read_text(encoding="utf-8")
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "fmri_recording.csv"
    if damage != "missing":
        damaged = {
            "empty": "",
            "half": content[: content.index("\n", 30_000) + 1],
            "ragged": content[:-30],
            "text": content.replace("10125.9", "ten"),
        }
        path.write_text(damaged[damage], encoding="utf-8")
    monkeypatch.setattr(_fmri_recording, "files", lambda package: tmp_path)
    with pytest.raises(ValueError, match=r"fmri_recording\.csv, is missing or damaged"):
        load_fmri_recording()


def test_names_are_text():
    assert_array_equal(load_fmri_recording().region_names[[0, -1]], ["LCau", "RPrec"])
