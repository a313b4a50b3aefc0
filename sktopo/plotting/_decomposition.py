"""What distances between groups are made of, as stacked bars."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from textwrap import fill
from typing import TYPE_CHECKING, Self

import numpy as np

from sktopo.barcodes import (
    DistanceDecomposition,
    GraphPersistence,
    decompose_distance,
)
from sktopo.plotting._axes import (
    PLAIN_TEXT,
    add_legend,
    count_letters,
    fit_labels,
    get_axes,
    measure_axes,
    shorten_names,
)
from sktopo.plotting._display import Display, count
from sktopo.plotting._groups import number_names
from sktopo.plotting._inputs import check_before_computing, check_fitted, split_steps
from sktopo.plotting._nodes import fit_font

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator

    from sktopo._typing import ManyAxes, Samples

# Colour and hatch of each part. In grey they are dark, middle and light.
_STYLES = {
    "level": ("#0072B2", ""),
    "scale": ("#E69F00", "////"),
    "shape": ("#F0E442", ".."),
}
_TITLES = {
    "births": "births of components",
    "deaths": "deaths of cycles",
    "edges": "edges",
    "total": "in all",
}
# Longer names lose their middle, and two of them fit beside the axes.
_LONGEST_NAME = 28
# More pairs are too many for one figure: those of 12 groups.
_MOST_PAIRS = 66


@dataclass(repr=False, eq=False)
class DecompositionDisplay(Display):
    """Shares of level, scale and shape in the distances between groups.

    There is one bar for each pair of groups, in a panel for births, one for deaths and
    one for both. The number beside a bar is the distance itself, in units of the
    edge weights: the shares of a small distance say little.

    Use :meth:`from_estimator` or :meth:`from_decomposition` to make one.

    Parameters
    ----------
    decomposition : DistanceDecomposition
        What :func:`sktopo.barcodes.decompose_distance` returns with `y`.

    Attributes
    ----------
    ax_ : ndarray of matplotlib Axes
        The axes, one for each panel.

    figure_ : matplotlib Figure
        The figure.

    bars_ : ndarray of shape (n_panels, 3) of matplotlib BarContainer
        The bars of level, scale and shape; the first pair is at the top.

    text_ : ndarray of shape (n_panels, n_pairs) of matplotlib Annotation
        The distances.

    Examples
    --------
    >>> from sktopo.barcodes import decompose_distance
    >>> from sktopo.plotting import DecompositionDisplay
    >>> barcodes = [[0.0, 2.0, 5.0], [3.0, 9.0, 5.0]]
    >>> found = decompose_distance(barcodes, y=["a", "b"])
    >>> display = DecompositionDisplay.from_decomposition(found)
    >>> [round(float(bars[0].get_width()), 3) for bars in display.bars_[0]]
    [0.862, 0.138, 0.0]
    """

    decomposition: DistanceDecomposition

    def __post_init__(self) -> None:
        if not isinstance(self.decomposition, DistanceDecomposition):
            raise TypeError(
                f"Got an object of type {type(self.decomposition).__name__} as "
                "decomposition; expected what sktopo.barcodes.decompose_distance "
                "returns."
            )
        if self.decomposition.groups is None:
            raise ValueError(
                "The decomposition compares single barcodes; the display compares "
                "groups. Give decompose_distance the groups as y."
            )

    @classmethod
    def from_estimator(
        cls, estimator: BaseEstimator, X: Samples, y: ArrayLike, *, ax: ManyAxes = None
    ) -> Self:
        """Draw the distances between groups in the rows of a fitted GraphPersistence.

        Parameters
        ----------
        estimator : GraphPersistence or Pipeline
            Fitted; a pipeline must end in a GraphPersistence.

        X : array-like or sequence
            What the estimator takes.

        y : array-like of shape (n_samples,)
            Groups.

        ax : sequence of matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : DecompositionDisplay
            What was drawn.

        Raises
        ------
        TypeError
            If the last step is not a GraphPersistence.

        ValueError
            If `y` does not hold two groups or more.
        """
        _, persistence = split_steps(estimator)
        check_fitted(
            persistence,
            isinstance(persistence, GraphPersistence),
            "a fitted GraphPersistence, or a Pipeline that ends in one, such as "
            "pipeline[:-1]",
        )
        check_before_computing(cls, ax, X, y=y)
        rows = np.asarray(estimator.transform(X))
        found = decompose_distance(rows, y=y, layout=persistence.layout_)
        return cls.from_decomposition(found, ax=ax)

    @classmethod
    def from_decomposition(
        cls, decomposition: DistanceDecomposition, *, ax: ManyAxes = None
    ) -> Self:
        """Draw a decomposition.

        Parameters
        ----------
        decomposition : DistanceDecomposition
            What :func:`sktopo.barcodes.decompose_distance` returns with `y`.

        ax : sequence of matplotlib Axes, default=None
            See `plot`.

        Returns
        -------
        display : DecompositionDisplay
            What was drawn.

        Raises
        ------
        TypeError
            If it is not a decomposition.

        ValueError
            If it does not compare groups.
        """
        return cls(decomposition).plot(ax=ax)

    def plot(self, ax: ManyAxes = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : sequence of matplotlib Axes, default=None
            Three axes, of births, deaths and both; fewer (more) if there are fewer
            (more) parts in the decomposition. A new figure if None.

        Returns
        -------
        display : DecompositionDisplay
            Itself.

        Raises
        ------
        ValueError
            If there are too many groups for a figure.
        """
        panels = self.decomposition.list_parts()
        if len(panels) == 2:  # births, or deaths, alone are all there is
            del panels["total"]
        names, order = number_names(self.decomposition.groups, None)
        numbers = np.argsort(order)
        pairs = list(combinations(numbers, 2))
        if len(pairs) > _MOST_PAIRS:
            raise ValueError(
                f"The {len(names)} groups form {len(pairs)} pairs; at most "
                f"{_MOST_PAIRS} fit into a figure. Leave out or join some groups."
            )
        height = 1.5 + 0.32 * len(pairs)
        self.figure_, self.ax_ = get_axes(self, ax, len(panels), height=height)
        self.bars_ = np.empty((len(panels), len(_STYLES)), dtype=object)
        self.text_ = np.empty((len(panels), len(pairs)), dtype=object)
        for panel, (kind, parts) in enumerate(panels.items()):
            self._draw_panel(panel, parts, pairs)
            self.ax_[panel].set_title(_TITLES[kind])
        # So that what tells names apart is kept, each loses its middle by itself.
        height = measure_axes(self.ax_[0])[1]
        size = min(8.3, fit_font(len(pairs), height))
        room = 0.2 * self.figure_.get_size_inches()[0]
        names = shorten_names(names, min(_LONGEST_NAME, count_letters(room, size)))
        labels = [f"{first} – {second}" for first, second in combinations(names, 2)]
        style = {"fontsize": size, **PLAIN_TEXT}
        self.ax_[0].set_yticks(range(len(pairs)), labels, **style)
        for axes in self.ax_[1:]:
            axes.set_yticks([])
        self._add_legend()
        return self

    def _draw_panel(self, panel, parts, pairs):
        """Draw the bars of one of births, deaths and both."""
        axes = self.ax_[panel]
        squared = np.array([parts.squared[pair] for pair in pairs])
        starts = np.zeros(len(pairs))
        for k, (part, (color, hatch)) in enumerate(_STYLES.items()):
            sizes = np.array([getattr(parts, part)[pair] for pair in pairs])
            # A distance of 0 has no shares.
            shares = np.divide(
                sizes, squared, out=np.zeros(len(pairs)), where=squared > 0
            )
            self.bars_[panel, k] = axes.barh(
                range(len(pairs)),
                shares,
                left=starts,
                color=color,
                hatch=hatch,
                edgecolor="black",
                linewidth=0.6,
            )
            starts += shares
        for k, distance in enumerate(np.sqrt(squared)):
            self.text_[panel, k] = axes.annotate(
                f"{distance:#.2g}",
                (1, k),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=min(8.3, fit_font(len(pairs), measure_axes(axes)[1])),
                annotation_clip=False,
            )
        axes.set(xlim=(0, 1), ylim=(len(pairs) - 0.5, -0.5))

    def _add_legend(self):
        """Add a legend above the title of the panel in the middle, and a label below.

        In every panel the label would touch its neighbours in a small figure.
        """
        middle = len(self.ax_) // 2
        self.ax_[middle].set_xlabel("share of the squared distance")
        for axes in self.ax_:
            fit_labels(axes)
        n_letters = count_letters(measure_axes(self.ax_[middle])[0], 8)
        add_legend(
            self.ax_[middle],
            list(self.bars_[middle]),
            list(_STYLES),
            ncols=len(_STYLES),
            loc="lower center",
            bbox_to_anchor=(0.5, 1),
            borderaxespad=2,
            title=fill("number at the right of a bar: the distance", n_letters),
            handlelength=1.2,
            columnspacing=1,
        )

    def _describe(self):
        """Count what is drawn."""
        n_groups = len(self.decomposition.groups)
        n_pairs = n_groups * (n_groups - 1) // 2
        return f"{count(n_pairs, 'distance')} between {n_groups} groups"
