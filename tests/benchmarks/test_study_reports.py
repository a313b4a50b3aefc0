"""The reports of the studies: what they compute, cache and write."""

import csv
import importlib
import json
from argparse import Namespace
from collections import Counter
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from scipy.spatial.distance import cdist, squareform
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.utils import Bunch

for module in ("matplotlib", "gudhi", "kmedoids", "tqdm"):
    pytest.importorskip(module)
networkx = pytest.importorskip("networkx")

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "studies"
STRATEGIES = ("vanilla", "batch_norm", "l2")
FORMS = ("Top (normalised)", "Top (sum)", "Adj")
N_NODES, N_NETWORKS, N_STARTS = 12, 4, 4
ALL = "all strategies together"


@pytest.fixture(scope="module", autouse=True)
def root_on_path():
    """Find the benchmarks where ``python -m`` does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        yield


def make_rows(seed, *, noise):
    """Correlations of noisy units with one factor, the same for all seeds' units."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(60, 1)) @ np.ones((1, N_NODES))
    frames = signal + noise * rng.normal(size=(60, N_NODES))
    matrix = np.abs(np.corrcoef(frames.T))
    return squareform(matrix, checks=False).astype(np.float32)


def make_collection(folder, **given):
    accuracies = {
        name: {"train": [1.0], "held-out": [0.9 + 0.01 * k], "test": [0.8]}
        for k, name in enumerate(STRATEGIES)
    }
    setting = {"epochs": 3, "slope": 0.1, "weight_decay": 0.0, "dropout": 0.0}
    folder.mkdir(parents=True, exist_ok=True)
    return Bunch(
        node_names=[f"a[{k}]" for k in range(8)] + [f"b[{k}]" for k in range(4)],
        accuracies=accuracies,
        settings=dict.fromkeys(STRATEGIES, setting),
        selection=[],
        facts={
            "data": "made-up rows",
            "seed": "0",
            "networks per strategy": f"{N_NETWORKS}",
            "epochs": "3",
            "images trained on": "9",
            "settings": "made up",
        },
        seconds={"training": 12.0},
        folder=folder,
        **given,
    )


def make_strategies(folder):
    rows = [
        make_rows(10 * k + i, noise=(0.7, 1.3, 1.6)[k])
        for k in range(3)
        for i in range(N_NETWORKS)
    ]
    return make_collection(
        folder,
        connectomes=np.array(rows),
        target=np.repeat(np.arange(3), N_NETWORKS),
        target_names=np.array(STRATEGIES),
        network=np.tile(np.arange(N_NETWORKS), 3),
    )


def make_stimuli(folder):
    connectomes = {
        name: np.array(
            [
                make_rows(100 * k + 10 * c + i, noise=0.5 + 0.5 * c + 0.2 * k)
                for c in range(3)
                for i in range(N_NETWORKS)
            ]
        )
        for k, name in enumerate(STRATEGIES)
    }
    return make_collection(
        folder,
        connectomes=connectomes,
        target=np.repeat(np.arange(3), N_NETWORKS),
        target_names=np.array(["zero", "one", "two"]),
        network=np.tile(np.arange(N_NETWORKS), 3),
    )


def run(study, folder, methods):
    """Run a study on made-up rows with a few methods."""
    report = importlib.import_module("benchmarks.studies._report")
    module = importlib.import_module(f"benchmarks.studies._{study}")
    make = {"strategies": make_strategies, "stimuli": make_stimuli}[study]
    collection = make(folder / study)
    options = Namespace(
        dataset="digits", quick=True, n_jobs=1, seed=0, output=folder, data=None
    )
    with pytest.MonkeyPatch.context() as patch:
        name = {"strategies": "METHODS", "stimuli": "STIMULI_METHODS"}[study]
        patch.setattr(module, name, methods)
        report.write_report(collection, options, getattr(module, f"study_{study}"))
    return collection


@pytest.fixture(name="strategies", scope="module")
def strategies_fixture(tmp_path_factory):
    methods = (*FORMS, "SWK", "graph summaries", "spectral")
    return run("strategies", tmp_path_factory.mktemp("studies"), methods)


