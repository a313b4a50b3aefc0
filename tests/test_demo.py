"""The demo and the README: what a newcomer runs first."""

import re
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import squareform
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch

import sktopo
from sktopo.baselines import baseline_clusterers
from sktopo.metrics import purity_score

pytest.importorskip("torch")
pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

ROOT = Path(__file__).parent.parent


def test_demo(tmp_path, capsys):
    from sktopo import demo

    demo.main(["--output", str(tmp_path / "figures")])
    out = capsys.readouterr().out
    purity = {
        name: float(re.search(rf"^{re.escape(name)} +(\d\.\d+) ", out, re.M).group(1))
        for name in (
            "births and deaths",
            "profiles of the graph and its layers",
            "mean |r|",
            "mean, deviation per layer block",
            "edge weights, unit by unit",
        )
    }
    top, profiles, level, blocks, edges = purity.values()
    # The level explains most of it, and level and spread of each block explain more.
    assert edges + 0.1 < level < top < profiles < blocks
    assert "\ncluster 0: 20 batch_norm\n" in out
    for step in ("ActivationExtractor", "GraphPersistence", "TopClusterer"):
        assert re.search(rf"{step} +\d+\.\d\d\d", out)
    for name in ("differences", "controls", "barycenters", "connectomes"):
        assert (tmp_path / "figures" / f"{name}.png").stat().st_size > 10_000
    page = (tmp_path / "figures" / "report.html").read_text("utf-8")
    assert "<h1>Training strategies of 80 networks</h1>" in page
    assert "report.html: The 4 classes are not all alike" in out


def test_figures_show_the_results(digits):
    from sktopo import demo

    pipeline = make_pipeline(
        sktopo.ActivationExtractor(stimuli=digits.stimuli),
        sktopo.FunctionalConnectome(),
        sktopo.GraphPersistence(),
        sktopo.TopClusterer(4, n_init=5, random_state=0),
    )
    (_, rows, _, _), seconds = demo._fit_in_steps(pipeline, digits.networks)
    assert len(seconds) == 4
    assert min(seconds.values()) >= 0
    labels = pipeline[-1].labels_
    figure = demo._draw_connectomes(digits, rows, pipeline[0].node_names_)
    for k, name in enumerate(digits.target_names):
        ax = figure.axes[k]
        assert ax.get_title().startswith(name)
        assert ax.images[0].get_clim() == figure.axes[0].images[0].get_clim()
        # Sorted within layers, units stay in their blocks, and get weaker and weaker.
        drawn = np.ma.filled(ax.images[0].get_array(), 0)
        mean = squareform(rows[digits.target == k].mean(axis=0))
        for block in (np.s_[:40, :40], np.s_[:40, 40:], np.s_[40:, 40:]):
            assert drawn[block].sum() == pytest.approx(mean[block].sum(), rel=1e-5)
        for layer in (slice(40), slice(40, 64)):
            assert np.all(np.diff(drawn[layer].sum(axis=1)) < 1e-4)
        assert [t.get_text() for t in ax.get_xticklabels()] == ["lrelu1", "lrelu2"]
    clusters = demo._name_clusters(digits, labels)
    figure = demo._draw_barycenters(rows, clusters)
    births, deaths = figure.axes
    barcodes = sktopo.barcodes.barcode_rows(rows)
    for label, line in enumerate(births.lines):
        center = sktopo.barcodes.barycenter(barcodes[labels == label])[:63]
        np.testing.assert_allclose(line.get_ydata(), center, rtol=1e-5)
        assert line.get_label().startswith(f"cluster {label}: ")
    assert [len(line.get_ydata()) for line in deaths.lines] == [1953] * 4
    assert len(births.collections) == 4
    assert purity_score(digits.target, labels) > 0.7


def test_differences_are_those_of_two_strategies(digits):
    from sktopo import demo

    rng = np.random.default_rng(0)
    rows = rng.random((80, 6))
    # The only weight within layer a.
    is_dropout = digits.target_names[digits.target] == "dropout"
    rows[is_dropout, 0] += 5
    tables = demo._compare_strategies(digits, rows, ["a", "a", "b", "b"], 0)
    dropout, decay = (
        table.set_index(["profile", "block"]) for table in tables.values()
    )
    assert dropout["adjusted_pvalue"]["births", "a"] < 0.01
    assert decay["adjusted_pvalue"].min() > 0.05
    figure = demo._draw_differences(tables)
    titles = [ax.get_title().splitlines()[0] for ax in figure.axes[:2]]
    assert titles == list(tables)


def test_controls_are_drawn(digits):
    from sktopo import demo

    rows = np.arange(80.0)[:, np.newaxis] * [1, 1, 1]
    found = {"births and deaths": digits.target, "mean |r|": np.zeros(80, int)}
    left, right = demo._draw_controls(digits, rows, found).axes
    drawn = [line.get_xdata() for line in left.lines]
    np.testing.assert_array_equal(np.concatenate(drawn), range(80))
    assert [tick.get_text() for tick in left.get_yticklabels()] == list(
        digits.target_names
    )
    assert [bar.get_width() for bar in right.patches] == [1, 0.25]
    assert [text.get_text() for text in right.texts] == ["1.000", "0.250"]


def test_controls_start_as_often_as_the_clusterer(digits, monkeypatch):
    from sktopo import demo

    given = {}

    def make(n_clusters, **options):
        given.update(options, n_clusters=n_clusters)
        given["made"] = baseline_clusterers(n_clusters, **options)
        return given["made"]

    monkeypatch.setattr(demo, "baseline_clusterers", make)
    rows = np.random.default_rng(0).random((9, 6))
    layers = ["a", "a", "b", "b"]
    top = sktopo.TopClusterer(2, n_init=7, random_state=3)
    found = demo._cluster_otherwise(rows, layers, top)
    assert all(len(labels) == 9 for labels in found.values())
    assert (given["groups"], given["n_clusters"]) == (layers, 2)
    for name in ("profiles", "mean |r|", "block moments", "Adj"):
        clusterer = given["made"][name]["clusterer"]
        assert (clusterer.n_init, clusterer.random_state) == (7, 3)


def test_clusters_are_named_by_what_they_hold():
    from sktopo import demo

    data = Bunch(target=np.array([0, 0, 1, 1]), target_names=np.array(["a", "b"]))
    assert list(demo._name_clusters(data, np.array([0, 1, 1, 1]))) == [
        "cluster 0: 1 a",
        *["cluster 1: 1 a, 2 b"] * 3,
    ]


def test_demo_trains(tmp_path, capsys, monkeypatch):
    from sktopo import demo
    from sktopo.datasets import _training

    monkeypatch.setattr(_training, "N_EPOCHS", 2)
    train = _training.train_digit_networks
    monkeypatch.setattr(
        demo,
        "train_digit_networks",
        lambda **kwargs: train(5, **{**kwargs, "n_jobs": None}),
    )
    demo.main(["--train", "--output", str(tmp_path)])
    captured = capsys.readouterr()
    assert "20 networks, 450 stimuli" in captured.out
    assert "20/20" in captured.err
