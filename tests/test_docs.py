"""The site's API reference is complete, and its checks find what they are for."""

import importlib
import pkgutil
import re
import runpy
from pathlib import Path

import pytest

import sktopo

DOCS = Path(__file__).parents[1] / "docs"
CHECKS = runpy.run_path(str(DOCS / "check_site.py"))


def public_modules():
    for found in pkgutil.walk_packages(sktopo.__path__, "sktopo."):
        if "._" not in found.name and found.name != "sktopo.demo":  # a script
            yield found.name


def listed():
    """Yield the full names that the API reference lists."""
    text = (DOCS / "api" / "index.rst").read_text(encoding="utf-8")
    for part in text.split(".. currentmodule:: ")[1:]:
        module = part.split()[0]
        for table in part.split(":nosignatures:\n")[1:]:
            names = re.match(r"\n(?:   \w+\n)+", table).group().split()
            yield from (f"{module}.{name}" for name in names)


@pytest.mark.parametrize("module", ["sktopo", *public_modules()])
def test_api_reference_lists_every_public_name(module):
    names = importlib.import_module(module).__all__
    at_top = set() if module == "sktopo" else set(sktopo.__all__)
    full = {f"{module}.{name}" for name in names if name not in at_top}
    assert full - set(public_modules()) <= set(listed())


def test_api_reference_lists_nothing_twice_and_nothing_else():
    names = list(listed())
    assert len(names) == len(set(names))
    for name in names:
        module, member = name.rsplit(".", 1)
        assert hasattr(importlib.import_module(module), member)


def test_citing_has_the_papers_of_the_citation_file():
    papers = [
        re.findall(r"https://arxiv.org/abs/[\d.]+", text.read_text(encoding="utf-8"))
        for text in (DOCS / "citing.rst", DOCS.parent / "CITATION.cff")
    ]
    assert len(papers[0]) == 3
    assert papers[0] == papers[1]


GOOD = '<h1 id="top">A</h1><a href="b.html#part">b</a><img alt="x" src="x.png">'


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (GOOD, None),
        ('<a href="https://example.org/">elsewhere</a>', None),
        ('<a href="data:text/plain,x">data</a>', None),
        ('<a href="../up.html">b</a>', "../up.html leads nowhere"),
        ('<a href="c.html">c</a>', "c.html leads nowhere"),
        ('<a href="b.html#gone">b</a>', "b.html#gone has no such place"),
        ('<a href="#gone">a</a>', "#gone has no such place"),
        ('<img alt="" src="y.png">', "y.png leads nowhere"),
        ('<img alt="" src="x.png" srcset="x.png 1x, z.png 2x">', "z.png leads"),
        ('<img src="x.png">', "without alt text: x.png"),
        ('<script src="//cdn.org/a.js"></script>', "loads //cdn.org/a.js"),
        ('<link rel="stylesheet" href="http://f.org/a.css">', "loads http://f.org"),
        (r"<p>Then \(x\) is</p>", "formula as source"),
        (r"<pre>\frac</pre>", None),
        ("<style>p { src: url(https://f.org/a.woff) }</style>", "https://f.org/a.woff"),
    ],
)
def test_faults_of_a_page_are_found(tmp_path, body, fault):
    (tmp_path / "a.html").write_text(body, encoding="utf-8")
    (tmp_path / "b.html").write_text('<p id="part">b</p>', encoding="utf-8")
    (tmp_path / "x.png").touch()
    found = list(CHECKS["faults_of"](tmp_path))
    assert len(found) == (fault is not None)
    assert not found or fault in found[0]


def test_loads_of_style_sheets_are_found(tmp_path):
    (tmp_path / "a.css").write_text("@import 'https://f.org/a.css';")
    (tmp_path / "b.css").write_text("p { src: url(fonts/b.woff) }")
    (found,) = CHECKS["faults_of"](tmp_path)
    assert "https://f.org/a.css" in found


def test_missing_descriptions_are_found(tmp_path):
    (tmp_path / "_static").mkdir()
    good = f'<meta name="description" content="{"What this page says. " * 3}">'
    for name, head in (("a", good), ("b", ""), ("_static/c", "")):
        (tmp_path / f"{name}.html").write_text(head, encoding="utf-8")
    assert list(CHECKS["descriptions_missing"](tmp_path)) == ["b.html: no description"]


def test_figures_come_from_the_examples_above_them():
    pytest.importorskip("sphinx")
    pytest.importorskip("matplotlib")
    run = runpy.run_path(str(DOCS / "_ext" / "drawn.py"))["run_examples"]
    page = ">>> a = 1\n>>> a\n1\n"
    failing = page + ">>> a / 0\nTraceback (most recent call last):\n    ...\nE: x\n"
    names = {}
    assert run(page, names, 0) == 2
    names["a"] += 1
    assert run(page + ">>> a += 1\n", names, 2) == 3  # the first two do not run again
    assert names["a"] == 3
    assert run(failing, names, 2) == 3
    with pytest.raises(NameError):
        run(">>> unknown\n", names, 0)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Short.", "Short."),
        (
            "First. " + "word " * 18 + "end. " + "word " * 30,
            "First. " + "word " * 18 + "end.",
        ),
        ("word " * 60, "word " * 40 + "…"),
    ],
)
def test_descriptions_are_cut_at_sentences(text, shown):
    pytest.importorskip("docutils")
    shorten = runpy.run_path(str(DOCS / "_ext" / "descriptions.py"))["shorten"]
    assert shorten(text) == shown


def test_missing_names_are_found(tmp_path):
    (tmp_path / "api").mkdir()
    page = tmp_path / "api" / "a.html"
    page.write_text('<p id="sktopo.TopClusterer"></p>', encoding="utf-8")
    found = " ".join(CHECKS["names_missing"](tmp_path))
    assert "sktopo.TopClusterer is" not in found
    assert "sktopo.TopClusterer.fit is" in found
    assert "sktopo.barcodes.barycenter is" in found
