"""The benchmark of networks known by design: methods, reports and the page."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import pdist, squareform
from sklearn.utils import Bunch

from sktopo import FunctionalConnectome, GraphPersistence, GraphProfiles
from sktopo.baselines import WeightSummaries

pandas = pytest.importorskip("pandas")
for needed in ("torch", "tqdm", "matplotlib", "gudhi"):
    pytest.importorskip(needed)

ROOT = Path(__file__).parents[2]
LAYERS = np.repeat(["a", "b"], [8, 6])
FEW = ("births + deaths, balanced", "births + deaths, sum", "mean |r|")
TABLES = (
    *("methods", "runs", "networks", "ranks", "means", "margins", "conditions"),
    *("mlp", "cnn"),
)


@pytest.fixture(name="load", scope="module")
def load_fixture():
    """Import modules from where ``python -m`` finds them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        patch.delenv("SKTOPO_DATA", raising=False)
        yield lambda name: importlib.import_module(f"benchmarks.grounded.{name}")


def make_shown(n_samples=6, *, ragged=False):
    """Make what methods see of a recording, of made-up networks of two layers."""
    rng = np.random.default_rng(0)
    activations, layers = [], []
    for i in range(n_samples):
        half = ragged and i % 2
        names = LAYERS[::2] if half else LAYERS
        factors = rng.normal(size=(40, 2 + i % 3))
        noise = rng.normal(size=(40, len(names)))
        activations.append(
            factors @ rng.normal(size=(2 + i % 3, len(names))) + (1 + i % 3) * noise
        )
        layers.append(names)
    stacked = activations if ragged else np.array(activations)
    return Bunch(
        activations=activations,
        layers=layers,
        labels=[np.arange(40) % 4] * n_samples,
        same_width=not ragged,
        connectomes=FunctionalConnectome().fit_transform(stacked),
    )


# Methods


def test_methods_by_the_estimators(load):
    methods, shown = load("_methods"), make_shown()
    expected = {
        "births + deaths, normalised": GraphPersistence(),
        "births + deaths, balanced": GraphPersistence(normalize="balanced"),
        "births + deaths, sum": GraphPersistence(normalize=False),
        "profiles": GraphProfiles(),
        "profiles with layers": GraphProfiles(groups=LAYERS),
        "sorted weights": WeightSummaries("sorted"),
    }
    for name, estimator in expected.items():
        rows = estimator.fit_transform(shown.connectomes)
        found = methods.find_distances(name, shown)
        assert_allclose(found, squareform(pdist(rows)), atol=1e-12, err_msg=name)
    levels = np.abs(shown.connectomes).mean(axis=1)
    assert_allclose(
        methods.find_distances("mean |r|", shown),
        np.abs(np.subtract.outer(levels, levels)) / levels.std(),
    )


@pytest.mark.parametrize("ragged", [False, True])
def test_every_method_finds_distances(load, ragged):
    methods, shown = load("_methods"), make_shown(ragged=ragged)
    for name, method in methods.METHODS.items():
        given = [method.rows, method.distances, method.parts or None]
        assert sum(part is not None for part in given) == 1
        if method.parts or (ragged and "widths" in method.needs):
            continue
        found = methods.find_distances(name, shown)
        assert found.shape == (6, 6) and found.dtype == np.float64
        assert_array_equal(found, found.T, err_msg=name)
        assert_allclose(np.diag(found), 0, atol=1e-6, err_msg=name)
        assert (found[~np.eye(6, dtype=bool)] > 0).all(), name


def test_bundles_are_those_of_joined_rows(load):
    methods = load("_methods")
    rng = np.random.default_rng(0)
    blocks = [rng.normal(size=(6, 3)), 7 * rng.normal(size=(6, 2)), np.ones((6, 1))]
    found = methods.join_distances([squareform(pdist(block)) for block in blocks])
    rows = [block / np.sqrt(block.var(axis=0).sum()) for block in blocks[:2]]
    expected = squareform(pdist(np.hstack(rows)))
    assert_allclose(found / found.max(), expected / expected.max())
    for name, method in methods.METHODS.items():
        if method.parts:
            parts = [methods.METHODS[part] for part in method.parts]
            joins_rows = method.kind != methods.CONTROL
            assert all(bool(part.rows) for part in parts) == joins_rows, name
            needed = {need for part in parts for need in part.needs}
            assert set(method.needs) == needed, name


