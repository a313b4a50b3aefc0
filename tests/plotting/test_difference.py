"""DifferenceDisplay: what was drawn is read back, cell by cell."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sktopo.inference import difference_table
from sktopo.plotting import DifferenceDisplay

pytest.importorskip("matplotlib")
pandas = pytest.importorskip("pandas")

Y = np.repeat([0, 1], 6)
LAYERS = ["fc1"] * 4 + ["fc2"] * 3


@pytest.fixture(name="connectomes", scope="module")
def connectomes_fixture():
    X = np.random.default_rng(0).random((12, 21))
    X[6:, -3:] += 2  # within fc2
    return X


@pytest.fixture(name="table", scope="module")
def table_fixture(connectomes):
    return difference_table(
        connectomes,
        Y,
        groups=LAYERS,
        profiles=["births", "spectrum"],
        n_permutations=999,
        random_state=0,
    )


def test_it_keeps_the_rules_of_displays(check_display, table):
    check_display(DifferenceDisplay.from_table, table)
    check_display(DifferenceDisplay.from_table, table[:1])


@pytest.mark.parametrize("color", ["omega_squared", "pvalue"])
def test_cells_hold_the_table(table, color, texts):
    display = DifferenceDisplay.from_table(table, color=color)
    profiles, blocks = ["births", "spectrum"], ["all", "fc1", "fc2", "fc1--fc2"]
    assert texts(display.ax_.get_yticklabels()) == profiles
    assert texts(display.ax_.get_xticklabels()) == blocks
    framed = {
        tuple(np.rint(np.add(frame.get_xy(), frame.get_width() / 2)).astype(int))
        for frame in display.frames_
    }
    colors = display.im_.get_array()
    for _, row in table.iterrows():
        place = profiles.index(row["profile"]), blocks.index(row["block"])
        expected = row["omega_squared"]
        if color == "pvalue":
            expected = -np.log10(row["adjusted_pvalue"])
        assert_allclose(colors[place], expected)
        first, *others = display.text_[place].get_text().split("\n")
        pvalue = float(first.removeprefix("p="))
        assert_allclose(pvalue, row["adjusted_pvalue"], 0.06)
        assert display.text_[place].get_position() == place[::-1]
        differs = row["adjusted_pvalue"] <= 0.05
        assert others == [f"{100 * row['level']:.0f} %"] * differs
        is_framed = differs and row["adjusted_pvalue_given_level"] <= 0.05
        assert (place[::-1] in framed) == is_framed
    assert framed and len(framed) < 8
    label = display.colorbar_.ax.get_ylabel()
    assert ("ω²" in label) == (color == "omega_squared")
    assert ("log" in label) == (color == "pvalue")
    assert "frame" in display.ax_.get_title()


def find_luminance(color):
    """Find the relative luminance of a colour, as the WCAG define it."""
    from matplotlib.colors import to_rgb

    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("value", [-0.1, 0, 0.1, 0.24, 0.25, 0.5, 0.7, 1])
def test_text_can_be_read_on_its_cell(table, value):
    display = DifferenceDisplay.from_table(table[:1].assign(omega_squared=value))
    cell = find_luminance(display.im_.to_rgba(display.im_.get_array())[0, 0, :3])
    text = find_luminance(display.text_[0, 0].get_color())
    contrast = (max(cell, text) + 0.05) / (min(cell, text) + 0.05)
    assert contrast >= 4


def test_effects_of_all_sizes_are_told_apart_and_negative_ones_are_as_none(table):
    sizes = [-0.2, 0, 0.05, 0.14, 0.4, 1]
    some = table.iloc[: len(sizes)].assign(omega_squared=sizes)
    display = DifferenceDisplay.from_table(some)
    images = display.im_.get_array()
    shades = display.im_.norm(images)[~np.ma.getmaskarray(images)]
    assert_allclose(np.sort(shades), np.sqrt([0, 0, 0.05, 0.14, 0.4, 1]))
    assert display.colorbar_.extend == "min"
    # The scale does not depend on the table, so that figures can be compared.
    small = DifferenceDisplay.from_table(some.assign(omega_squared=0.01))
    assert small.im_.get_clim() == (0, 1)
    assert small.colorbar_.extend == "neither"


def test_tables_may_lack_cells_levels_and_the_test_given_level(table):
    some = table.drop(columns="adjusted_pvalue_given_level").iloc[[0, 1, 4]].copy()
    some.loc[some.index[1], ["omega_squared", "level"]] = np.nan
    display = DifferenceDisplay.from_table(some)
    assert display.text_[1, 1] is None
    assert display.im_.get_array().mask.tolist() == [[False, True], [False, True]]
    assert "%" not in display.text_[0, 1].get_text()
    assert display.frames_ == []
    assert "frame" not in display.ax_.get_title()


def test_connectomes_are_drawn_as_their_table(connectomes, table):
    options = {"groups": LAYERS, "profiles": ["births", "spectrum"]}
    display = DifferenceDisplay.from_connectomes(
        connectomes, Y, n_permutations=999, random_state=0, color="pvalue", **options
    )
    pandas.testing.assert_frame_equal(display.table, table)
    assert display.color == "pvalue"
    aged = DifferenceDisplay.from_connectomes(
        connectomes, Y, covariates=np.arange(12) ** 2, n_permutations=19, **options
    )
    assert (aged.table["statistic"] != table["statistic"]).all()
    plain = DifferenceDisplay.from_connectomes(
        connectomes, Y, level=None, n_permutations=19, **options
    )
    assert plain.frames_ == []
    assert "adjusted_pvalue_given_level" not in plain.table


def test_cells_without_a_pvalue_are_blank(table):
    unknown = table.assign(omega_squared=np.nan, adjusted_pvalue=np.nan)
    display = DifferenceDisplay.from_table(unknown, color="pvalue")
    assert display.im_.get_array().mask.all()


def test_what_is_no_table_is_refused(table):
    for wrong in (None, 3, "table", {}, [table], table.to_numpy()):
        with pytest.raises(TypeError, match="table must be a data frame of pandas"):
            DifferenceDisplay.from_table(wrong)
    twice = pandas.concat([table, table[2:3]])
    for wrong, message in (
        (table.drop(columns="block"), "no column 'block'"),
        (table[:0], "no rows"),
        (table.assign(level="high"), "Column 'level' of table does not hold numbers"),
        (twice, "two rows of profile 'births' and block 'fc2'"),
        (
            table.assign(adjusted_pvalue=0),
            "table has a corrected p-value of 0; expected numbers above 0",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            DifferenceDisplay.from_table(wrong)
    with pytest.raises(ValueError, match="color='level' is unknown"):
        DifferenceDisplay.from_table(table, color="level")


def test_axes_and_colours_are_checked_before_anything_is_computed():
    for options, error in (({"ax": 3}, TypeError), ({"color": "blue"}, ValueError)):
        with pytest.raises(error, match="in ax|color="):
            DifferenceDisplay.from_connectomes("not connectomes", Y, **options)


@pytest.mark.parametrize("width", [3.5, 10])
def test_numbers_of_given_axes_fit_into_their_cells(table, width):
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(width, 4), layout="constrained")
    display = DifferenceDisplay.from_table(table, ax=ax)
    figure.canvas.draw()
    cell = ax.get_window_extent().width / display.text_.shape[1]
    found = [text.get_text() for text in display.text_.ravel()]
    assert set(found) <= {"*", ""} if width < 4 else "*" not in found
    for text in display.text_.ravel():
        assert text.get_window_extent().width <= cell
