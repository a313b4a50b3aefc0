"""A description of each page for search engines and previews: its first sentences."""

from html import escape

from docutils import nodes

LONGEST = 200
# Pages that Sphinx makes without a text.
MADE = {
    "genindex": "All names of sktopo in alphabetical order.",
    "py-modindex": "The public modules of sktopo.",
    "search": "Search the documentation of sktopo.",
}
ASIDE = (nodes.Admonition, nodes.figure, nodes.table, nodes.footnote)


def first_text(doctree):
    """Return the text of the first paragraph that belongs to the page itself."""
    for paragraph in doctree.findall(nodes.paragraph):
        parent = paragraph.parent
        while parent is not None and not isinstance(parent, ASIDE):
            parent = parent.parent
        text = " ".join(paragraph.astext().split())
        if parent is None and len(text) > 20:
            return text
    return ""


def shorten(text):
    """Cut a text after the last sentence, or else the last word, that fits."""
    if len(text) <= LONGEST:
        return text
    text = text[:LONGEST]
    end = max(text.rfind(mark) for mark in (". ", "? "))
    return text[: end + 1] if end > LONGEST // 3 else text[: text.rfind(" ")] + " …"


def describe(app, pagename, templatename, context, doctree):
    """Add a description to the head of a page that has none of its own."""
    if 'name="description"' in context.get("metatags", ""):
        return
    text = shorten(first_text(doctree)) if doctree else MADE.get(pagename, "")
    text = text or f"{context.get('title', pagename)}: documentation of sktopo."
    tag = f'<meta name="description" content="{escape(text)}" />'
    context["metatags"] = context.get("metatags", "") + tag


def setup(app):
    """Connect to the writing of pages."""
    app.connect("html-page-context", describe)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
