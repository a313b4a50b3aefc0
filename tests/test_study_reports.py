"""The reports of the studies: what they compute, keep, say and write."""

import csv
import importlib
import json
import re
from argparse import Namespace
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from shutil import copy, copytree

import numpy as np
import pytest
from scipy.spatial.distance import cdist, squareform
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.utils import Bunch

for module in ("matplotlib", "gudhi", "kmedoids", "tqdm"):
    pytest.importorskip(module)
networkx = pytest.importorskip("networkx")

ROOT = Path(__file__).parent.parent
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


@pytest.fixture(name="findings", scope="module")
def findings_fixture():
    return importlib.import_module("benchmarks.studies._findings")


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
        differences=["These are no networks."],
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
    reports = importlib.import_module("benchmarks.studies._reports")
    module = importlib.import_module(f"benchmarks.studies._{study}")
    make = {"strategies": make_strategies, "stimuli": make_stimuli}[study]
    collection = make(folder / study)
    options = Namespace(
        dataset="digits", quick=True, n_jobs=1, seed=0, output=folder, data=None
    )
    with pytest.MonkeyPatch.context() as patch:
        name = {"strategies": "METHODS", "stimuli": "STIMULI_METHODS"}[study]
        patch.setattr(module, name, dict.fromkeys(methods, ""))
        getattr(reports, f"report_{study}")(collection, options)
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
    path = collection.folder / "tables" / f"{name}.csv"
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Page(HTMLParser):
    """Cells of tables by their heading, items of lists, and what the page refers to."""

    def __init__(self, text):
        super().__init__()
        self.tables, self.items, self.links, self._into = [], [], [], None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.links += [attrs[key] for key in ("src", "href") if key in attrs]
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._into = self.tables[-1][-1]
        elif tag == "li":
            self.items.append("")
            self._into = self.items

    def handle_endtag(self, tag):
        if tag in ("td", "th", "li"):
            self._into = None

    def handle_data(self, data):
        if self._into is not None:
            self._into[-1] += data.replace("\xa0", " ")