def test_candidates_are_methods_of_the_package(load):
    methods = load("_methods")
    kinds = {methods.METHODS[name].kind for name in methods.CANDIDATES}
    assert kinds == {methods.OURS}
    assert {*methods.BUNDLES, methods.GRAPH, methods.CLASSES} < set(methods.CANDIDATES)
    assert set(methods.SLOW) < set(methods.METHODS)


# Options


def test_options_are_filled_in(load, tmp_path, capsys):
    read = load("__main__").read_options
    options = read(["designs"])
    assert (options.dataset, options.n_networks, options.report) == (
        "mnist",
        10,
        "mnist",
    )
    assert options.slow_methods and not read(["conditions"]).slow_methods
    options = read(["designs", "--quick", "--seed", "3", "--n-networks", "5"])
    assert (options.dataset, options.n_networks) == ("digits", 5)
    assert options.report == "digits-seed3" and not options.slow_methods
    for arguments, message in (
        (["designs", "--n-networks", "2"], "at least 3, got 2"),
        (["designs", "--n-networks", "0"], "at least 1, got 0"),
        (["designs", "--methods", "x"], "no methods"),
        (["nothing"], "invalid choice"),
    ):
        with pytest.raises(SystemExit):
            read(arguments)
        assert message in capsys.readouterr().err


# Reports


def run(load, study, folder, methods=FEW, **given):
    """Run a study with few and small networks on the digits."""
    main = load("__main__")
    setting = {"n_images": 100, "epochs": 1}
    options = main.read_options([study, "--quick", "--methods", *methods])
    small = {
        "n_networks": 3,
        "n_stimuli": 40,
        "stimuli_numbers": (20,),
        "n_draws": 9,
        "training": {"mlp": setting, "cnn": setting},
        "n_jobs": 1,
        "output": folder,
    }
    vars(options).update(small | given)
    load("_report").report_study(options)
    return folder / "digits" / study


@pytest.fixture(name="output", scope="module")
def output_fixture(load, tmp_path_factory):
    folder = tmp_path_factory.mktemp("grounded")
    for study in ("designs", "conditions"):
        run(load, study, folder)
    return folder


def read(folder, name):
    return pandas.read_csv(folder / f"{name}.csv", keep_default_na=True)


def test_the_report_has_every_design_and_method(output):
    folder = output / "digits" / "designs"
    scores = read(folder, "scores")
    cells = scores.groupby(["architecture", "design", "method"]).size().unstack()
    assert list(cells.columns) == sorted(FEW)
    groups, layers = cells.drop("layers", level="design"), cells.xs("layers", level=1)
    assert (groups == 5).all(axis=None) and len(groups) == 6
    assert layers.loc["mlp"].tolist() == [2, 2, 2]
    # The layers of convolutional networks differ in width.
    assert layers.loc["cnn"].tolist() == [2, 1, 2]
    missing = scores[scores["missing"].notna()]
    assert missing["missing"].tolist() == ["needs the same widths"]
    assert missing["value"].isna().all()
    known = scores[scores["missing"].isna()]
    assert (known["low"] <= known["value"]).all()
    assert (known["value"] <= known["high"]).all()
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert set(report["tables"]) == {"networks", "means"}
    for name, rows in report["tables"].items():
        table = pandas.DataFrame(rows)
        pandas.testing.assert_frame_equal(
            table, read(folder, name), check_dtype=False, atol=1e-4
        )
    assert str(output) not in (folder / "report.json").read_text(encoding="utf-8")
    assert (folder / "ranks.png").stat().st_size < 300_000


def test_means_and_margins_by_another_route(output):
    folder = output / "digits" / "designs"
    scores, means = read(folder, "scores"), read(folder, "means")
    scores = scores[scores["score"] == "average precision"]
    expected = scores.groupby(["architecture", "method"])["value"].mean()
    both = expected.groupby("method").mean()
    found = means.set_index(["architecture", "method"])["value"]
    assert len(found) == 9
    for (architecture, method), value in found.items():
        own = both if architecture == "all architectures" else expected[architecture]
        assert value == pytest.approx(own[method], abs=1e-4)
    margins = read(folder, "margins")
    # Two candidates against one control, over both architectures.
    assert len(margins) == 2 and set(margins["rival"]) == {"mean |r|"}
    for row in margins.itertuples():
        difference = (
            found[row.architecture, row.method] - found[row.architecture, row.rival]
        )
        assert row.value == pytest.approx(difference, abs=2e-4)


