"""A report as a folder: Markdown, CSV, JSON, figures, and one page of HTML."""

import csv
import json
import math
from dataclasses import dataclass, field
from html import escape

import matplotlib

# Vector figures would differ from run to run by their date and identifiers.
SVG = {"svg.hashsalt": "sktopo", "svg.fonttype": "none"}
STYLE = """\
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem 1.2rem 4rem;
  font: 1rem/1.55 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  color: #1c1c1c; background: #fff; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 1rem 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; border-top: 1px solid #ccc;
  padding-top: 1.2rem; }
.lead { color: #444; margin-top: 0; }
.table { overflow-x: auto; margin: .4rem 0 1rem; }
table { border-collapse: collapse; font-size: .88rem;
  font-variant-numeric: tabular-nums; }
.title { font-weight: 600; font-size: .95rem; margin: 1.6rem 0 0; }
th, td { text-align: right; padding: .28rem .6rem;
  border-bottom: 1px solid #e2e2e2; }
td { white-space: nowrap; }
th { vertical-align: bottom; border-bottom: 2px solid #888; }
th:first-child, td:first-child { text-align: left; }
th:first-child, td:first-child { position: sticky; left: 0; background: #fff; }
tr.own td { background: #eaf3fa; font-weight: 600; }
.note, figcaption { font-size: .88rem; color: #444; }
.note { margin-top: .3rem; }
figure { margin: 1.4rem 0; }
figure img { max-width: 100%; height: auto; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
li { margin: .3rem 0; }
a { color: #0b5a8f; } code { font-size: .9em; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  dl { grid-template-columns: 1fr; } dd { margin-bottom: .5rem; }
  figure img { max-width: none; width: 40rem; }
  figure a { display: block; overflow-x: auto; }
}
"""


@dataclass(frozen=True)
class Table:
    """Rows of plain values, and how to show them.

    Attributes
    ----------
    name : str
        Name of its CSV file, and its key in the JSON file.

    title : str
        What it shows.

    rows : list of dict
        Values, all of which go into the files.

    columns : dict of str to callable
        What to show: headings, and functions from a row to a string. A table
        without columns is in its files only.

    note : str
        What a reader must know to read it.

    own : callable
        Tells the rows of the package's own method, which the page marks.
    """

    name: str
    title: str
    rows: list
    columns: dict
    note: str = ""
    own: object = field(default=lambda row: False)


@dataclass(frozen=True)
class Plot:
    """A figure and its caption.

    Attributes
    ----------
    name : str
        Name of its files.

    figure : matplotlib.figure.Figure
        The figure.

    caption : str
        What it shows; also its text for those who cannot see it.
    """

    name: str
    figure: object
    caption: str


@dataclass(frozen=True)
class Report:
    """What a report says, in the order in which it says it.

    Attributes
    ----------
    title, lead : str
        Heading, and what the study asks, in a sentence or two.

    sections : dict of str to list
        By heading: paragraphs (str), lists (list of str), definitions (dict),
        tables and plots.

    data : dict
        What goes into the JSON file beside the tables.
    """

    title: str
    lead: str
    sections: dict
    data: dict

    def list_parts(self, kind):
        """List all parts of a kind."""
        parts = (part for section in self.sections.values() for part in section)
        return [part for part in parts if isinstance(part, kind)]


def write_report(report, folder):
    """Write all files of a report into a folder that exists."""
    for name in ("figures", "tables"):
        (folder / name).mkdir(exist_ok=True)
    for plot in report.list_parts(Plot):
        path = folder / "figures" / plot.name
        with matplotlib.rc_context(SVG):
            plot.figure.savefig(path.with_suffix(".svg"), metadata={"Date": None})
        plot.figure.savefig(path.with_suffix(".png"), dpi=160)
    tables = report.list_parts(Table)
    for table in tables:
        write_csv(table.rows, folder / "tables" / f"{table.name}.csv")
        if table.columns:
            lines = f"{table.title}\n\n{write_markdown_table(table)}\n"
            write_text(folder / "tables" / f"{table.name}.md", lines)
    content = {
        "title": report.title,
        **report.data,
        "tables": {table.name: table.rows for table in tables},
    }
    lines = json.dumps(simplify(content), indent=1, ensure_ascii=False)
    write_text(folder / "report.json", lines + "\n")
    write_text(folder / "report.md", write_markdown(report))
    write_text(folder / "report.html", write_html(report))


