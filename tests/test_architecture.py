"""Rules of the house: who may import whom, what an import costs, sizes of functions."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

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
    "training",
    "plotting",
    "reporting",
    "_command",
)
BESIDE = {"_utils", "datasets", "metrics"}
# What wraps a transformer of any stage; only stages that run whole chains import it.
AROUND = {"_samplewise": {"_utils", "comparison"}}
RUNS_CHAINS = {"training", "reporting", "_command"}
# What stands for programs: these rooms print, and so does what shows versions.
PROGRAMS = {"demo", "__main__", "_command"}
PRINTS = {*PROGRAMS, "versions"}


@cache
def parse(path):
    """Parse a file of the package."""
    return ast.parse(path.read_text(encoding="utf-8"))


def room_of(path):
    """Return the room a file belongs to: its package, or its own name."""
    return path.relative_to(ROOT).with_suffix("").parts[0]


def all_imports(path):
    """Yield the modules that a file imports anywhere, also inside functions."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_at_top(path):
    """Return the modules that are imported when the file is."""
    found = set()
    for node in parse(path).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def list_offenders(found):
    """Return what was found by path, without the paths where nothing was found."""
    return {str(path.relative_to(ROOT)): what for path, what in found.items() if what}


def rooms_imported(path):
    names = [name.split(".") for name in all_imports(path)]
    rooms = {parts[1] for parts in names if parts[0] == "sktopo" and len(parts) > 1}
    return rooms - {room_of(path), "_typing", "__version__"}


def allowed_rooms(room):
    if room in STAGES:
        around = {*AROUND} if room in RUNS_CHAINS else set()
        beside = {*BESIDE, "demo"} if room == "_command" else {"_utils", "metrics"}
        return {*beside, *around, *STAGES[: STAGES.index(room)]}
    if room in AROUND:
        return AROUND[room]
    return {"_utils"} if room in BESIDE - {"_utils"} else set()


IN_ROOMS = [path for path in MODULES if room_of(path) in {*STAGES, *BESIDE, *AROUND}]


def test_every_room_is_known():
    rooms = {room_of(path) for path in MODULES}
    assert rooms == {*STAGES, *BESIDE, *AROUND, "__init__", *PROGRAMS}


def test_a_stage_imports_utils_and_stages_before_it():
    found = {
        path: rooms_imported(path) - allowed_rooms(room_of(path)) for path in IN_ROOMS
    }
    assert list_offenders(found) == {}


def test_helpers_of_one_stage_live_there():
    """Every module of `_utils` serves two rooms or more, or the other modules there."""
    users = {}
    for path in MODULES:
        for name in all_imports(path):
            if name.startswith("sktopo._utils."):
                users.setdefault(name.split(".")[2], set()).add(room_of(path))
    for path in sorted((ROOT / "_utils").glob("[!_]*.py")):
        rooms = users[path.stem]
        assert rooms == {"_utils"} or len(rooms - {"_utils"}) > 1, path.stem


PARTS = [path for path in MODULES if path.parent != ROOT and path.stem != "__init__"]


def test_tests_mirror_the_house():
    expected = {
        path.relative_to(ROOT).parent / f"test_{path.stem.removeprefix('_')}.py"
        for path in PARTS
    }
    tests = Path(__file__).parent
    assert [path for path in expected if not (tests / path).is_file()] == []


def test_only_hard_dependencies_are_imported_at_the_top():
    allowed = HARD | {"sktopo"} | set(sys.stdlib_module_names)
    found = {
        path: {name.split(".")[0] for name in imports_at_top(path)} - allowed
        for path in MODULES
    }
    assert list_offenders(found) == {}


def find_private(path):
    """List the private names of other packages that a file uses."""
    names = [name for name in all_imports(path) if not name.startswith("sktopo")]
    parts = [part for name in names for part in name.split(".")]
    attributes = [
        node.attr for node in ast.walk(parse(path)) if isinstance(node, ast.Attribute)
    ]
    return [p for p in parts if p.startswith("_") and p != "__future__"] + [
        a for a in attributes if a.startswith("_sklearn_") or a == "__wrapped__"
    ]


def test_no_private_modules_or_attributes_of_others():
    assert list_offenders({path: find_private(path) for path in MODULES}) == {}


def test_import_loads_no_soft_dependency():
    code = (
        "import sys, sktopo, sktopo.datasets\n"
        "soft = {'torch', 'matplotlib', 'gudhi', 'polars', 'tqdm', 'ot', 'kmedoids',\n"
        "        'networkx', 'dask', 'distributed', 'ray'}\n"
        "print(*sorted(soft & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def list_calls(path):
    """List the calls in a file."""
    return [node for node in ast.walk(parse(path)) if isinstance(node, ast.Call)]


def find_backends(path):
    """List what a file does to choose a backend of joblib itself."""
    parallel = {"joblib.Parallel", "joblib.delayed"} & set(all_imports(path))
    called = [keyword.arg for call in list_calls(path) for keyword in call.keywords]
    return [*(parallel if path.stem != "parallel" else ()), *{"backend"} & {*called}]


def test_parallel_steps_are_left_to_the_backend_joblib_was_given():
    assert list_offenders({path: find_backends(path) for path in MODULES}) == {}


def find_long(path):
    """List the functions of a file of 40 lines or more, without their docstrings."""
    long = []
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if body and body[-1].end_lineno - body[0].lineno >= 40:
                long.append(node.name)
    return long


def test_functions_are_short():
    assert list_offenders({path: find_long(path) for path in MODULES}) == {}


def test_files_are_short():
    lines = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES}
    assert list_offenders({path: max(0, n - 600) for path, n in lines.items()}) == {}


def test_library_does_not_print():
    names = {
        path: [getattr(call.func, "id", None) for call in list_calls(path)]
        for path in MODULES
        if not {room_of(path), path.stem} & PRINTS
    }
    found = {path: "print" in called for path, called in names.items()}
    assert list_offenders(found) == {}