def test_the_report_says_how_accurate_networks_are(output):
    networks = read(output / "digits" / "designs", "networks")
    assert len(networks) == 2 * (15 + 1)
    assert (networks["n_networks"] == 3).all()
    assert networks["accuracy_mean"].between(0, 1).all()
    conditions = read(output / "digits" / "conditions", "networks")
    # Networks of half the width and of half the side are others.
    counts = conditions.groupby(["sizes", "side"])["n_networks"].agg(["size", "sum"])
    assert counts.loc[("128-64", 8)].tolist() == [15, 45]
    assert counts.loc[("64-32", 8)].tolist() == [15, 15]
    assert counts.loc[("128-64", 4)].tolist() == [15, 15]


def test_conditions_without_a_value_say_why(output):
    scores = read(output / "digits" / "conditions", "scores")
    names = ["same stimuli", "other stimuli", "other widths", "other inputs"]
    assert list(scores["condition"].unique()) == [*names, "20 stimuli"]
    missing = scores[scores["missing"].notna()]
    assert set(missing["condition"]) == {"other widths"}
    assert set(missing["method"]) == {"births + deaths, sum"}
    # The same networks and stimuli as in the designs.
    designs = read(output / "digits" / "designs", "scores")
    keys = ["architecture", "condition", "design", "method", "score"]
    joined = scores.merge(designs, on=keys, suffixes=("", "_of_designs"))
    assert len(joined) == 3 * 3  # the average precision of each
    assert_array_equal(joined["value"], joined["value_of_designs"])
    assert set(joined["condition"]) == {"same stimuli"}


def test_a_second_run_computes_nothing_and_finds_the_same(output, load, monkeypatch):
    before = (output / "digits/designs/scores.csv").read_bytes()

    def fail(*arguments):
        raise AssertionError("computed again")

    monkeypatch.setattr(load("_training"), "train_plan", fail)
    monkeypatch.setattr(load("_recordings"), "_record", fail)
    run(load, "designs", output)
    assert (output / "digits/designs/scores.csv").read_bytes() == before


def test_a_method_that_fails_is_reported(load, output, tmp_path, monkeypatch):
    methods = load("_methods")

    def fail(shown):
        raise RuntimeError("no luck")

    broken = methods.Method("nothing", methods.CONTROL, rows=fail)
    monkeypatch.setitem(methods.METHODS, "broken", broken)
    monkeypatch.setattr(
        load("_report"),
        "LISTS",
        {"designs": lambda *given: load("_conditions").list_designs(*given)[:3]},
    )
    # Trained networks are found; distances are computed in another folder.
    (tmp_path / "digits").mkdir()
    (tmp_path / "digits" / "networks").symlink_to(output / "digits" / "networks")
    folder = run(load, "designs", tmp_path, methods=("mean |r|", "broken"))
    scores = read(folder, "scores")
    failed = scores[scores["method"] == "broken"]
    assert failed["missing"].tolist() == ["RuntimeError: no luck"] * 3
    assert scores[scores["method"] == "mean |r|"]["value"].notna().all()


def test_ranks_by_hand(load):
    ranks = load("_ranks")
    rows = [
        {
            "architecture": "mlp",
            "condition": "same stimuli",
            "design": design,
            "method": method,
            "score": score,
            "value": value,
        }
        for score, design, values in (
            ("average precision", "random labels", (0.3, 0.2, 0.2)),
            ("average precision", "shortcut", (0.1, 0.5, 0.3)),
            ("average precision", "augmentation", (0.3, 0.2, None)),
            ("conformity rate", "layers", (1.0, 0.5, 0.5)),
            ("correlation with accuracy", "random labels", (0.1, 0.2, 0.2)),
            ("correlation with accuracy", "shortcut", (0.1, 0.2, 0.2)),
            ("correlation with accuracy", "augmentation", (0.7, 0.2, 0.2)),
            ("correlation with disagreement", "random labels", (0.1, 0.2, 0.2)),
            ("correlation with disagreement", "shortcut", (0.1, 0.2, 0.2)),
            ("correlation with disagreement", "augmentation", (0.1, 0.2, 0.2)),
            ("conformity rate", "shortcut", (0.0, 0.9, 0.9)),
        )
        for method, value in zip(FEW, values, strict=True)
        if value is not None
    ]
    table = pandas.DataFrame(rows)
    found = ranks.gather_tests({"MNIST": table}, complete=False)
    assert list(found.columns) == list(FEW)
    tests = ["random labels", "shortcut", "augmentation", "layers"]
    assert found.index.get_level_values("test").tolist() == [
        *tests,
        "accuracy",
        "disagreement",
    ]
    assert_allclose(found[FEW[0]], [0.3, 0.1, 0.3, 1, 0.3, 0.1])
    assert (
        np.isnan(found[FEW[2]].to_numpy()).tolist()
        == [False] * 2 + [True] + [False] * 3
    )
    found = ranks.rank_methods({"MNIST": table}).set_index("method")
    # The third method has no value in one test and is not ranked.
    assert found["mean_rank"].to_dict() == {FEW[0]: 8 / 6, FEW[1]: 10 / 6}
    assert found["n_first"].to_dict() == {FEW[0]: 4, FEW[1]: 2}


