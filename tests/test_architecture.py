"""Rules of the house: who may import whom, what an import costs, sizes of functions."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import sktopo

ROOT = Path(sktopo.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
HARD = {"numpy", "scipy", "sklearn", "joblib", "threadpoolctl"}
# The stages in the order of the pipeline. A stage imports `_utils` and stages before
# it; all other rooms of the package stand beside the pipeline.
STAGES = (
    "recording",
    "connectomes",
    "barcodes",
    "representations",
    "inference",
    "baselines",
    "comparison",
    "plotting",
    "reporting",
)
BESIDE = {"_utils", "datasets", "metrics"}
# What wraps a transformer of any stage, and no stage may import.
AROUND = {"_samplewise": {"_utils", "comparison"}}
SCRIPTS = {"demo"}


def room_of(path):
    """Return the room a file belongs to: its package, or its own name."""
    return path.relative_to(ROOT).with_suffix("").parts[0]


def all_imports(path):
    """Yield the modules that a file imports anywhere, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_at_top(path):
    """Return the modules that are imported when the file is."""
    top = ast.parse(path.read_text(encoding="utf-8")).body
    found = set()
    for node in top:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms_imported(path):
    names = [name.split(".") for name in all_imports(path)]
    rooms = {parts[1] for parts in names if parts[0] == "sktopo" and len(parts) > 1}
    return rooms - {room_of(path), "_typing", "__version__"}


def allowed_rooms(room):
    if room in STAGES:
        return {"_utils", "metrics", *STAGES[: STAGES.index(room)]}
    if room in AROUND:
        return AROUND[room]
    return {"_utils"} if room in BESIDE - {"_utils"} else set()


IN_ROOMS = [path for path in MODULES if room_of(path) in {*STAGES, *BESIDE, *AROUND}]


def test_every_room_is_known():
    rooms = {room_of(path) for path in MODULES}
    assert rooms == {*STAGES, *BESIDE, *AROUND, "__init__", "demo"}


@pytest.mark.parametrize("path", IN_ROOMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_stage_imports_utils_and_stages_before_it(path):
    assert rooms_imported(path) <= allowed_rooms(room_of(path))


def test_helpers_of_one_stage_live_there():
    """Every module of `_utils` serves two rooms or more."""
    users = {}
    for path in MODULES:
        for name in all_imports(path):
            if name.startswith("sktopo._utils."):
                users.setdefault(name.split(".")[2], set()).add(room_of(path))
    for path in sorted((ROOT / "_utils").glob("[!_]*.py")):
        assert len(users[path.stem] - {"_utils"}) > 1, path.stem


PARTS = [path for path in MODULES if path.parent != ROOT and path.stem != "__init__"]


@pytest.mark.parametrize("path", PARTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_tests_mirror_the_house(path):
    room, module = path.relative_to(ROOT).parent, path.stem.removeprefix("_")
    assert (Path(__file__).parent / room / f"test_{module}.py").is_file()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_hard_dependencies_are_imported_at_the_top(path):
    roots = {name.split(".")[0] for name in imports_at_top(path)}
    assert roots <= HARD | {"sktopo"} | set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_private_modules_or_attributes_of_others(path):
    names = [name for name in all_imports(path) if not name.startswith("sktopo")]
    private = [
        part for name in names for part in name.split(".") if part.startswith("_")
    ]
    assert not [part for part in private if part != "__future__"]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_sklearn_")
            assert node.attr != "__wrapped__"


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


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_parallel_steps_are_left_to_the_backend_joblib_was_given(path):
    parallel = {name for name in all_imports(path) if name.startswith("joblib.")}
    assert not parallel & {"joblib.Parallel", "joblib.delayed"} or (
        path.stem == "parallel"
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
        assert body[-1].end_lineno - body[0].lineno < 40


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 600


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_library_does_not_print(path):
    if path.stem in SCRIPTS:
        return
    calls = [
        node.func.id
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert "print" not in calls