@pytest.fixture(name="stimuli", scope="module")
def stimuli_fixture(tmp_path_factory):
    methods = (*FORMS, "modularity")
    return run("stimuli", tmp_path_factory.mktemp("studies"), methods)


def read_json(collection):
    return json.loads((collection.folder / "report.json").read_text(encoding="utf-8"))


def read_csv(collection, name):
    path = collection.folder / f"{name}.csv"
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def compute_barcode(row):
    """Births and deaths by networkx's spanning tree."""
    graph = networkx.from_numpy_array(squareform(row.astype(float)))
    tree = networkx.maximum_spanning_tree(graph)
    births = sorted(w for _, _, w in tree.edges.data("weight"))
    deaths = sorted((Counter(row.astype(float).tolist()) - Counter(births)).elements())
    return np.array(births), np.array(deaths)


def compute_rows(connectomes):
    """Barcodes whose Euclidean distance is the normalised Wasserstein distance."""
    rows = []
    for row in connectomes:
        parts = compute_barcode(row)
        rows.append(np.concatenate([p / np.sqrt(len(p)) for p in parts]))
    return np.array(rows)


def compute_purity(y, labels):
    largest = [Counter(y[labels == k]).most_common(1)[0][1] for k in set(labels)]
    return sum(largest) / len(y)


def test_purity_of_top_by_another_route(strategies):
    rows = compute_rows(strategies.connectomes)
    found = {
        (row["candidate"], row["start"]): row["purity"]
        for row in read_json(strategies)["tables"]["starts"]
        if row["task"] == ALL
    }
    seeds = np.random.RandomState(0).randint(2**31 - 1, size=N_STARTS)
    expected = {"Top (normalised)": [], "Top (normalised), best of restarts": []}
    for name, n_init in zip(expected, (1, N_STARTS), strict=True):
        for start, seed in enumerate(seeds):
            labels = KMeans(3, n_init=n_init, random_state=seed).fit_predict(rows)
            purity = compute_purity(strategies.target, labels)
            assert found[name, start] == pytest.approx(purity)
            expected[name].append(purity)
    (row,) = [
        row
        for row in read_json(strategies)["tables"]["purity"]
        if (row["task"], row["method"]) == (ALL, "Top (normalised)")
    ]
    single, best = expected.values()
    assert row["purity_mean"] == pytest.approx(np.mean(single))
    assert row["purity_std"] == pytest.approx(np.std(single))
    assert row["best_purity_mean"] == pytest.approx(np.mean(best))
    # Otherwise nothing was compared.
    assert 1 / 3 < row["purity_mean"] and row["error"] == ""


def test_the_clusters_shown_are_those_of_the_best_start(strategies):
    tables = read_json(strategies)["tables"]
    labels = np.array([row["cluster"] for row in tables["clusters"]])
    (purity,) = [
        row["purity"]
        for row in tables["starts"]
        if (row["task"], row["start"]) == (ALL, 0)
        and row["candidate"] == "Top (normalised), best of restarts"
    ]
    assert compute_purity(strategies.target, labels) == pytest.approx(purity)


def test_best_of_starts_has_the_lowest_inertia():
    clusterings = importlib.import_module("benchmarks.studies._clusterings")
    X = np.random.default_rng(0).normal(size=(40, 2))
    kmeans = KMeans(6, n_init=1, init="random")
    found = clusterings.BestOf(kmeans, n_init=5, random_state=3).fit(X)
    starts = [
        KMeans(6, n_init=1, init="random", random_state=seed).fit(X)
        for seed in clusterings.draw_seeds(5, 3)
    ]
    inertias = [start.inertia_ for start in starts]
    assert found.inertia_ == min(inertias) < max(inertias)
    np.testing.assert_array_equal(
        found.labels_, starts[int(np.argmin(inertias))].labels_
    )


def test_lambda_ends_where_the_methods_are(strategies):
    tables = read_json(strategies)["tables"]
    purity = {row["method"]: row for row in tables["purity"] if row["task"] == ALL}
    ends = {
        (row["form"], row["weight"]): row
        for row in tables["weights"]
        if row["task"] == ALL
    }
    for end, method in (
        (("normalised", 1), "Top (normalised)"),
        (("sum", 1), "Top (sum)"),
        (("normalised", 0), "Adj"),
        (("sum", 0), "Adj"),
    ):
        for key in ("purity_mean", "purity_std", "best_purity_mean"):
            assert ends[end][key] == pytest.approx(purity[method][key]), (end, key)