# The page


@pytest.fixture(name="docs")
def docs_fixture(output, load, tmp_path):
    """Copy the report as that of two data sets, beside an empty page."""
    summary = importlib.import_module("benchmarks.studies._summary")
    folder = tmp_path / "page"
    for dataset in ("mnist", "fashion-mnist"):
        for study in ("designs", "conditions"):
            place = folder / dataset / study
            place.mkdir(parents=True)
            for path in (output / "digits" / study).glob("*[vn]"):
                (place / path.name).write_bytes(path.read_bytes())
    directives = [
        f".. csv-table:: A table\n   :name: grounded-{name}\n   :header-rows: 1\n\n"
        "   old\n   1\n"
        for name in TABLES
    ]
    text = "\n".join([summary.BEGIN + "\nold\n\n" + summary.END, *directives, "End\n"])
    folder.with_suffix(".rst").write_text(text, encoding="utf-8")
    return folder


def test_the_page_has_the_numbers_of_the_reports(docs, load):
    summary = load("_summary")
    # Made-up representational measures, one ahead of all candidates.
    for dataset, value in (("mnist", 0.9), ("fashion-mnist", 0.95)):
        place = docs / dataset / "designs"
        for name in ("scores", "margins"):
            table = read(place, name)
            column = "rival" if name == "margins" else "method"
            table[column] = table[column].replace("mean |r|", "made up")
            table.loc[table[column] == "made up", "value"] = value
            table.to_csv(place / f"{name}.csv", index=False)
        report = json.loads((place / "report.json").read_text(encoding="utf-8"))
        for row in report["tables"]["means"]:
            if row["method"] == "mean |r|":
                row.update(method="made up", value=value)
        (place / "report.json").write_text(json.dumps(report), encoding="utf-8")
    methods = load("_methods")
    method = methods.Method("all", methods.REPRESENTATION, rows=len)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(methods.METHODS, "made up", method)
        summary.summarize_reports(docs)
    page = docs.with_suffix(".rst").read_text(encoding="utf-8")
    assert "old" not in page and page.endswith("End\n")
    means = read(docs / "mnist" / "designs", "means")
    means = means[means["architecture"] == "all architectures"].set_index("method")
    chosen = means["value"][list(FEW[:2])].idxmax()
    assert (
        f"Chosen on MNIST among {len(methods.CANDIDATES)} candidates: {chosen}" in page
    )
    words = " ".join(page.partition("End of the results")[0].split())
    n_candidates = len(methods.CANDIDATES)
    assert f"Chosen on MNIST among {n_candidates} candidates: {chosen}," in words
    assert "representational measure, made up, has 0.95" in words
    assert "the chosen method is ahead, difference 0.95 (" in words
    assert "random labels (mlp)" in words
    value = f"{means['value'][chosen]:.2f}"
    assert f"mean average precision {value} (" in words
    shown = page.partition(":name: grounded-conditions")[2].partition("..")[0]
    assert '"births + deaths, sum"' in shown and "no value / no value" in shown
    ranks = read(docs, "ranks")
    assert ranks["method"][0] == "made up" and ranks["n_tests"][0] == 24
    assert (docs / "ranks.png").stat().st_size < 300_000


def test_the_page_needs_a_report_to_choose_by(docs, load):
    (docs / "mnist" / "designs" / "report.json").unlink()
    with pytest.raises(ValueError, match="a report of the designs on MNIST"):
        load("_summary").summarize_reports(docs)
