"""Formulas as MathML, which browsers draw themselves, on phones as well.

No script is loaded: docutils, which Sphinx brings, converts from LaTeX when the site is
built. ``_static/stix`` has the font, since few devices have one for formulas.
"""

from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml


def convert(formula, as_block=False):
    """Return the MathML of a formula in LaTeX."""
    mathml = tex2mathml(formula, as_block=as_block)
    if r"\left" not in formula and r"\begin" not in formula:
        # Brackets grow only where LaTeX lets them; browsers let these always.
        for bracket in "|‖{}":
            mathml = mathml.replace(
                f"<mo>{bracket}</mo>", f'<mo stretchy="false">{bracket}</mo>'
            )
    return mathml


def write_inline(translator, node):
    """Write a formula within a line."""
    translator.body.append(convert(node.astext()))
    raise SkipNode


def write_block(translator, node):
    """Write a formula on lines of its own."""
    formula = convert(node.astext(), as_block=True)
    translator.body.append(f'<div class="math">{formula}</div>')
    raise SkipNode


def setup(app):
    """Register the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (write_inline, None), (write_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
