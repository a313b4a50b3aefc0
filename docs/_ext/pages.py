"""What the pages need beyond Sphinx: links to other projects, reports of studies."""

import re
import shutil
import sys
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

STUDIES = Path(__file__).parents[1] / "studies"

ELSEWHERE = {
    "numpy": "https://numpy.org/doc/stable/reference/generated/{}.html",
    "scipy": "https://docs.scipy.org/doc/scipy/reference/generated/{}.html",
    "sklearn": "https://scikit-learn.org/stable/modules/generated/{}.html",
}
TERM = "https://scikit-learn.org/stable/glossary.html#term-{}"
TERMS = {"cv", "n_jobs", "random_state", "scoring"}


def link_elsewhere(app, env, node, contnode):
    """Make a link by the pattern of the addresses of the project that is meant."""
    target = node.get("reftarget", "")
    root = target.split(".")[0]
    if node.get("reftype") == "term":
        page = TERM if target in TERMS else None
    elif root in sys.stdlib_module_names:
        page = "https://docs.python.org/3/library/{}.html"
    else:
        page = ELSEWHERE.get(root)
    if page is None:
        return None
    return nodes.reference("", "", contnode, refuri=page.format(target))


def without_foreign_labels(app, what, name, obj, options, lines):
    """Take the links out of what is inherited: they lead to labels of scikit-learn."""
    lines[:] = [re.sub(r":ref:`([^`<]*?)\s*(<[^`]*>)?`", r"\1", line) for line in lines]


def reports():
    """Return the pages of the reports that are there, by the folders they are in."""
    return sorted(STUDIES.glob("*/*/report.html"))


class Studies(SphinxDirective):
    """A list of the reports, each by its title."""

    def run(self):
        """Return the list; or a sentence, where there is no report."""
        items = []
        for page in reports():
            self.env.note_dependency(str(page))
            title = re.search("<title>(.*?)</title>", page.read_text("utf-8")).group(1)
            address = page.relative_to(STUDIES.parent).as_posix()
            link = nodes.reference("", title, refuri=address)
            item = nodes.list_item("", nodes.paragraph("", "", link))
            items.append((page.parts[-3], title, item))  # by data set, then study
        if not items:
            return [nodes.paragraph("", "No report is kept here yet.")]
        return [
            nodes.bullet_list(
                "", *(item for *_, item in sorted(items, key=lambda i: i[:2]))
            )
        ]


def copy_reports(app, error):
    """Put the folders of the reports beside the pages, as they are."""
    if error is None and app.builder.format == "html":
        for page in reports():
            target = Path(app.outdir, page.parent.relative_to(STUDIES.parent))
            shutil.copytree(page.parent, target, dirs_exist_ok=True)


def setup(app):
    """Connect all of it."""
    app.add_directive("studies", Studies)
    app.connect("build-finished", copy_reports)
    app.connect("missing-reference", link_elsewhere)
    app.connect("autodoc-process-docstring", without_foreign_labels, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
