"""What all displays share: a short text, and their figure in notebooks."""

from __future__ import annotations

from io import BytesIO

from sktopo.plotting._groups import number_names


class Display:
    """Base of displays: they read as one line, and notebooks show their figure.

    Displays override `_describe`, which says in a few words what is drawn.
    """

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._describe()}>"

    def _describe(self):
        raise NotImplementedError

    def _repr_png_(self) -> bytes | None:
        """Return the figure as PNG, for notebooks; None if there is nothing to show.

        A notebook also shows all figures of pyplot at the end of a cell. The figure is
        closed, as it would be then, so that it is shown once. Figures that are open in
        a window, or in an interactive widget, are already shown there.
        """
        figure = getattr(self, "figure_", None)
        if figure is None:
            return None
        # A display that has a figure was drawn, so matplotlib is installed.
        from matplotlib import get_backend, pyplot  # noqa: PLC0415

        if pyplot.fignum_exists(getattr(figure, "number", -1)):
            if "inline" not in get_backend():
                return None
            pyplot.close(figure)
        file = BytesIO()
        figure.savefig(file, format="png", bbox_inches="tight")
        return file.getvalue()


def count(number, noun):
    """Write a number and its noun: "1 node", "2 nodes"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def count_graphs(values, y):
    """Count the graphs, rows of `values`, and their groups: "7 graphs in 2 groups"."""
    text = count(len(values), "graph")
    if y is None:
        return text
    names, _ = number_names(y, len(values))
    return f"{text} in {count(len(names), 'group')}"
