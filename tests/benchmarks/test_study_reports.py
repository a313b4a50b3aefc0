"""The reports of the studies: what they compute, keep and write."""

import csv
import importlib
import json
import re
from argparse import Namespace
from collections import Counter
from io import StringIO
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
pandas = pytest.importorskip("pandas")
networkx = pytest.importorskip("networkx")

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "studies"
PAGE = KEPT.with_suffix(".rst")
STRATEGIES = ("vanilla", "batch norm", "L2")
FORMS = ("Top (normalised)", "Top (sum)", "Adj")
N_NODES, N_NETWORKS, N_STARTS = 12, 4, 4
ALL = "all strategies together"


@pytest.fixture(scope="module", autouse=True)
def short_benchmarks():
    """Find the benchmarks where ``python -m`` does, and classify on two folds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        module = importlib.import_module("benchmarks.studies._classifications")
        patch.setattr(module, "N_FOLDS", 2)
        patch.setattr(module, "N_INNER", 2)
        yield


@pytest.fixture
def no_figures(monkeypatch):
    """Save no figures, which takes most of the time of a summary."""
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda *_, **__: None)


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


def make_strategies(folder, n_strategies=3):
    rows = [
        make_rows(10 * k + i, noise=(0.7, 1.3, 1.6)[k])
        for k in range(n_strategies)
        for i in range(N_NETWORKS)
    ]
    return make_collection(
        folder,
        connectomes=np.array(rows),
        target=np.repeat(np.arange(n_strategies), N_NETWORKS),
        target_names=np.array(STRATEGIES[:n_strategies]),
        network=np.tile(np.arange(N_NETWORKS), n_strategies),
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
    make = {"strategies": make_strategies, "stimuli": make_stimuli}[study]
    collection = make(folder / study)
    options = Namespace(
        study=study,
        dataset="digits",
        quick=True,
        n_jobs=1,
        seed=0,
        methods=list(methods),
        output=folder,
        data=None,
    )
    report.report_study(collection, options)
    return collection


@pytest.fixture(name="strategies", scope="module")
def strategies_fixture(tmp_path_factory):
    methods = (*FORMS, "Top (balanced)", "spectral", "mean |r|")
    return run("strategies", tmp_path_factory.mktemp("studies"), methods)


@pytest.fixture(name="stimuli", scope="module")
def stimuli_fixture(tmp_path_factory):
    methods = ("Top (normalised)", "Adj", "profiles", "graph summaries", "modularity")
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
        (row["candidate"], int(row["start"])): float(row["purity"])
        for row in read_csv(strategies, "starts")
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
        for row in read_json(strategies)["tables"]["scores"]
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
        float(row["purity"])
        for row in read_csv(strategies, "starts")
        if (row["task"], row["start"]) == (ALL, "0")
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
    purity = {row["method"]: row for row in tables["scores"] if row["task"] == ALL}
    ends = {(row["form"], row["weight"]): row for row in tables["weights"]}
    for end, method in (
        (("normalised", 1), "Top (normalised)"),
        (("balanced", 1), "Top (balanced)"),
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
def test_csv_and_json_agree(study, request):
    collection = request.getfixturevalue(study)
    tables = read_json(collection)["tables"]
    written = {path.stem for path in collection.folder.glob("*.csv")}
    long = {"strategies": "barcodes", "stimuli": "confusion"}[study]
    assert written == {*tables, "starts", long}
    for name, rows in tables.items():
        lines = read_csv(collection, name)
        assert len(lines) == len(rows) > 0
        for line, row in zip(lines, rows, strict=True):
            for key, value in row.items():
                assert line[key] == ("" if value is None else str(value)), (name, key)


@pytest.mark.parametrize("study", ["strategies", "stimuli"])
def test_report_can_be_published(study, request):
    collection = request.getfixturevalue(study)
    figures = {
        "strategies": {"purity", "accuracy", "weights", "barcodes"},
        "stimuli": {"purity", "accuracy", "confusion"},
    }[study]
    paths = list(collection.folder.glob("*.png"))
    assert {path.stem for path in paths} == figures
    assert all(1000 < path.stat().st_size < 300_000 for path in paths)
    pages = {path.stem for path in collection.folder.glob("*.html")}
    one_each = {f"report-{name}" for name in STRATEGIES}
    assert pages == ({"report"} if study == "strategies" else one_each)
    content = read_json(collection)
    assert (content["options"]["seed"], content["parameters"]["seed"]) == (0, 0)
    assert content["facts"] == collection.facts
    # Folders are the reader's own.
    assert str(collection.folder.parent) not in json.dumps(content)


def test_accuracies_and_chosen_settings_are_tabulated(tmp_path):
    report = importlib.import_module("benchmarks.studies._report")
    collection = make_strategies(tmp_path)
    table = report.tabulate_networks(collection)
    assert table["held-out_mean"].tolist() == pytest.approx([0.9, 0.91, 0.92])
    assert table["n_networks"].tolist() == [1, 1, 1]
    tried = {"strategy": "L2", **collection.settings["L2"], "accuracy": 0.9, "sd": 0.1}
    collection.selection = [tried | {"slope": 0.01}, tried]
    assert report.tabulate_selection(collection)["chosen"].tolist() == [False, True]


def test_classes_networks_and_confusion(stimuli):
    tables = read_json(stimuli)["tables"]
    starts = {
        (row["task"], row["candidate"], int(row["start"])): float(row["purity"])
        for row in read_csv(stimuli, "starts")
    }
    for own in ("vanilla", "batch norm"):
        rows = compute_rows(stimuli.connectomes[own])
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
            int(r["count"])
            for r in read_csv(stimuli, "confusion")
            if (r["strategy"], r["method"]) == (own, "Top (normalised)")
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

    class Calls(list):
        """Calls of fit; what is not pickled does not decide about cached results."""

        limit = np.inf

        def __reduce_ex__(self, protocol):
            raise TypeError

    calls = Calls()

    def count(estimator):
        fit = estimator.fit

        def counted(self, X, y=None):
            if len(calls) >= calls.limit:
                raise KeyboardInterrupt
            calls.append(type(self).__name__)
            return fit(self, X)

        monkeypatch.setattr(estimator, "fit", counted)

    for estimator in (sktopo.TopClusterer, baselines.MedoidClusterer):
        count(estimator)
    study = importlib.import_module("benchmarks.studies._strategies")
    collection = make_strategies(tmp_path, n_strategies=2)  # one task
    methods = ["Top (normalised)", "Adj", "SWK"]
    options = Namespace(quick=True, n_jobs=1, seed=0, methods=methods)

    def repeat(folder):
        calls.clear()
        return study.study_strategies(collection, options, tmp_path / folder)["tables"]

    tables = repeat("whole")
    whole = len(calls)
    # Stopped among the clusterings, and again within the sweep over λ.
    resumed = 0
    for share in (0.3, 0.6):
        calls.limit = int(share * whole)
        with pytest.raises(KeyboardInterrupt):
            repeat("stopped")
        assert len(calls) == calls.limit > 10
        resumed += len(calls)
    calls.limit = np.inf
    again = repeat("stopped")
    resumed += len(calls)
    # A piece that was cut off is computed once more; the largest is one method.
    assert whole <= resumed <= whole + 2 * (N_STARTS + N_STARTS**2 + 3)
    repeat("stopped")
    assert not calls
    for name in ("starts", "tests", "pairs", "weights", "clusters"):
        pandas.testing.assert_frame_equal(again[name], tables[name], check_exact=True)


def test_what_failed_has_no_scores_and_says_why(tmp_path):
    comparison = importlib.import_module("benchmarks.studies._comparison")
    cache = importlib.import_module("sktopo.comparison._cache").Cache(str(tmp_path))
    options = Namespace(quick=True, n_jobs=1, seed=0)
    setting = comparison.choose_setting([f"a[{k}]" for k in range(5)], options)
    X = np.random.default_rng(0).random((8, 10))
    tasks = {"task": (2 * X, np.repeat([0, 1], 4))}  # no correlations
    methods = ("SWK", "mean |r|")
    scores, starts = comparison.compare_tasks(tasks, methods, setting, options, cache)
    failed, fine = scores.to_dict("records")
    assert "ValueError: distance='sqrt' takes correlations" in failed["error"]
    assert np.isnan([failed["purity_mean"], failed["accuracy_mean"]]).all()
    assert fine["error"] == "" and fine["purity_mean"] > 0.5
    assert set(starts["candidate"]) == {"mean |r|", "mean |r|, best of restarts"}


def test_final_purity_is_that_of_restarts_where_there_are_any():
    ranks = importlib.import_module("benchmarks.studies._ranks")
    purity = pandas.DataFrame(
        {"purity_mean": [0.5, 0.6, None], "best_purity_mean": [0.7, None, None]}
    )
    found = ranks.add_final_purity(purity)["final"]
    np.testing.assert_array_equal(found, [0.7, 0.6, np.nan])


def test_clusters_are_matched_to_classes_in_each_strategy():
    figures = importlib.import_module("benchmarks.studies._figures")
    counts = {
        ("vanilla", "x", 0): 1,
        ("vanilla", "x", 1): 3,
        ("vanilla", "y", 0): 4,
        ("L2", "x", 0): 4,
        ("L2", "y", 0): 3,
        ("L2", "y", 1): 1,
    }
    rows = [
        {"strategy": s, "method": m, "class": c, "cluster": k, "count": n}
        for (s, c, k), n in counts.items()
        for m in ("Top (normalised)", "Top (sum)")
    ]
    matrix = figures.match_clusters(pandas.DataFrame(rows))
    assert list(matrix.index) == list(matrix.columns) == ["x", "y"]
    np.testing.assert_array_equal(matrix, [[3 + 4, 1], [3, 4 + 1]])


@pytest.fixture(name="kept")
def kept_fixture(tmp_path, strategies, stimuli):
    """Keep reports as docs/studies does, with the page about them."""
    for name, collection in (("strategies", strategies), ("stimuli", stimuli)):
        copytree(collection.folder, tmp_path / "studies" / "digits" / name)
    copytree(stimuli.folder, tmp_path / "studies" / "digits-again" / "stimuli")
    copy(PAGE, tmp_path / "studies.rst")
    return tmp_path / "studies"


def read_table(page, name):
    """Read the rows of a table of the page, all values as text."""
    lines = page.read_text(encoding="utf-8").split(f":name: {name}\n")[1]
    lines = lines.split("\n\n")[1].splitlines()
    return pandas.read_csv(
        StringIO("\n".join(line.strip() for line in lines)),
        dtype=str,
        keep_default_na=False,
    )


def test_the_page_has_the_numbers_of_the_reports(kept, strategies, stimuli, request):
    summary = importlib.import_module("benchmarks.studies._summary")
    summary.summarize_reports(kept)
    page = kept.with_suffix(".rst")
    for study, collection in (("strategies", strategies), ("stimuli", stimuli)):
        for name, column in (("", "purity"), ("-accuracy", "accuracy")):
            table = read_table(page, f"studies-{study}{name}")
            table = table[table["data"] == "made-up rows"].set_index("task")
            rows = read_json(collection)["tables"]["scores"]
            assert list(table.index) == list(dict.fromkeys(r["task"] for r in rows))
            for row in rows:
                value = row[f"{column}_mean"]
                if column == "purity" and row["best_purity_mean"] is not None:
                    value = row["best_purity_mean"]
                shown = {"Adj": "edges alone"}.get(row["method"], row["method"])
                if value is not None and shown in table:
                    assert table.loc[row["task"], shown] == f"{value:.3f}"
    assert {"profiles", "graph summaries", "edges alone"} < set(table)
    again = read_table(page, "studies-stimuli")["data"]
    assert (again == "made-up rows, settings made up").sum() == 3
    tests = read_table(page, "studies-tests")
    pairs = pandas.DataFrame(read_json(strategies)["tables"]["pairs"])
    for row in tests.itertuples():
        differ = (pairs[pairs["test"] == row.test]["adjusted_pvalue"] <= 0.05).sum()
        assert row[-1] == f"{differ} of 3"
    assert len(tests) == 2
    text = page.read_text(encoding="utf-8")
    for figure in re.findall(r"figure:: (\S+)", text):
        assert (page.parent / figure).stat().st_size > 1000
    request.getfixturevalue("no_figures")
    summary.summarize_reports(kept)
    assert page.read_text(encoding="utf-8") == text


def test_seeds_are_reported_together(kept, strategies, no_figures):
    summary = importlib.import_module("benchmarks.studies._summary")
    report = read_json(strategies)
    for seed, change in ((1, -0.1), (2, 0.04)):
        folder = kept / f"digits-seed{seed}" / "strategies"
        copytree(strategies.folder, folder)
        for row in report["tables"]["scores"]:
            row["accuracy_mean"] = (
                None if row["accuracy_mean"] is None else 0.7 + change
            )
        report["options"]["seed"] = seed
        (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
    summary.summarize_reports(kept)
    first = {
        row["method"]: row["accuracy_mean"]
        for row in read_json(strategies)["tables"]["scores"]
        if row["task"] == ALL
    }
    table = read_table(kept.with_suffix(".rst"), "studies-seeds").set_index("method")
    for method in ("Top (sum)", "mean |r|"):
        values = [round(first[method], 3), 0.6, 0.74]
        assert table.loc[method.replace("|", "\\|"), "classification"] == (
            f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"
        )
    # A seed is not one more comparison.
    ranks = pandas.read_csv(kept / "ranks.csv")
    assert set(ranks[ranks["question"] == "strategies"]["n_comparisons"]) == {3}
    data = read_table(kept.with_suffix(".rst"), "studies-strategies")["data"]
    assert {"made-up rows, seed 1", "made-up rows, seed 2"} < set(data)


def test_the_summary_says_what_it_lacks(kept, tmp_path_factory):
    summary = importlib.import_module("benchmarks.studies._summary")
    empty = tmp_path_factory.mktemp("empty")
    with pytest.raises(ValueError, match=r"found none\. Copy there"):
        summary.summarize_reports(empty)
    page = kept.with_suffix(".rst")
    text = page.read_text(encoding="utf-8")
    for cut, match in (
        (":name: studies-ranks", "Expected a csv-table with ':name: studies-ranks'"),
        ("End of the results", "Expected the comments"),
    ):
        page.write_text(text.replace(cut, ""), encoding="utf-8")
        with pytest.raises(ValueError, match=match):
            summary.summarize_reports(kept)
        assert page.read_text(encoding="utf-8") == text.replace(cut, "")


def test_the_kept_page_is_that_of_the_kept_reports(tmp_path, no_figures):
    """What the page says follows from the reports in docs/studies."""
    summary = importlib.import_module("benchmarks.studies._summary")
    copytree(KEPT, tmp_path / "studies")
    copy(PAGE, tmp_path)
    page = tmp_path / PAGE.name
    text = page.read_text(encoding="utf-8")
    for name in re.findall(":name: (.*)", text):
        empty = pandas.DataFrame({"not": ["made"]})
        text = summary.replace_table(text, name, empty)
    text = summary.replace_results(text, "not made")
    page.write_text(text, encoding="utf-8")
    summary.summarize_reports(tmp_path / "studies")
    for name in (PAGE.name, "studies/scores.csv", "studies/ranks.csv"):
        assert (tmp_path / name).read_bytes() == (PAGE.parent / name).read_bytes()


def test_kept_files_are_small():
    sizes = [path.stat().st_size for path in KEPT.rglob("*") if path.is_file()]
    assert max(sizes) < 1e6 and sum(sizes) < 3e6