def test_statistics_by_another_route(strategies):
    tables = read_json(strategies)["tables"]
    rows, y = compute_rows(strategies.connectomes), strategies.target
    distances = cdist(rows, rows)
    pairs = np.triu(np.ones_like(distances, dtype=bool), 1)
    same = y[:, None] == y
    ratio = distances[pairs & ~same].mean() / distances[pairs & same].mean()
    assert tables["tests"][0]["statistic"] == pytest.approx(ratio, rel=1e-5)
    centers = [rows[y == k].mean(axis=0) for k in range(3)]
    for k, row in enumerate(tables["connectomes"]):
        spread = np.sqrt(((rows[y == k] - centers[k]) ** 2).sum(axis=1).mean())
        assert row["wasserstein_std"] == pytest.approx(spread, rel=1e-4)
        mean = squareform(strategies.connectomes[y == k].mean(axis=0))
        assert row["a to b"] == pytest.approx(mean[:8, 8:].mean(), rel=1e-5)
        within = mean[8:, 8:][np.triu_indices(4, 1)].mean()
        assert row["within b"] == pytest.approx(within, rel=1e-5)
    first = tables["distances"][0]
    assert (first["strategy_1"], first["strategy_2"]) == ("vanilla", "batch norm")
    distance = np.linalg.norm(centers[0] - centers[1])
    assert first["distance"] == pytest.approx(distance, rel=1e-4)


@pytest.mark.parametrize("study", ["strategies", "stimuli"])
def test_csv_and_json_agree(study, request):
    collection = request.getfixturevalue(study)
    content = read_json(collection)
    for name, rows in content["tables"].items():
        if not rows:
            continue
        lines = read_csv(collection, name)
        assert len(lines) == len(rows)
        for line, row in zip(lines, rows, strict=True):
            for key, value in row.items():
                if value is None or value == "":
                    assert line[key] == ""
                elif isinstance(value, int | float) and not isinstance(value, bool):
                    assert float(line[key]) == pytest.approx(value)
                else:
                    assert line[key] == str(value), (name, key)
    assert content["versions"]["sktopo"]
    assert (content["options"]["seed"], content["parameters"]["seed"]) == (0, 0)
    # Folders are the reader's own.
    assert str(collection.folder.parent) not in json.dumps(content)
    assert (collection.folder / "purity.png").stat().st_size > 10_000


def test_classes_networks_and_confusion(stimuli):
    tables = read_json(stimuli)["tables"]
    starts = {
        (row["task"], row["candidate"], row["start"]): row["purity"]
        for row in tables["starts"]
    }
    for strategy, own in (("vanilla", "vanilla"), ("batch_norm", "batch norm")):
        rows = compute_rows(stimuli.connectomes[strategy])
        seed = np.random.RandomState(0).randint(2**31 - 1, size=1)[0]
        labels = KMeans(3, n_init=N_STARTS, random_state=seed).fit_predict(rows)
        (row,) = [
            r
            for r in tables["clusters"]
            if (r["strategy"], r["method"]) == (own, "Top (normalised)")
        ]
        assert row["purity"] == pytest.approx(compute_purity(stimuli.target, labels))
        best = starts[own, "Top (normalised), best of restarts", 0]
        assert row["purity"] == pytest.approx(best)
        for key, labelled in (("class", stimuli.target), ("network", stimuli.network)):
            expected = adjusted_rand_score(labelled, labels)
            assert row[f"adjusted_rand_{key}"] == pytest.approx(expected)
        counts = Counter(zip(stimuli.target_names[stimuli.target], labels, strict=True))
        found = sorted(
            r["count"]
            for r in tables["confusion"]
            if (r["strategy"], r["method"]) == (own, "Top (normalised)") and r["count"]
        )
        assert found == sorted(counts.values())


