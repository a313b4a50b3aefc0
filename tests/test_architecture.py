"""Rules of the module map: who imports whom, and what an import costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sktopo

ROOT = Path(sktopo.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
HARD = {"numpy", "scipy", "sklearn", "joblib", "threadpoolctl"}
ESTIMATORS = {"_activations", "_connectome", "_persistence", "_clusterer", "_kernel"}
LEAVES = {
    "barcodes",
    "metrics",
    "_layers",
    "_parallel",
    "_realization",
    "_recording",
    "_relabelling",
    "_units",
    "_validation",
}
PLOTTING = sorted(path.stem for path in (ROOT / "plotting").glob("_*.py"))
BASELINES = sorted(
    path.stem for path in (ROOT / "baselines").glob("_*.py") if path.stem != "__init__"
)


def imports_of(path):
    """Return the modules a file imports when it is imported, in full."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_only_hard_dependencies_are_imported_at_the_top(path):
    roots = {name.split(".")[0] for name in imports_of(path)}
    assert roots <= HARD | {"sktopo"} | set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_private_scikit_learn(path):
    parts = [
        part
        for name in imports_of(path)
        if name.startswith("sklearn")
        for part in name.split(".")
    ]
    assert not [part for part in parts if part.startswith("_")]


def imported_siblings(name):
    names = [n.split(".") for n in imports_of(ROOT / f"{name}.py")]
    return {parts[1] for parts in names if parts[0] == "sktopo" and len(parts) > 1}


@pytest.mark.parametrize("name", sorted(ESTIMATORS))
def test_estimators_import_leaves_only(name):
    assert imported_siblings(name) <= LEAVES


@pytest.mark.parametrize("name", sorted(LEAVES))
def test_leaves_import_no_estimator(name):
    beside = {
        "_parallel": {"_validation"},
        "_realization": {"barcodes"},
        "_recording": {"_layers", "_validation"},
        "_relabelling": {"_parallel"},
    }
    assert imported_siblings(name) <= beside.get(name, set())


@pytest.mark.parametrize("name", ["attribution", *PLOTTING])
def test_studies_and_displays_import_leaves_only(name):
    path = f"plotting/{name}" if name in PLOTTING else name
    assert imported_siblings(path) <= LEAVES | {"plotting"}


@pytest.mark.parametrize("name", ["comparison", "inference", *BASELINES])
def test_modules_beside_the_estimators_import_leaves_only(name):
    path = f"baselines/{name}" if name in BASELINES else name
    # The ready pipelines hold the method beside the baselines.
    allowed = ESTIMATORS if name == "_pipelines" else set()
    assert imported_siblings(path) <= LEAVES | {"baselines"} | allowed
    assert name in BASELINES or "baselines" not in imported_siblings(path)


def test_import_loads_no_soft_dependency():
    code = (
        "import sys, sktopo\n"
        "soft = {'torch', 'matplotlib', 'gudhi', 'polars', 'tqdm', 'ot', 'kmedoids',\n"
        "        'networkx', 'dask', 'distributed', 'ray'}\n"
        "print(*sorted(soft & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_parallel_steps_are_left_to_the_engine_joblib_was_given(path):
    parallel = {name for name in imports_of(path) if name.startswith("joblib.")}
    assert not parallel & {"joblib.Parallel", "joblib.delayed"} or (
        path.stem == "_parallel"
    )
    called = [
        keyword.arg
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
    ]
    assert "backend" not in called


def functions():
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield pytest.param(node, id=f"{path.stem}.{node.name}")


@pytest.mark.parametrize("function", list(functions()))
def test_functions_are_short(function):
    body = function.body[1:] if ast.get_docstring(function) else function.body
    if body:
        assert body[-1].end_lineno - body[0].lineno < 55


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_library_does_not_print(path):
    if path.stem in ("demo", "_training"):
        return  # scripts
    calls = [
        node.func.id
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert "print" not in calls