def read_page(collection):
    return Page((collection.folder / "report.html").read_text(encoding="utf-8"))


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
        if row["method"] == "Top (normalised)"
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
    purity = {row["method"]: row for row in tables["purity"]}
    ends = {
        (row["form"], row["weight"]): row
        for row in tables["weights-all"]
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


def test_quantiles_of_barcodes_by_another_route(strategies):
    members = strategies.connectomes[strategies.target == 1]
    for kind, part in (("births", 0), ("deaths", 1)):
        values = np.array([compute_barcode(row)[part] for row in members])
        n_bins = 100
        fine = np.repeat(values, n_bins, axis=1)
        steps = fine.reshape(len(values), n_bins, -1).mean(axis=2)
        found = [
            (float(row["mean"]), float(row["std"]))
            for row in read_csv(strategies, "barcodes")
            if (row["strategy"], row["kind"]) == ("batch norm", kind)
        ]
        expected = np.transpose([steps.mean(axis=0), steps.std(axis=0)])
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("study", ["strategies", "stimuli"])
def test_page_csv_and_json_agree(study, request):
    collection = request.getfixturevalue(study)
    page, content = read_page(collection), read_json(collection)
    assert page.items[: len(content["findings"])] == content["findings"]
    for name, rows in content["tables"].items():
        lines = read_csv(collection, name)
        assert len(lines) == len(rows)
        for line, row in zip(lines, rows, strict=True):
            for key, value in row.items():
                written = "" if value is None else str(value)
                assert line[key] == written, (name, key)
    name = "purity" if study == "strategies" else "purity-vanilla"
    heading = "purity, best of 4 restarts"
    shown = next(table for table in page.tables if table[0][1:2] == [heading])
    for cells, row in zip(shown[1:], content["tables"][name], strict=True):
        assert cells[0] == row["method"]
        expected = f"{row['purity_mean']:.3f} ± {row['purity_std']:.3f}"
        assert cells[2] == expected
        if row["best_purity_mean"] is None:
            assert cells[1] == "–"
        else:
            assert cells[1].startswith(f"{row['best_purity_mean']:.3f} ± ")


@pytest.mark.parametrize("study", ["strategies", "stimuli"])
def test_folder_is_self_contained(study, request):
    collection = request.getfixturevalue(study)
    page, folder = read_page(collection), collection.folder
    assert page.links
    for link in set(page.links) - {"data:,"}:  # no icon
        assert (folder / link).stat().st_size > 0, link
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert "http" not in text and "@import" not in text and "url(" not in text
    for path in folder.glob("figures/*.png"):
        assert path.with_suffix(".svg").exists()
    written = (folder / "report.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)]*)\)", written):
        assert (folder / link).exists(), link
    content = read_json(collection)
    assert content["versions"]["numpy"] == np.__version__
    assert (content["options"]["seed"], content["parameters"]["seed"]) == (0, 0)
    # Folders are the reader's own.
    assert str(collection.folder.parent) not in text + json.dumps(content)


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

    tables = repeat("whole")
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
    again = repeat("stopped")
    resumed += len(calls)
    # A piece that was cut off is computed once more; the largest is one λ.
    assert whole <= resumed <= whole + 2 * 2 * N_STARTS
    repeat("stopped")
    assert not calls
    for name in ("starts", "tests", "pairs", "null", "labels"):
        np.testing.assert_equal(again[name], tables[name])


def make_purity(**values):
    """Rows of purity; the values are of single starts, of restarts, or None."""
    return [
        {
            "task": ALL,
            "method": method.replace("_", " "),
            "purity_mean": single,
            "best_purity_mean": best,
            "n_connectomes": 80,
            "chance": 0.4,
            "error": "" if single is not None else "ValueError: why",
        }
        for method, (single, best) in values.items()
    ]


def test_what_failed_comes_last_and_says_why():
    reports = importlib.import_module("benchmarks.studies._reports")
    rows = [
        {**row, "best_purity_std": 0.0, "purity_std": 0.0}
        for row in rename_top(
            make_purity(SWK=(None, None), PL=(0.5, 0.6), Top=(0.9, 1))
        )
    ]
    for row in rows:
        row |= {"best_adjusted_rand_mean": None, "adjusted_rand_mean": None}
    results = {"parameters": {"n_starts": 4}}
    table = reports.make_purity_table("p", "Title", rows, ALL, results)
    assert [row["method"] for row in table.rows] == ["Top (normalised)", "PL", "SWK"]
    assert table.columns["error"](table.rows[-1]) == "ValueError: why"
    assert table.columns["purity, single starts"](table.rows[-1]) == "–"


def rename_top(rows, form="Top (normalised)"):
    names = {"Top": form, "Sum": "Top (sum)"}
    return [{**row, "method": names.get(row["method"], row["method"])} for row in rows]


def test_ranks_follow_the_numbers(findings):
    score = {"Top": 0.9, "A": 0.9001, "B": 0.7}
    assert findings.rank_methods(score, "Top", "purity", 80) == (
        "Top has the highest purity of 3 methods, 0.900, shared with A; next: B "
        "(0.700), 16.0 of 80 connectomes behind."
    )
    score |= {"A": 0.96, "C": 0.95}
    assert findings.rank_methods(score, "Top", "purity", 80) == (
        "Top has the third highest purity of 4 methods, 0.900; higher: A (0.960) and "
        "C (0.950)."
    )
    score |= {str(k): 0.99 for k in range(9)}
    assert "12th highest" in findings.rank_methods(score, "Top", "purity", 80)
    assert findings.rank_methods({"Top": 0.9, "A": 0.8}, "Top", "purity", 80) == (
        "Top has the highest purity of 2 methods, 0.900; next: A (0.800), 8.0 of 80 "
        "connectomes behind."
    )


def test_wins_and_losses_follow_the_numbers(findings):
    rows = rename_top(make_purity(Top=(0.8, 0.97), A=(0.9, 0.95), B=(0.96, None)))
    assert findings.tell_wins(rows, 20) == (
        "With the best of 20 restarts, Top (normalised) is ahead of all others in all "
        "strategies together (0.970)."
    )
    told = findings.tell_purity(rows, ALL, 20)
    assert "highest purity with the best of 20 restarts" in told[0]
    assert "third highest mean purity from single starts" in told[1]
    rows = rename_top(make_purity(Top=(0.8, 0.95), A=(0.9, 0.95), B=(0.96, None)))
    assert findings.tell_wins(rows, 20) == (
        "With the best of 20 restarts, Top (normalised) is behind in all strategies "
        "together (0.950, B 0.960)."
    )
    rows = rename_top(make_purity(Top=(0.8, 0.95), A=(0.9, 0.95), B=(None, None)))
    assert f"shares the highest purity in {ALL}" in findings.tell_wins(rows, 20)
    assert findings.tell_errors(rows) == [f"B has no result in {ALL}: ValueError: why"]


@pytest.mark.parametrize(
    ("own", "peer", "expected"),
    [
        (0.9, 0.8, "ahead of it"),
        (0.7, 0.8, "behind it"),
        (0.8, 0.8, "less than one connectome apart from it"),
        (0.8, 0.812, "less than one connectome apart from it"),
        (0.8, 0.813, "behind it"),
    ],
)
def test_forms_follow_the_numbers(findings, own, peer, expected):
    rows = rename_top(make_purity(Top=(0, own), Sum=(0, peer), Adj=(0, 0.1)))
    told = findings.tell_forms(rows, 20)
    assert expected in told[0] and f"{own:.3f} against {peer:.3f}" in told[0]
    assert "ahead of it" in told[1]


def test_lambda_and_chance_follow_the_numbers(findings):
    rows = [
        {"task": ALL, "form": "sum", "weight": w, "best_purity_mean": p}
        for w, p in ((0, 0.3), (0.5, 0.9), (0.7, 0.9), (1, 0.8))
    ]
    assert findings.tell_weights(rows, 20) == [
        "In the sum form, with the best of 20 restarts, purity is highest, 0.900, at "
        "λ = 0.5 and 0.7; it is 0.300 at λ = 0 and 0.800 at λ = 1."
    ]
    rows = rename_top(make_purity(Top=(0.3, 0.9), A=(0.3, 0.44), B=(0.45, None)))
    told = findings.tell_chance(rows)
    assert told.startswith("Random clusters of equal size have a purity of 0.400; ")
    assert f"A ({ALL}) and B ({ALL})." in told and "Top" not in told
    lower = [{**row, "chance": 0.3} for row in rows]
    assert "every method" in findings.tell_chance(lower)
    new = {"task": "another", "best_purity_mean": 0.45, "chance": 0.5}
    told = findings.tell_chance(rows + [{**row, **new} for row in rows[:2]])
    assert f"of 0.400 in {ALL} and 0.500 in another; " in told
    assert f"A (all), B ({ALL}) and Top (normalised) (another)." in told


def test_tests_follow_the_numbers(findings):
    def test(pvalue, *, exact=False):
        return {
            "compared": "births and deaths",
            "test": "ratio",
            "statistic": 1.5,
            "pvalue": pvalue,
            "omega_squared": None,
            "n_relabellings": 999,
            "exact": exact,
        }

    (told,) = findings.tell_tests([test(0.001)], [])
    assert "differ: statistic 1.50, p = 0.001 (the least there can be)" in told
    (told,) = findings.tell_tests([test(0.002)], [])
    assert "least" not in told
    (told,) = findings.tell_tests([test(0.2)], [])
    assert "do not differ detectably" in told
    pairs = [
        {"test": "ratio", "group_1": "a", "group_2": b, "adjusted_pvalue": p}
        for b, p in (("b", 0.01), ("c", 0.3))
    ]
    (told,) = findings.tell_tests([], pairs)
    assert "1 of 2 pairs" in told and "not a and c (p = 0.3)" in told
    (told,) = findings.tell_tests([], pairs[:1])
    assert "1 of 1 pairs" in told and "not" not in told


def test_accuracies_and_seconds_follow_the_numbers(findings):
    accuracies = {"a": {"held-out": [0.9, 0.92]}, "b": {"held-out": [0.95]}}
    told = findings.tell_accuracies(accuracies)
    assert "0.910 (a) and 0.950 (b)" in told
    assert "All strategies" in findings.tell_accuracies({"a": {"held-out": [0.9]}})
    rows = [
        {"method": name, "seconds_alone": seconds}
        for name, seconds in (
            ("Top (normalised)", 0.5),
            ("A", 20.0),
            ("B", 0.1),
            ("C", None),
        )
    ]
    (told,) = findings.tell_seconds(rows)
    assert "takes 0.5 s" in told and "B takes least, 0.1 s, and A most, 20 s" in told


def test_networks_and_confusions_follow_the_numbers(findings):
    def row(by_class, by_network):
        return {
            "method": "Top",
            "strategy": "vanilla",
            "adjusted_rand_class": by_class,
            "adjusted_rand_network": by_network,
        }

    (told,) = findings.tell_networks([row(0.5, -0.0001)])
    assert "in 1 of 1" in told and "(0.500 against 0.000)" in told
    (told,) = findings.tell_networks([row(0.1, 0.4)])
    assert "in 0 of 1" in told
    assert findings.tell_networks([row(0.1, None)]) == []
    counts = {("x", 0): 4, ("y", 0): 2, ("y", 1): 2, ("z", 1): 0, ("z", 2): 4}
    rows = [
        {"method": "Top", "strategy": "s", "class": c, "cluster": k, "count": n}
        for (c, k), n in counts.items()
    ]
    told = findings.tell_confusions(rows, "Top", n_pairs=1)
    # Same class: 12 of 12, 4 of 12 and 12 of 12 ordered pairs; x and y: 8 of 16.
    assert "frequency of 0.78" in told and "x and y (0.50)" in told


@pytest.fixture(name="kept")
def kept_fixture(tmp_path, strategies, stimuli):
    """Keep reports as docs/studies does, with the page that sums them up."""
    for name, collection in (("strategies", strategies), ("stimuli", stimuli)):
        copytree(collection.folder, tmp_path / "digits" / name)
    copytree(stimuli.folder, tmp_path / "others" / "stimuli")
    page = tmp_path / "README.md"
    copy(KEPT / "README.md", page)
    return page


def test_the_summary_has_the_numbers_of_the_reports(kept, strategies, stimuli):
    summary = importlib.import_module("benchmarks.studies._summary")
    summary.summarize_reports(kept.parent)
    text = kept.read_text(encoding="utf-8")
    cells = [line.strip("| ").split(" | ") for line in text.splitlines()]
    cells = [line for line in cells if line[0].startswith("[made-up rows](digits/")]
    tasks = {}
    for collection in (strategies, stimuli):
        for row in read_csv(collection, "purity-all"):
            value = float(row["best_purity_mean"] or row["purity_mean"])
            own, others = tasks.setdefault(row["task"], ([], []))
            if row["method"] in FORMS:
                own.append(f"{value:.3f}")
            else:
                others.append((round(value, 3), row["method"]))
    assert [line[1] for line in cells] == list(tasks) and len(cells) == 6
    for _, task, *own, other, _ in cells:
        expected, others = tasks[task]
        best = [name for score, name in others if score == max(others)[0]]
        named = " and ".join(best) if len(best) < 3 else f"{len(best)} methods"
        assert own == expected and other == f"{named} {max(others)[0]:.3f}"
    assert text.count("| [made-up rows, settings made up](others/stimuli/") == 3
    for collection in (strategies, stimuli):
        assert read_json(collection)["findings"][0] in text
    for target in re.findall(r"\]\((\S+?)\)", text):
        if target.startswith("digits"):
            assert (kept.parent / target).is_file()
    summary.summarize_reports(kept.parent)
    assert kept.read_text(encoding="utf-8") == text


def test_the_summary_says_what_it_lacks(kept, tmp_path_factory):
    summary = importlib.import_module("benchmarks.studies._summary")
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(ValueError, match="found none; copy there"):
        summary.summarize_reports(empty)
    kept.write_text("no place for it")
    with pytest.raises(ValueError, match="Expected the lines"):
        summary.summarize_reports(kept.parent)
    assert kept.read_text() == "no place for it"


def test_the_kept_summary_is_that_of_the_kept_reports(tmp_path):
    """What docs/studies says follows from the reports that are there."""
    summary = importlib.import_module("benchmarks.studies._summary")
    for path in KEPT.rglob("report.json"):
        place = tmp_path / path.relative_to(KEPT)
        place.parent.mkdir(parents=True)
        copy(path, place)
    copy(KEPT / "README.md", tmp_path)
    summary.summarize_reports(tmp_path)
    found, kept = ((f / "README.md").read_bytes() for f in (tmp_path, KEPT))
    assert found == kept
