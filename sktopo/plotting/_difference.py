"""What differs between groups, and where, as a heatmap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np

from sktopo._utils.optional import import_optional
from sktopo._utils.parameters import check_option
from sktopo.inference import difference_table
from sktopo.plotting._axes import (
    add_colorbar,
    check_axes,
    fit_labels,
    get_axes,
    measure_axes,
)
from sktopo.plotting._display import Display, count
from sktopo.plotting._nodes import label_items, measure_text

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from sktopo._typing import ManyAxes, RandomState, Table

# What the colours can show: the column of the table, and the label of the colour bar.
_COLORS = {
    "omega_squared": ("omega_squared", "effect size ω²"),
    "pvalue": ("adjusted_pvalue", "−log₁₀ of corrected p"),
}
_NAMES = ("profile", "block")
_NUMBERS = ("omega_squared", "adjusted_pvalue", "level")
_GIVEN = "adjusted_pvalue_given_level"
# Cells of a table with larger p-values are not said to differ.
_SMALL = 0.05
# Inches of a cell: in a new figure, and the least that holds its numbers.
_WIDE, _NARROW = 1.2, 0.6
# The widest new figure.
_WIDEST = 13.0
# Letters of the longest name of a part of the graph.
_LONGEST_NAME = 60
# Effect sizes at the colour bar.
_TICKS = (0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1)


@dataclass(repr=False, eq=False)
class DifferenceDisplay(Display):
    """Where groups differ: profiles from top to bottom, parts of the graph across.

    A cell holds the p-value that is corrected for the number of cells. If it is at most
    0.05, the share of level stands below it, in per cent: how much of the squared
    distance between groups the mean of the profile makes up. Such a cell has a frame if
    its corrected p-value given level is at most 0.05 too: the groups also differ among
    graphs of the same level. By default that is the mean weight of all edges, so a cell
    that differs by its own mean only may have a frame; with ``level="block"`` it is the
    mean weight of the cell's own part of the graph. If there are so many parts that
    the numbers do not fit, a star stands for a p-value of at most 0.05.

    The colours of effect sizes are those of their roots, from 0 to 1 in all figures, so
    that figures can be compared, and effects of 0.05 differ from none. Negative effect
    sizes, which are chance, have the colour of 0.

    Use :meth:`from_table` or :meth:`from_connectomes` to make one.

    Parameters
    ----------
    table : pandas.DataFrame
        The table of :func:`~sktopo.inference.difference_table`.

    color : {"omega_squared", "pvalue"}, default="omega_squared"
        What the colour shows: the effect size or the corrected p-value.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    im_ : matplotlib AxesImage
        The colours. Cells that are not in the table, or in which all graphs are the
        same, are blank.

    text_ : ndarray of shape (n_profiles, n_blocks) of matplotlib Text
        What is written in the cells, None for those that are not in the table.

    frames_ : list of matplotlib Rectangle
        The frames of cells that differ, and differ given level.

    colorbar_ : matplotlib Colorbar
        The colour bar.

    Examples
    --------
    >>> import numpy as np
    >>> from sktopo.inference import difference_table
    >>> from sktopo.plotting import DifferenceDisplay
    >>> X = np.random.default_rng(0).random((20, 45))
    >>> X[10:, 0] += 3
    >>> table = difference_table(
    ...     X, [0] * 10 + [1] * 10, profiles=["births", "deaths"], random_state=0
    ... )
    >>> display = DifferenceDisplay.from_table(table)
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['births', 'deaths']
    """

    table: Table
    _: KW_ONLY
    color: Literal["omega_squared", "pvalue"] = "omega_squared"

    def __post_init__(self) -> None:
        check_option("color", self.color, tuple(_COLORS))
        self.table = _check_table(self.table)

    @classmethod
    def from_table(
        cls,
        table: Table,
        *,
        color: Literal["omega_squared", "pvalue"] = "omega_squared",
        ax: ManyAxes = None,
    ) -> Self:
        """Draw a table of differences.

        Parameters
        ----------
        table : pandas.DataFrame
            The table of :func:`~sktopo.inference.difference_table`, or some of its
            rows.

        color : {"omega_squared", "pvalue"}, default="omega_squared"
            What the colour shows.

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : DifferenceDisplay
            What was drawn.

        Raises
        ------
        TypeError
            If `table` is not a data frame.

        ValueError
            If columns are missing or do not hold numbers, the table is empty, or two
            of its rows have the same profile and block.
        """
        check_axes(cls, ax)
        return cls(table, color=color).plot(ax=ax)

    @classmethod
    def from_connectomes(
        cls,
        connectomes: ArrayLike,
        y: ArrayLike,
        *,
        profiles: Sequence[str] = (
            "births",
            "deaths",
            "strengths",
            "spectrum",
            "local",
        ),
        groups: ArrayLike | Literal["layer"] | None = None,
        sample_groups: ArrayLike | None = None,
        level: ArrayLike | Literal["mean", "block"] | None = "mean",
        covariates: ArrayLike | None = None,
        n_permutations: int = 9999,
        cv: int = 5,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        color: Literal["omega_squared", "pvalue"] = "omega_squared",
        ax: ManyAxes = None,
    ) -> Self:
        """Compute the table of differences of connectomes, and draw it.

        Parameters
        ----------
        connectomes : array-like of shape (n_samples, n_edges)
            Connectome rows.

        y : array-like of shape (n_samples,)
            The group of each graph.

        profiles : sequence of str, default=("births", "deaths", "strengths", \
"spectrum", "local")
            The profiles, as in :func:`~sktopo.inference.difference_table`.

        groups : array-like of shape (n_nodes,), "layer" or None, default=None
            The group of each node, likewise.

        sample_groups : array-like of shape (n_samples,), default=None
            The person or other group of each graph, likewise.

        level : "mean", "block", array-like of shape (n_samples,) or \
