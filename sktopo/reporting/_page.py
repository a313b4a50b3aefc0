"""The page of a report: tables and figures as HTML, in one file."""

from __future__ import annotations

import base64
import html
import numbers
from io import BytesIO

import numpy as np

from sktopo._utils.optional import import_optional
from sktopo.reporting._words import LEVEL, PROFILES, write_p

# Pixels of figures for each inch.
_DPI = 110
# Rows of a table on the page; the data frame has all.
_MOST_ROWS = 40
# Columns as the page calls them, in the order of the page.
_COLUMNS = {
    "differences": {
        "profile": "profile",
        "block": "part of the graph",
        "reading": "in words",
        "omega_squared": "effect size ω²",
        "adjusted_pvalue": "corrected p",
        "adjusted_pvalue_given_level": "corrected p given mean weight",
        "accuracy": "accuracy",
        "level": "share of mean",
    },
    "pairs": {
        "group_1": "class",
        "group_2": "and class",
        "statistic": "ratio of distances",
        "pvalue": "p",
        "adjusted_pvalue": "corrected p",
    },
    "clusters": {
        "clusters by": "clusters by",
        "purity": "purity",
        "matched_accuracy": "accuracy, matched",
        "adjusted_rand": "adjusted Rand index",
        "number of clusters": "number of clusters",
        "silhouette": "mean silhouette",
    },
}


def render(content):
    """Render the template with a dict of content; return the page."""
    jinja2 = import_optional("jinja2", extra="report", purpose="A report")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sktopo.reporting"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("report.html").render(content)


def encode_figure(figure):
    """Return a figure as the data URL of a PNG."""
    file = BytesIO()
    figure.savefig(file, format="png", dpi=_DPI, facecolor="white")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def describe_table(name, table):
    """Return the columns, the rows and the number of rows left out, for the page."""
    table = table.copy()
    if name == "differences":
        table["reading"] = [_read_row(row) for _, row in table.iterrows()]
        table = table.sort_values("adjusted_pvalue", kind="stable")
    known = _COLUMNS.get(name, {column: column for column in table.columns})
    known = {key: label for key, label in known.items() if key in table}
    shown = table.head(_MOST_ROWS)
    rows = [
        [_write(key, value) for key, value in zip(known, row, strict=True)]
        for row in shown[list(known)].itertuples(index=False)
    ]
    return {
        "columns": list(known.values()),
        "rows": rows,
        "n_left_out": len(table) - len(shown),
    }


def _read_row(row):
    """Read a row of a table of differences in words."""
    if row["adjusted_pvalue"] > LEVEL:
        given = row.get("adjusted_pvalue_given_level", 1)
        return (
            "differs at the same mean weight only"
            if given <= LEVEL
            else ("no difference found")
        )
    if "adjusted_pvalue_given_level" not in row:
        return "differs"
    if row["adjusted_pvalue_given_level"] <= LEVEL:
        return "differs, beyond the mean weight"
    return "differs; the mean weight may be all"


def _write(column, value):
    """Write a value of a table."""
    if isinstance(value, numbers.Integral):
        return f"{value:,}"
    if not isinstance(value, numbers.Real):
        return "all" if value is None else str(value)
    if np.isnan(value):
        return "–"
    if column == "level":
        return f"{100 * value:.0f} %"
    return write_p(value) if "pvalue" in column or column == "p" else f"{value:.3g}"


def list_profiles(table):
    """List what the profiles of a table of differences are, in words."""
    names = dict.fromkeys(table["profile"])
    return [PROFILES[name] for name in names if name in PROFILES]


def frame_page(page, height=700):
    """Return a page in a frame of its own, which neither takes nor gives styles."""
    return (
        f'<iframe srcdoc="{html.escape(page)}" sandbox="" loading="lazy" '
        f'style="width:100%;height:{height}px;border:1px solid #8888" '
        'title="report"></iframe>'
    )