def test_fresh_networks_have_no_network_in_common():
    study = importlib.import_module("benchmarks.studies._stimuli")
    y, labels = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    found = study.describe_clusters(y, np.arange(4), labels)
    assert found["adjusted_rand_network"] is None
    assert study.describe_clusters(y, np.array([0, 1, 0, 1]), labels)[
        "adjusted_rand_network"
    ] == pytest.approx(adjusted_rand_score([0, 1, 0, 1], labels))


def test_a_study_that_was_stopped_goes_on(tmp_path, monkeypatch):
    sktopo = importlib.import_module("sktopo")
    baselines = importlib.import_module("sktopo.baselines")
    calls, limit = [], [np.inf]

    def count(estimator):
        fit = estimator.fit

        def counted(self, X, y=None):
            if len(calls) >= limit[0]:
                raise KeyboardInterrupt
            calls.append(type(self).__name__)
            return fit(self, X)

        monkeypatch.setattr(estimator, "fit", counted)

    for estimator in (sktopo.TopClusterer, baselines.MedoidClusterer):
        count(estimator)
    study = importlib.import_module("benchmarks.studies._strategies")
    monkeypatch.setattr(study, "METHODS", dict.fromkeys(("Adj", "SWK"), ""))
    collection = make_strategies(tmp_path)
    options = Namespace(quick=True, n_jobs=1, seed=0)

    def repeat(folder):
        calls.clear()
        return study.study_strategies(collection, options, tmp_path / folder)

    _, tables = repeat("whole")
    whole = len(calls)
    # Stopped among the clusterings, and again within the sweep over λ.
    resumed = 0
    for share in (0.3, 0.6):
        limit[0] = int(share * whole)
        with pytest.raises(KeyboardInterrupt):
            repeat("stopped")
        assert len(calls) == limit[0] > 20
        resumed += len(calls)
    limit[0] = np.inf
    _, again = repeat("stopped")
    resumed += len(calls)
    # A piece that was cut off is computed once more; the largest is one λ.
    assert whole <= resumed <= whole + 2 * 2 * N_STARTS
    repeat("stopped")
    assert not calls
    for name in ("starts", "tests", "pairs", "clusters", "connectomes"):
        np.testing.assert_equal(again[name], tables[name])


def test_purity_of_the_best_of_restarts_or_of_single_starts():
    report = importlib.import_module("benchmarks.studies._report")
    row = {"purity_mean": 0.5, "best_purity_mean": 0.6}
    assert report.final_purity(row) == 0.6
    assert report.final_purity({**row, "best_purity_mean": None}) == 0.5


def test_a_summary_compares_the_reports(strategies, stimuli, tmp_path):
    summary = importlib.import_module("benchmarks.studies._summary")
    for collection in (strategies, stimuli):
        folder = tmp_path / "digits" / collection.folder.name
        copytree(collection.folder, folder)
    summary.summarize_reports(tmp_path)
    with (tmp_path / "strategies.csv").open(encoding="utf-8") as file:
        first = next(csv.DictReader(file))
    purity = {
        row["method"]: row["purity_mean"]
        if row["best_purity_mean"] is None
        else row["best_purity_mean"]
        for row in read_json(strategies)["tables"]["purity"]
        if row["task"] == ALL
    }
    assert (first["data"], first["clusters of"]) == ("made-up rows", ALL)
    for method in FORMS:
        assert float(first[method]) == pytest.approx(purity.pop(method), abs=6e-4)
    best = max(purity.values())
    assert float(first["best other method"].split()[-1]) == pytest.approx(
        best, abs=6e-4
    )
    assert (tmp_path / "stimuli.png").stat().st_size > 10_000


def test_a_summary_without_reports_is_refused(tmp_path):
    summary = importlib.import_module("benchmarks.studies._summary")
    with pytest.raises(ValueError, match="found none"):
        summary.summarize_reports(tmp_path)


def test_the_kept_tables_are_those_of_the_kept_reports(tmp_path):
    summary = importlib.import_module("benchmarks.studies._summary")
    copytree(KEPT, tmp_path / "kept")
    summary.summarize_reports(tmp_path / "kept")
    for name in ("purity", "strategies", "stimuli"):
        made, kept = (
            (folder / f"{name}.csv").read_text(encoding="utf-8")
            for folder in (tmp_path / "kept", KEPT)
        )
        assert made == kept
