"""Figures that the examples of a page draw, shown where the page says so.

``.. drawn::`` with an ``:alt:`` runs the ``>>>`` examples above it on the page, which
pytest checks, and shows the current figure of matplotlib. So the code that the page
shows is the code that draws, and no script repeats it.
"""

import doctest
import io
from contextlib import redirect_stderr, redirect_stdout
from os.path import relpath
from pathlib import Path

import matplotlib.pyplot as plt
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective


def run_examples(text, namespace, done):
    """Run the examples of a page but the first `done`; return how many there are."""
    examples = doctest.DocTestParser().get_examples(text)
    for example in examples[done:]:
        try:
            code = compile(example.source, f"line {example.lineno + 1}", "single")
            exec(code, namespace)
        except Exception:
            if example.exc_msg is None:  # an error that the page does not show
                raise
    return len(examples)


class Drawn(SphinxDirective):
    """Show the figure that the examples above draw."""

    option_spec = {
        "alt": directives.unchanged_required,
        "width": directives.length_or_percentage_or_unitless,
    }

    def run(self):
        """Run what was not run yet on this page, and save the current figure."""
        source = Path(self.env.doc2path(self.env.docname))
        _, line = self.get_source_info()  # self.lineno counts what plots insert
        lines = source.read_text("utf-8").splitlines()[: line - 1]
        state = self.env.temp_data.setdefault(
            "drawn", {"namespace": {"__name__": "__main__"}, "done": 0, "figures": 0}
        )
        with (
            redirect_stdout(io.StringIO()),
            redirect_stderr(io.StringIO()),
            plt.rc_context({"font.size": 10}),
        ):
            state["done"] = run_examples(
                "\n".join(lines), state["namespace"], state["done"]
            )
        if not plt.get_fignums():
            raise self.error("The examples above this directive draw no figure.")
        state["figures"] += 1
        folder = Path(self.env.app.doctreedir).parent / "drawn"
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{self.env.docname.replace('/', '-')}-{state['figures']}.png"
        plt.savefig(folder / name, dpi=160, bbox_inches="tight")
        plt.close("all")
        uri = Path(relpath(folder / name, source.parent)).as_posix()
        figure = nodes.figure(
            "", nodes.image(uri=uri, classes=["plot-directive"], **self.options)
        )
        return [figure]


def setup(app):
    """Register the directive."""
    app.add_directive("drawn", Drawn)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
