"""Candidates of a comparison by their scores."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from sktopo.comparison import summarize
from sktopo.plotting._axes import (
    PLAIN_TEXT,
    check_axes,
    fit_labels,
    get_axes,
    measure_axes,
    shorten,
)
from sktopo.plotting._display import Display, count
from sktopo.plotting._groups import COLORS
from sktopo.plotting._nodes import label_items

if TYPE_CHECKING:
    from matplotlib.container import ErrorbarContainer
    from matplotlib.lines import Line2D
    from matplotlib.text import Text

    from sktopo._typing import ManyAxes, Table

# What the rows of a table are: the column that counts them.
_ROWS = ("start", "fold")
_LONGEST_NAME = 60


@dataclass(repr=False, eq=False)
class ComparisonDisplay(Display):
    """Candidates of a comparison by their scores, the best on top.

    There is a small circle for each score, such as that of a fold, and a diamond at
    their mean, with a line of one standard deviation to both sides. Scores of folds
    depend on each other, as their training samples overlap: the line says how much they
    vary, and is not a confidence interval. Candidates without any score come last, and
    their first error stands in their place.

    Use :meth:`from_table` to make one.

    Parameters
    ----------
    table : pandas.DataFrame
        The table of :func:`~sktopo.comparison.compare_classifiers` or
        :func:`~sktopo.comparison.compare_clusterers`.

    score : str, default=None
        The column of the scores, such as "adjusted_rand". If None, "score" or "purity",
        whichever the table has.

    Attributes
    ----------
    ax_ : matplotlib Axes
        The axes.

    figure_ : matplotlib Figure
        The figure.

    candidates_ : list of str
        The candidates from top to bottom.

    points_ : list of matplotlib Line2D
        The scores of each candidate in this order.

    means_ : list of matplotlib ErrorbarContainer
        The mean and the standard deviation of each candidate with a score.

    texts_ : list of matplotlib Text
        The errors of candidates without a score.

    See Also
    --------
    sktopo.comparison.summarize : The means and standard deviations as a table.
    DifferenceDisplay : Draws a table of differences.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> from sktopo.comparison import compare_classifiers
    >>> from sktopo.datasets import make_modular_connectomes
    >>> from sktopo.plotting import ComparisonDisplay
    >>> X, y = make_modular_connectomes(12, n_nodes=12, random_state=0)
    >>> candidates = {"linear": SVC(kernel="linear"), "sigmoid": SVC(kernel="sigmoid")}
    >>> table = compare_classifiers(X, y, candidates, cv=3)
    >>> ComparisonDisplay.from_table(table)
    <ComparisonDisplay: score of 2 candidates in 3 folds>
    """

    table: Table
    _: KW_ONLY
    score: str | None = None

    def __post_init__(self) -> None:
        summary = summarize(self.table)
        known = [name.removeprefix("mean_") for name in summary if name[:5] == "mean_"]
        if self.score is None and known:
            self.score = known[0]
        if self.score not in known:
            raise ValueError(
                f"score={self.score!r:.80} is not a score of the table; expected one "
                f"of {known}."
            )

    @classmethod
    def from_table(
        cls, table: Table, *, score: str | None = None, ax: ManyAxes = None
    ) -> Self:
        """Draw the table of a comparison.

        Parameters
        ----------
        table : pandas.DataFrame
            The table of :func:`~sktopo.comparison.compare_classifiers` or
            :func:`~sktopo.comparison.compare_clusterers`, or some of its rows.

        score : str, default=None
            The column of the scores. If None, "score" or "purity", whichever the table
            has.

        ax : matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : ComparisonDisplay
            What was drawn.

        Raises
        ------
        TypeError
            If `table` is not a data frame.

        ValueError
            If columns are missing or do not hold numbers, the table is empty, or
            `score` is not one of its columns of scores.
        """
        check_axes(cls, ax)
        return cls(table, score=score).plot(ax=ax)

    def plot(self, ax: ManyAxes = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; a new figure if None.

        Returns
        -------
        display : ComparisonDisplay
            Itself.
        """
        summary = summarize(self.table)
        means = summary[f"mean_{self.score}"].to_numpy(float)
        # Those without a score come last, as NaN does in a sorted array.
        order = np.argsort(-means, kind="stable")
        names = [str(summary["candidate"][k]) for k in order]
        height = float(np.clip(0.32 * len(names), 1.6, 9))
        self.figure_, (self.ax_,) = get_axes(self, ax, width=6, height=height + 0.8)
        if ax is not None:
            height = measure_axes(self.ax_)[1]
        self.candidates_ = names
        self.points_: list[Line2D] = []
        self.means_: list[ErrorbarContainer] = []
        self.texts_: list[Text] = []
        deviations = summary[f"std_{self.score}"].to_numpy(float)
        for place, k in enumerate(order):
            self._draw_scores(place, summary["candidate"][k])
            if np.isnan(means[k]):
                self._write_error(place, summary["error"][k])
            else:
                self._draw_mean(place, means[k], deviations[k])
        self.ax_.set_ylim(len(names) - 0.5, -0.5)
        label_items(self.ax_.yaxis, names, height, longest=_LONGEST_NAME, share=0.45)
        self.ax_.set_xlabel(f"{self._name_score()}, mean ± one standard deviation")
        fit_labels(self.ax_)
        self.ax_.grid(axis="x", color="0.9")
        self.ax_.set_axisbelow(True)
        self.ax_.spines[["top", "right"]].set_visible(False)
        return self

    def _draw_scores(self, place, candidate):
        """Draw a circle for each score of a candidate."""
        rows = self.table[self.table["candidate"] == candidate]
        scores = rows.loc[rows["error"].fillna("") == "", self.score]
        scores = scores.to_numpy(float)
        style = {"marker": "o", "linestyle": "none", "markersize": 5, "alpha": 0.7}
        (points,) = self.ax_.plot(
            scores,
            np.full(len(scores), place),
            markerfacecolor="none",
            color="0.45",
            **style,
        )
        self.points_.append(points)

    def _draw_mean(self, place, mean, deviation):
        """Draw the mean of a candidate, open so that scores behind it can be seen."""
        style = {"fmt": "D", "markerfacecolor": "none", "capsize": 3, "markersize": 7}
        self.means_.append(
            self.ax_.errorbar(mean, place, xerr=deviation, color=COLORS[0], **style)
        )

    def _write_error(self, place, error):
        """Write the error of a candidate without scores."""
        text = shorten(error.splitlines()[0]) if error else "no score"
        style = {"color": "#D55E00", "fontsize": "small", "va": "center", **PLAIN_TEXT}
        # At the left, whatever the scores of the others are.
        transform = self.ax_.get_yaxis_transform()
        self.texts_.append(
            self.ax_.text(0.02, place, text, transform=transform, **style)
        )

    def _name_score(self):
        return self.score.replace("_", " ")

    def _describe(self):
        """Count what is drawn."""
        n_candidates = self.table["candidate"].nunique()
        text = f"{self._name_score()} of {count(n_candidates, 'candidate')}"
        for column in _ROWS:
            if column in self.table:
                return f"{text} in {count(self.table[column].nunique(), column)}"
        return text