def write_text(path, text):
    """Write a text file, by way of another so that it is never half written."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def write_csv(rows, path):
    """Write rows with a column for each key that any of them has."""
    columns = list(dict.fromkeys(key for row in rows for key in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def simplify(value):
    """Turn numbers of NumPy, tuples and NaN into what JSON has."""
    if isinstance(value, dict):
        return {str(key): simplify(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [simplify(item) for item in value]
    if hasattr(value, "tolist"):
        return simplify(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_markdown(report):
    """Write the whole report as Markdown."""
    parts = [f"# {report.title}", report.lead]
    for heading, section in report.sections.items():
        parts.append(f"## {heading}")
        for part in section:
            if isinstance(part, Table) and not part.columns:
                path = f"tables/{part.name}.csv"
                parts.append(f"{part.title}: [{path}]({path})")
            elif isinstance(part, Table):
                parts += [f"**{part.title}**", write_markdown_table(part)]
                parts += [part.note] if part.note else []
            elif isinstance(part, Plot):
                parts.append(f"![{part.caption}](figures/{part.name}.png)")
                parts.append(part.caption)
            elif isinstance(part, dict):
                parts.append("\n".join(f"- {k}: {v}" for k, v in part.items()))
            elif isinstance(part, list):
                parts.append("\n".join(f"- {item}" for item in part))
            else:
                parts.append(part)
    return "\n\n".join(parts) + "\n"


def write_markdown_table(table):
    """Write the shown columns of a table."""
    lines = [list(table.columns), ["---"] * len(table.columns)]
    lines += [[show(row) for show in table.columns.values()] for row in table.rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_html(report):
    """Write the report as one page; figures stay beside it."""
    body = [f"<h1>{text(report.title)}</h1>"]
    body.append(f'<p class="lead">{text(report.lead)}</p>')
    for heading, section in report.sections.items():
        body.append(f"<h2>{text(heading)}</h2>")
        body += [write_html_part(part) for part in section]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{text(report.title)}</title>\n<style>\n{STYLE}</style>\n</head>\n"
        "<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


def text(words):
    """Escape words, and keep what belongs together on one line."""
    return escape(words).replace(" = ", "&nbsp;=&nbsp;").replace(" ± ", "&nbsp;±&nbsp;")


def write_html_part(part):
    """Write a paragraph, list, definitions, table or figure."""
    if isinstance(part, Table):
        return write_html_table(part)
    if isinstance(part, Plot):
        path, caption = f"figures/{part.name}", text(part.caption)
        return (
            f'<figure><a href="{path}.svg"><img src="{path}.png" alt="{caption}">'
            f"</a><figcaption>{caption}</figcaption></figure>"
        )
    if isinstance(part, dict):
        pairs = (
            f"<dt>{text(key)}</dt><dd>{text(str(value))}</dd>"
            for key, value in part.items()
        )
        return "<dl>" + "\n".join(pairs) + "</dl>"
    if isinstance(part, list):
        items = "\n".join(f"<li>{text(item)}</li>" for item in part)
        return f"<ul>{items}</ul>"
    return f"<p>{text(part)}</p>"


def write_html_table(table):
    """Write the shown columns of a table, which scrolls where it is too wide."""
    if not table.columns:
        path = f"tables/{table.name}.csv"
        return f'<p>{text(table.title)}: <a href="{path}">{path}</a></p>'
    heads = "".join(f"<th>{text(head)}</th>" for head in table.columns)
    lines = [f"<tr>{heads}</tr>"]
    for row in table.rows:
        cells = "".join(
            f"<td>{text(show(row))}</td>" for show in table.columns.values()
        )
        mark = ' class="own"' if table.own(row) else ""
        lines.append(f"<tr{mark}>{cells}</tr>")
    note = f'<p class="note">{text(table.note)}</p>' if table.note else ""
    return (
        f'<p class="title">{text(table.title)}</p><div class="table"><table>\n'
        + "\n".join(lines)
        + f"\n</table></div>{note}"
    )
