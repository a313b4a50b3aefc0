"""Tables, figures and the frame of a page."""

import base64
from html import unescape

import numpy as np
import pytest

from sktopo.reporting._page import (
    describe_table,
    encode_figure,
    frame_page,
    list_profiles,
)

pandas = pytest.importorskip("pandas")
TABLE = pandas.DataFrame(
    {
        "profile": ["births", "own", "deaths", "local"],
        "block": ["all"] * 4,
        "omega_squared": [0.1, 0.23456, np.nan, 0.2],
        "adjusted_pvalue": [0.9, 0.01, 1.0, 0.02],
        "level": [0.5, 0.25, np.nan, 0.1],
        "adjusted_pvalue_given_level": [0.01, 0.01, 1.0, 0.5],
        "accuracy": [0.5] * 4,
    }
)


def test_differences_are_read_in_words():
    table = describe_table("differences", TABLE)
    assert table["columns"][1] == "part of the graph"
    assert [row[2] for row in table["rows"]] == [
        "differs, beyond the mean weight",
        "differs; the mean weight may be all",
        "differs at the same mean weight only",
        "no difference found",
    ]
    assert table["rows"][0][3:6] == ["0.235", "0.01", "0.01"]
    assert table["rows"][-1][3] == "–"
    assert "reading" not in TABLE
    plain = describe_table("differences", TABLE.drop(columns=TABLE.columns[5]))
    assert [row[2] for row in plain["rows"]] == ["differs"] * 2 + [
        "no difference found"
    ] * 2


def test_long_tables_are_cut():
    table = describe_table("samples", pandas.DataFrame({"network": range(2000)}))
    assert len(table["rows"]) + table["n_left_out"] == 2000
    assert table["rows"][1] == ["1"]


def test_profiles_are_explained():
    assert [text.split(":")[0] for text in list_profiles(TABLE)] == [
        "births",
        "deaths",
        "local",
    ]


def test_figures_are_inline():
    from matplotlib.figure import Figure

    source = encode_figure(Figure())
    head, _, data = source.partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data)[:4] == b"\x89PNG"


def test_a_frame_holds_the_page():
    page = "<p class=\"a\">1 < 2 & 'b'</p>"
    frame = frame_page(page)
    assert unescape(frame.split('srcdoc="')[1].split('" sandbox')[0]) == page
    assert 'sandbox=""' in frame
