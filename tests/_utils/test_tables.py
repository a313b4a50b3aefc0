"""Data frames of results."""

import numpy as np
import pytest

from sktopo._utils.tables import make_table


def test_rows_become_a_data_frame():
    pandas = pytest.importorskip("pandas")
    table = make_table([{"a": 1, "b": 2.5}, {"b": 3.5}], ("b", "a", "c"))
    assert isinstance(table, pandas.DataFrame)
    assert list(table) == ["b", "a", "c"]
    assert table["b"].tolist() == [2.5, 3.5]
    assert table["a"][0] == 1
    assert np.isnan(table["a"][1])
    assert table["c"].isna().all()


def test_tuples_become_rows():
    pytest.importorskip("pandas")
    table = make_table([(1, "x"), (2, "y")], ("number", "letter"))
    assert table["number"].tolist() == [1, 2]
    assert table["letter"].tolist() == ["x", "y"]


def test_columns_become_a_data_frame():
    pytest.importorskip("pandas")
    table = make_table({"a": np.arange(3), "b": np.array([0.5, 1, 2], np.float32)})
    assert list(table) == ["a", "b"]
    assert table["b"].dtype == np.float32
    assert table["a"].tolist() == [0, 1, 2]


@pytest.mark.usefixtures("without_pandas")
def test_without_pandas_the_error_names_the_extra():
    with pytest.raises(ImportError, match=r"pip install 'sktopo\[tables\]'"):
        make_table([{"a": 1}])
