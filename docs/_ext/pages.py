"""What the pages need beyond Sphinx: links to other projects, reports of studies."""

import re
import shutil
import sys
from pathlib import Path

from docutils import nodes

STUDIES = Path(__file__).parents[1] / "studies"
SUMMARY = STUDIES.parent / "_build" / "studies.md"

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


def write_summary(app, config):
    """Write what docs/studies/README.md says with links that lead to the copies."""
    text = (STUDIES / "README.md").read_text(encoding="utf-8")
    _, _, text = text.partition("<!-- made by the command, from here -->")
    text = text.replace("<!-- to here -->", "")
    text = re.sub(r" \(\[page\]\(\S+\)\)", "", text)
    # Links of Markdown would be looked for among the pages.
    link = r'<a href="studies/\2/report.html">\1</a>'
    text = re.sub(r"\[([^]]+)\]\((\S+)/report\.md\)", link, text)
    SUMMARY.parent.mkdir(exist_ok=True)
    SUMMARY.write_text(text, encoding="utf-8")


def copy_reports(app, error):
    """Put the folders of the reports beside the pages, as they are."""
    if error is None and app.builder.format == "html":
        for page in STUDIES.glob("*/*/report.html"):
            target = Path(app.outdir, page.parent.relative_to(STUDIES.parent))
            shutil.copytree(page.parent, target, dirs_exist_ok=True)
            back = '<p><a href="../../../studies.html">sktopo: studies</a></p>'
            copy = target / page.name
            text = copy.read_text("utf-8").replace("<body>", f"<body>\n{back}", 1)
            copy.write_text(text, encoding="utf-8")


def setup(app):
    """Connect all of it."""
    app.connect("config-inited", write_summary)
    app.connect("build-finished", copy_reports)
    app.connect("missing-reference", link_elsewhere)
    app.connect("autodoc-process-docstring", without_foreign_labels, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
