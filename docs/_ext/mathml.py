"""Formulas as MathML, which browsers draw themselves.

No script and no font is loaded: the converter is that of docutils, which Sphinx brings.
"""

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml


def _inline(translator, node):
    translator.body.append(tex2mathml(node.astext()))


def _block(translator, node):
    formula = tex2mathml(node.astext(), as_block=True)
    translator.body.append(f'<div class="math">{formula}</div>')


def _visit(write):
    def visit(translator, node):
        write(translator, node)
        raise SkipNode

    return visit


def setup(app):
    """Register the renderer under the name "mathml"."""
    app.add_html_math_renderer(
        "mathml", (_visit(_inline), None), (_visit(_block), None)
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}
