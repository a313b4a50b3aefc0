"""Links to the pages of other projects, without their inventories."""

import re

from docutils import nodes

ELSEWHERE = {
    "sklearn": "https://scikit-learn.org/stable/modules/generated/{}.html",
    "scipy": "https://docs.scipy.org/doc/scipy/reference/generated/{}.html",
    "numpy": "https://numpy.org/doc/stable/reference/generated/{}.html",
}


def link_elsewhere(app, env, node, contnode):
    """Make a link by the pattern of the addresses of the project that is meant."""
    target = node.get("reftarget", "")
    page = ELSEWHERE.get(target.split(".")[0])
    if node.get("refdomain") == "py" and page and "." in target:
        return nodes.reference("", "", contnode, refuri=page.format(target))
    return None


def without_foreign_labels(app, what, name, obj, options, lines):
    """Take the links out of what is inherited: they lead to labels of scikit-learn."""
    lines[:] = [re.sub(r":ref:`([^`<]*?)\s*(<[^`]*>)?`", r"\1", line) for line in lines]


def setup(app):
    """Connect both."""
    app.connect("missing-reference", link_elsewhere)
    app.connect("autodoc-process-docstring", without_foreign_labels, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
