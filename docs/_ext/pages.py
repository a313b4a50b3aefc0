"""Links of the pages to other projects, which Sphinx does not make by itself."""

import re
import sys

from docutils import nodes

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
    """Remove links from inherited docstrings: they lead to labels of scikit-learn."""
    lines[:] = [re.sub(r":ref:`([^`<]*?)\s*(<[^`]*>)?`", r"\1", line) for line in lines]


def setup(app):
    """Connect the functions to the events of Sphinx."""
    app.connect("missing-reference", link_elsewhere)
    app.connect("autodoc-process-docstring", without_foreign_labels, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