(n_samples, n_numbers), or None, default="mean"
            The level that frames account for, likewise.

        covariates : array-like of shape (n_samples,) or (n_samples, n_covariates), \
default=None
            Numbers that all tests account for.

        n_permutations : int, default=9999
            Number of random relabellings.

        cv : int, default=5
            Number of folds.

        n_jobs : int or None, default=None
            Number of parallel jobs, see :term:`n_jobs`.

        random_state : int, RandomState instance or None, default=None
            Determines the random relabellings.

        color : {"omega_squared", "pvalue"}, default="omega_squared"
            What the colour shows.

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : DifferenceDisplay
            What was drawn; its `table` is the table.

        Raises
        ------
        ValueError, TypeError
            As in :func:`~sktopo.inference.difference_table`.
        """
        check_axes(cls, ax)
        check_option("color", color, tuple(_COLORS))
        table = difference_table(
            connectomes,
            y,
            profiles=profiles,
            groups=groups,
            sample_groups=sample_groups,
            level=level,
            covariates=covariates,
            n_permutations=n_permutations,
            cv=cv,
            n_jobs=n_jobs,
            random_state=random_state,
        )
        return cls(table, color=color).plot(ax=ax)

    def plot(self, ax: ManyAxes = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : DifferenceDisplay
            Itself.
        """
        places, profiles, blocks = _find_places(self.table)
        width = float(np.clip(_WIDE * len(blocks), 2.6, _WIDEST - 2.2))
        height = max(1.6, 0.6 * len(profiles))
        # Names that are written upwards, below narrow columns, need room.
        is_narrow = width / len(blocks) < _NARROW
        longest = max(measure_text(name, 8)[0] for name in blocks) / 72
        size = {"width": width + 2.2, "height": height + 1.2 + is_narrow * longest}
        self.figure_, (self.ax_,) = get_axes(self, ax, **size)
        column, label = _COLORS[self.color]
        values = self.table[column].to_numpy(float)
        if self.color == "pvalue":
            values = -np.log10(values)
        colors = np.full((len(profiles), len(blocks)), np.nan)
        colors[tuple(places.T)] = values
        norm = self._make_norm(values)
        # Blank cells lie on white, whatever the style of the axes.
        self.im_ = self.ax_.imshow(colors, cmap="cividis", norm=norm, aspect="auto")
        below = "min" if np.nan_to_num(values).min() < 0 else "neither"
        self.colorbar_ = add_colorbar(self.ax_, self.im_, label=label, extend=below)
        self.ax_.set(xlabel="part of the graph", ylabel="profile")
        if ax is not None:
            width, height = self._lay_out(profiles)
            is_narrow = width / len(blocks) < _NARROW
        self._write(places, colors.shape, np.asarray(norm(values)), is_narrow)
        self._frame(places)
        label_items(self.ax_.xaxis, blocks, width, longest=_LONGEST_NAME)
        label_items(self.ax_.yaxis, profiles, height)
        title = "corrected p, and share of the profile's mean (%)"
        if is_narrow:
            title = f"star: corrected p of at most {_SMALL}"
        if _GIVEN in self.table:
            title += "\nframe: differs given the level too"
        self.ax_.set_title(title, fontsize="small")
        fit_labels(self.ax_)
        if self.color == "omega_squared":
            self.colorbar_.set_ticks(_TICKS)
        return self

    def _lay_out(self, profiles):
        """Measure given axes, in inches, with the names and the colour bar beside them.

        What fits into a cell depends on it.
        """
        label_items(self.ax_.yaxis, profiles, measure_axes(self.ax_)[1])
        if self.figure_.get_layout_engine() is not None:
            self.figure_.draw_without_rendering()
        return measure_axes(self.ax_)

    def _make_norm(self, values):
        """Make the scale of the colours: from 0, and for effects always to 1."""
        from matplotlib.colors import Normalize, PowerNorm  # noqa: PLC0415

        if self.color == "omega_squared":
            # Effects of 0.1 are large, and would look like none on a linear scale.
            return PowerNorm(0.5, vmin=0, vmax=1, clip=True)
        return Normalize(vmin=0, vmax=max(2, np.nan_to_num(values).max()))

    def _describe(self):
        """Count what is drawn."""
        _, profiles, blocks = _find_places(self.table)
        profiles, parts = count(len(profiles), "profile"), count(len(blocks), "part")
        return f"{profiles} of {parts} of the graph"

    def _write(self, places, shape, shades, is_narrow):
        """Write p-values and levels, or a star for small p-values if cells are narrow.

        `shades` in [0, 1] say how light the cells are.
        """
        self.text_ = np.full(shape, None, dtype=object)
        pvalues, levels = (self.table[name] for name in ("adjusted_pvalue", "level"))
        for place, pvalue, level, shade in zip(
            places, pvalues, levels, shades, strict=True
        ):
            row, column = place
            is_dark = shade < 0.5
            self.text_[row, column] = self.ax_.text(
                column,
                row,
                _describe(pvalue, level, is_narrow),
                color="white" if is_dark else "black",
                ha="center",
                va="center",
                fontsize="small",
            )

    def _frame(self, places):
        """Frame the cells that differ, and differ given level."""
        from matplotlib.patches import Rectangle  # noqa: PLC0415

        self.frames_ = []
        if _GIVEN not in self.table:
            return
        pvalues = self.table[["adjusted_pvalue", _GIVEN]].to_numpy(float)
        for row, column in places[(pvalues <= _SMALL).all(axis=1)]:
            corner = (column - 0.46, row - 0.46)
            frame = Rectangle(corner, 0.92, 0.92, fill=False, lw=2.5, ec="#D55E00")
            self.frames_.append(self.ax_.add_patch(frame))


