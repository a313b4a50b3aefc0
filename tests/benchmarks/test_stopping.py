"""The comparison of stopping rules: rules by hand, and a whole trial."""

import importlib
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pd = pytest.importorskip("pandas")
pytest.importorskip("gudhi")
pytest.importorskip("matplotlib")
pytest.importorskip("tqdm")

from sktopo.training import StoppingRule  # noqa: E402

ROOT = Path(__file__).parents[2]


@pytest.fixture(name="load", scope="module")
def load_fixture():
    """Import modules from where ``python -m`` finds them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        yield lambda name: importlib.import_module(f"benchmarks.stopping.{name}")


def make_curves(**given):
    n = len(next(iter(given.values())))
    found = {"test_accuracy": np.linspace(0, 1, n), "change": np.ones(n), **given}
    return {name: np.asarray(values, dtype=float) for name, values in found.items()}


def test_rules_by_hand(load):
    rules = load("_rules")
    curves = make_curves(
        validation_loss=[5, 4, 3, 3, 4, 2],
        mean_lifetime=[1, 3, 2, 4, 3, 3],
        change=[np.nan, 4, 2, 2, 2, 1],
    )
    assert rules.stop_by_validation(curves, patience=2) == 4
    assert rules.stop_by_validation(curves, patience=3) is None
    assert rules.stop_by_persistence(curves, patience=2, direction="maximum") == 5
    assert rules.stop_by_persistence(curves, patience=2, direction="minimum") == 2
    assert rules.stop_at_epoch(curves, epoch=5) == 5
    assert rules.stop_at_epoch(curves, epoch=6) is None
    rule = {"patience": 2, "window": 1, "burn_in": 0}
    assert rules.stop_by_topology(curves, **rule) == 4


def test_a_rule_that_never_stops_ends_with_the_run(load):
    rules = load("_rules")
    fixed = rules.RULES[-1]
    curves = make_curves(test_accuracy=[0.1, 0.6, 0.9, 0.8])
    assert rules.apply(fixed, {"epoch": 99}, curves) == (3, 0.8)
    assert rules.apply(fixed, {"epoch": 1}, curves) == (1, 0.6)
    epochs, loss, largest = rules.evaluate(fixed, {"epoch": 1}, [curves, curves])
    assert (epochs, loss, largest) == (1, pytest.approx(0.2), pytest.approx(0.2))


def test_parameters_are_chosen_by_the_criterion(load):
    """The fewest epochs among those that lose at most one point."""
    rules = load("_rules")
    curves = make_curves(test_accuracy=[0.1, 0.6, 0.895, 0.8, 0.9])
    (chosen,) = (
        row for row in rules.choose(rules.RULES[-1], [curves]) if row["chosen"]
    )
    assert chosen["parameters"] == {"epoch": 2}


def test_the_tables_of_the_docs_are_those_of_the_defaults(load):
    """The defaults of the rule are those that were chosen on the digits."""
    rules, report = load("_rules"), load("_report")
    folder = ROOT / "docs" / "stopping"
    tuning = pd.read_csv(folder / "tuning.csv")
    chosen = tuning[tuning["chosen"]].set_index("rule")["parameters"]
    names = rules.RULES[0].grid
    defaults = {name: getattr(StoppingRule(), name) for name in names}
    assert chosen["topology"] == report.describe(defaults)
    runs = pd.read_csv(folder / "runs.csv")
    kinds = runs.drop_duplicates(["dataset", "network", "strategy", "seed"])
    assert len(kinds) >= 30
    assert set(kinds["dataset"]) == {"mnist", "fashion-mnist"}
    summary = pd.read_csv(folder / "summary.csv")
    counts = runs.groupby("rule").size()
    assert set(counts) == {len(kinds)}
    means = 100 * runs.groupby("rule")["test_accuracy"].mean()
    found = summary.set_index("rule")["test accuracy"]
    np.testing.assert_allclose(found, means[found.index], atol=0.006)


def test_a_trial(load, tmp_path, capsys):
    main, runs = load("__main__").main, load("_runs")
    options = ["--quick", "--epochs", "2", "--output", str(tmp_path)]
    trained = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "NETWORKS", ("mlp",))
        patch.setattr(runs, "STRATEGIES", ("vanilla",))
        patch.setattr(runs, "SIZES", {"digits": dict.fromkeys(PARTS, 60)})
        train = runs.train_run
        patch.setattr(runs, "train_run", lambda *a: trained.append(a) or train(*a))
        main(options)
        before = {path: path.read_bytes() for path in tmp_path.glob("tables/*.csv")}
        main(options)  # reads what is there
    assert len(trained) == 2
    assert {path: path.read_bytes() for path in before} == before
    assert {path.stem for path in before} == {
        *("curves", "tuning", "runs", "summary", "kinds")
    }
    curves = pd.read_csv(tmp_path / "tables" / "curves.csv")
    assert len(curves) == 6
    assert curves.drop(columns=["change", "train_loss"]).notna().sum().min() >= 4
    assert "mean lifetime of H1" in capsys.readouterr().out


PARTS = ("images", "kept_out", "test")
