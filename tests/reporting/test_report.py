"""The report as its readers and users see it."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from sktopo import GraphPersistence
from sktopo.reporting import Report

QUICK = {"n_permutations": 99}


class Page(HTMLParser):
    """Collects the tags of a page, and checks that all are closed."""

    void = ("meta", "link", "img")

    def __init__(self, page):
        super().__init__()
        self.tags, self.attributes, self.open = [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.void:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module", name="report")
def report_fixture(make_graphs):
    X, y = make_graphs(3)
    names = np.array(["<b>a</b>", "b & c", "d"])[y]
    return Report.from_connectomes(X, names, groups=list("aaaabbbb"), **QUICK)


def test_the_page_needs_nothing_else(report):
    page = Page(report.html)
    assert "script" not in page.tags
    links = [value for name, value in page.attributes if name in ("src", "href")]
    assert links
    assert all(link.startswith("data:") for link in links)
    assert "url(" not in report.html
    assert "@import" not in report.html
    assert len(report.html) < 3e6


def test_names_are_text(report):
    assert "<b>a" not in report.html
    assert "&lt;b&gt;a&lt;/b&gt;" in report.html


def test_the_picture_comes_first_then_the_answer(report):
    places = [report.html.index(part) for part in ("<img", "A difference was found")]
    places.append(report.html.index("What was compared"))
    assert places == sorted(places)


def test_the_page_has_all_parts(report):
    titles = re.findall(r"<h2>(.*?)</h2>", report.html)
    assert titles == [
        "What was compared",
        "What differs, and where",
        "Tests",
        "Clusters",
        "All samples in a plane",
        "Births and deaths",
        "Mean connectomes",
        "Methods",
        "Settings",
    ]
    assert "@media print" in report.html
    assert "prefers-color-scheme: dark" in report.html


def test_the_same_input_gives_the_same_page(make_graphs, report):
    X, y = make_graphs(3)
    names = np.array(["<b>a</b>", "b & c", "d"])[y]
    again = Report.from_connectomes(X, names, groups=list("aaaabbbb"), **QUICK)
    pages = [re.sub("<time>.*?</time>", "", one.html) for one in (report, again)]
    assert pages[0] == pages[1]


def test_the_page_is_saved_and_shown(report, tmp_path):
    file = report.save(tmp_path / "report.html")
    assert file.read_text("utf-8") == report.html
    assert report._repr_html_().startswith("<iframe srcdoc=")
    assert repr(report).startswith("<Report: Comparison of 24 connectomes. The 3")
    with pytest.raises(TypeError, match="path is of type int"):
        report.save(3)


def test_the_title_is_that_of_the_user(make_graphs):
    X, _ = make_graphs(1)
    report = Report.from_connectomes(X[:1], title="A < B", **QUICK)
    assert "<h1>A &lt; B</h1>" in report.html


@pytest.mark.parametrize("y", [None, [0] * 4, [0, 1, 2, 3], ["a", "a", "b", "b"]])
def test_every_design_has_a_page(make_graphs, y):
    X, _ = make_graphs(1)
    rows = GraphPersistence().fit_transform(X)[:4]
    for report in (
        Report.from_rows(rows if y is None else np.ones((4, 3)), y, **QUICK),
        Report.from_connectomes(X[:4], y, **QUICK),
    ):
        Page(report.html)
        assert "nan" not in " ".join(report.paragraphs)


def test_recordings_and_their_missing_values():
    rng = np.random.default_rng(0)
    recordings = [rng.normal(size=(n, 5)) for n in (20, 25, 30, 20)]
    recordings[0][:3, 1] = np.nan
    options = {"missing": "drop_frames", **QUICK}
    report = Report.from_recordings(recordings, list("aabb"), **options)
    assert report.facts["Observations"] == "20 to 30 in each recording"
    assert report.tables["samples"]["observations left out"].tolist() == [3, 0, 0, 0]
    assert any("observations" in note for note in report.notes)


def test_networks(tmp_path):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    networks = [
        torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.ReLU()) for _ in range(6)
    ]
    stimuli = torch.randn(30, 3)
    options = {"stimuli": stimuli, "memory": str(tmp_path), **QUICK}
    report = Report.from_networks(networks, list("aaabbb"), **options)
    assert report.facts["Stimuli"] == "30"
    assert "torch" in report.settings["packages"]
    Page(report.html)
    with pytest.raises(ValueError, match="matrix"):
        Report.from_networks(networks, stimuli=stimuli, matrix="never")
