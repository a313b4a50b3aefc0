"""Summaries: one row per candidate."""

import numpy as np
import pandas
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.cluster import KMeans

from sktopo.comparison import compare_clusterers, summarize
from sktopo.comparison._jobs import SECONDS


def test_summary_by_hand(study, failing):
    X, y = study
    candidates = {"KM": KMeans(2, n_init=1), "bad": failing()}
    table = compare_clusterers(X, y, candidates, n_starts=2, random_state=0)
    summary = summarize(table)
    assert_allclose(summary["mean_purity"][0], np.mean(table["purity"][::2]))
    assert_allclose(summary["std_purity"][0], np.std(table["purity"][::2]))
    seconds = table["fit_seconds"] + table["score_seconds"]
    assert_allclose(summary["seconds"][0], seconds[::2].sum())


@pytest.fixture
def table():
    """Make a table of classifiers: one always scored, one partly, one never."""
    rows = [
        ("z", 0.5, 0.25, 1.0, 1.0, ""),
        ("partly", 1.0, np.nan, 2.0, 0.5, ""),
        ("never", np.nan, np.nan, np.nan, np.nan, "late"),
        ("z", 1.0, 0.75, 3.0, 1.0, ""),
        ("partly", np.nan, np.nan, np.nan, np.nan, "first"),
        ("never", np.nan, np.nan, np.nan, np.nan, "later"),
        ("partly", np.nan, np.nan, np.nan, np.nan, "second"),
    ]
    columns = ["candidate", "score", "inner_score", *SECONDS, "error"]
    return pandas.DataFrame(rows, columns=columns)


def test_failed_rows_are_counted_and_left_out_of_means(table):
    before = table.copy()
    summary = summarize(table)
    pandas.testing.assert_frame_equal(table, before)
    expected = {
        "candidate": ["z", "partly", "never"],
        "n_scored": [2, 1, 0],
        "n_failed": [0, 2, 2],
        "mean_score": [0.75, 1.0, np.nan],
        "std_score": [0.25, 0.0, np.nan],
        "mean_inner_score": [0.5, np.nan, np.nan],
        "std_inner_score": [0.25, np.nan, np.nan],
        "seconds": [6.0, 2.5, 0.0],
        "error": ["", "first", "late"],
    }
    pandas.testing.assert_frame_equal(summary, pandas.DataFrame(expected))


def test_a_score_of_nan_without_an_error_is_not_left_out(table):
    table.loc[0, "score"] = np.nan
    summary = summarize(table)
    assert_array_equal(summary["n_scored"], [2, 1, 0])
    assert_array_equal(summary["mean_score"], [np.nan, 1.0, np.nan])
    assert_array_equal(summary["std_score"], [np.nan, 0.0, np.nan])


def test_only_failures(table):
    summary = summarize(table[table["candidate"] == "never"])
    assert list(summary["n_failed"]) == [2]
    assert np.isnan(summary["mean_score"][0])
    assert summary["seconds"][0] == 0
    assert summary["error"][0] == "late"


def test_a_table_that_was_saved_has_the_same_summary(table, tmp_path):
    table.to_csv(tmp_path / "table.csv", index=False)
    found = summarize(pandas.read_csv(tmp_path / "table.csv"))
    pandas.testing.assert_frame_equal(found, summarize(table))


def test_bad_tables_raise(table):
    for bad in ({}, None, [], "table", table["error"]):
        with pytest.raises(TypeError, match="must be a data frame"):
            summarize(bad)
    with pytest.raises(ValueError, match="no rows"):
        summarize(table[:0])
    with pytest.raises(ValueError, match="no columns \\['error'\\]"):
        summarize(table.drop(columns="error"))
    with pytest.raises(ValueError, match="Column 'score'"):
        summarize(table.assign(score="good"))
    for name, message in {"candidate": "names", "error": "messages"}.items():
        for bad in ({"k": 1}, [1, 2], {1}, np.zeros(3), object()):
            cells = pandas.Series([bad, *table[name][1:]], dtype=object)
            with pytest.raises(ValueError, match=f"'{name}' .* in row 0; .*{message}"):
                summarize(table.assign(**{name: cells}))
    for bad in (None, np.nan, pandas.NA):
        cells = pandas.Series([*table["candidate"][:-1], bad], dtype=object)
        with pytest.raises(ValueError, match="Column 'candidate' .* expected names"):
            summarize(table.assign(candidate=cells))
