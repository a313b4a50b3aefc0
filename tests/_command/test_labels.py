"""Labels of files: tables that people write, and what is wrong with them."""

from pathlib import Path

import numpy as np
import pytest

from sktopo._command._labels import read_labels

FILES = {
    "a/run1.pt": Path("study/a/run1.pt"),
    "a/run2.pt": Path("study/a/run2.pt"),
    "b/run1.pt": Path("study/b/run1.pt"),
}
NONE = {"label_column": None, "group_column": None, "covariates": None}


def read(tmp_path, text, files=FILES, **columns):
    path = tmp_path / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return read_labels(str(path), files, **{**NONE, **columns})


@pytest.mark.parametrize(
    "text",
    [
        "file,label\na/run1.pt,x\nb/run1.pt,y\na/run2.pt,z\n",
        "label,file\r\ny,b/run1\r\nz,a/run2\r\nx,a/run1\r\n",
        "file;label\na/run1;x\nrun2;z\nb/run1;y\n",
        "\ufefffile\tlabel\nstudy/a/run1.pt\tx\nrun2.pt\tz\nb\\run1.pt\ty\n",
        'file, label\n"a/run1.pt", "x"\n\nb/run1.pt, y\na/run2.pt, z\n,\n',
        "a/run1.pt,x\nb/run1.pt,y\na/run2.pt,z\n",  # no header
    ],
)
def test_labels_are_in_the_order_of_the_files(tmp_path, text):
    found = read(tmp_path, text)
    assert found.labels.tolist() == ["x", "z", "y"]
    assert found.persons is None
    assert found.covariates is None


def test_columns_are_chosen_by_name(tmp_path):
    text = "age,who,file,group\n31,p,run2,x\n40.5,q,b/run1,y\n1e1,p,a/run1,x\n"
    found = read(tmp_path, text, group_column="who", covariates=["age"])
    assert found.labels.tolist() == ["x", "x", "y"]
    assert found.persons.tolist() == ["p", "p", "q"]
    np.testing.assert_array_equal(found.covariates, [[10], [31], [40.5]])
    found = read(tmp_path, text, label_column="who")
    assert found.labels.tolist() == ["p", "p", "q"]


def test_columns_without_a_header_go_by_number(tmp_path):
    text = "run2,x,p\na/run1,y,p\nb/run1,y,q\n"
    found = read(tmp_path, text, group_column="3")
    assert found.labels.tolist() == ["y", "x", "y"]
    assert found.persons.tolist() == ["p", "p", "q"]


def test_folders_are_labels():
    assert read_labels("folder", FILES, **NONE).labels.tolist() == ["a", "a", "b"]
    with pytest.raises(ValueError, match="--labels folder has no column 'age'"):
        read_labels("folder", FILES, **{**NONE, "covariates": ["age"]})


GOOD = "file,label,age\na/run1,x,1\na/run2,y,2\nb/run1,y,3\n"


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("", {}, "labels.csv is empty"),
        ("file,label\nc,x\n", {}, "no column with the names of the files. Line 1 is"),
        ("file,label\nrun2\n", {}, r"line 2 has 1 cell\(s\), line 1 has 2"),
        (
            "file,label\na/run1,x\nrun2,y\n",
            {},
            r"no line for 1 of 3 files: 'b/run1.pt'",
        ),
        (  # two files are called run1
            "file,label\nrun1,x\nrun2,y\nb/run1,y\n",
            {},
            r"line 2: 'run1' is none of the 3 files \(1 such",
        ),
        (
            "file,label\na/run1,x\na/run1.pt,y\nrun2,y\nb/run1,y\n",
            {},
            "lines 2 and 3 both name the file 'a/run1.pt'",
        ),
        ("file,label\na/run1,x\nrun2,\nb/run1,y\n", {}, "line 3: column 'label' is em"),
        (
            "file,label\na/run1,x\nrun2,x\nb/run1,x\n",
            {},
            "all 3 files are labelled 'x'",
        ),
        ("file\na/run1\nrun2\nb/run1\n", {}, "0 columns that may hold labels. Choose"),
        (GOOD, {}, "2 columns that may hold labels: 'label', 'age'. Choose one with"),
        (GOOD, {"label_column": "diagnosis"}, "no column 'diagnosis', but 'file', 'la"),
        (GOOD, {"covariates": ["label"]}, "line 2: column 'label' holds 'x'; expected"),
        (GOOD.replace("3", "nan"), {"covariates": ["age"]}, "column 'age' holds 'nan'"),
        (GOOD.replace("age", "label"), {}, "two columns of one name"),
    ],
)
def test_faults_of_a_table_are_named(tmp_path, text, columns, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, text, **columns)


def test_tables_that_are_not_text_are_refused(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="is not text in UTF-8"):
        read_labels(str(path), FILES, **NONE)