def _describe(pvalue, level, is_narrow):
    """Describe a cell: its corrected p-value and, if it differs, its level."""
    if is_narrow:
        return "*" if pvalue <= _SMALL else ""
    is_known = pvalue <= _SMALL and not np.isnan(level)
    return f"p={pvalue:.2g}" + (f"\n{100 * level:.0f} %" if is_known else "")


def _check_table(table):
    """Validate a table of differences, and return it."""
    pandas = import_optional("pandas", extra="tables", purpose="DifferenceDisplay")
    if not isinstance(table, pandas.DataFrame):
        raise TypeError(
            "table must be a data frame of pandas, such as difference_table returns, "
            f"got {type(table).__name__}."
        )
    missing = [name for name in (*_NAMES, *_NUMBERS) if name not in table]
    if missing or not len(table):
        lacks = f"no column {missing[0]!r}" if missing else "no rows"
        raise ValueError(
            f"table has {lacks}; expected the table that difference_table returns."
        )
    for name in (*_NUMBERS, *({_GIVEN} & set(table))):
        try:
            table[name].to_numpy(float)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"Column {name!r} of table does not hold numbers: {error}"
            ) from error
    smallest = table["adjusted_pvalue"].min()
    if smallest <= 0:
        raise ValueError(
            f"table has a corrected p-value of {smallest:.3g}; expected numbers above "
            "0, as a permutation test gives."
        )
    repeated = table[list(_NAMES)].astype(str).duplicated().to_numpy()
    if repeated.any():
        profile, block = table[list(_NAMES)].iloc[repeated.argmax()]
        raise ValueError(
            f"table has two rows of profile {profile!r} and block {block!r}; expected "
            "one."
        )
    return table


def _find_places(table):
    """Return the row and column of each cell, (n_rows, 2), and the names of both."""
    names = [list(dict.fromkeys(map(str, table[name]))) for name in _NAMES]
    places = [
        [known.index(str(name)) for name in table[column]]
        for known, column in zip(names, _NAMES, strict=True)
    ]
    return np.array(places).T, *names
