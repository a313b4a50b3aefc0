"""Signatures carry types: every public one in full, for type checkers of users too."""

import ast
import importlib
import inspect
import pkgutil
from pathlib import Path

import sktopo

ROOT = Path(sktopo.__file__).parent
MODULES = [sktopo] + [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(sktopo.__path__, "sktopo.")
    if "._" not in found.name and found.name != "sktopo.demo"  # a script
]


def public_functions():
    """Yield functions, and methods of classes, inherited ones of sktopo included."""
    for module in MODULES:
        for name in module.__all__:
            member = getattr(module, name)
            if inspect.isfunction(member):
                yield name, member
            elif inspect.isclass(member):
                for method, function in inspect.getmembers(member, callable):
                    public = method in ("__init__", "__call__") or method[0] != "_"
                    own = (getattr(function, "__module__", None) or "").startswith(
                        "sktopo"
                    )
                    if public and own:
                        yield f"{name}.{method}", function


FUNCTIONS = dict(public_functions())


def unannotated(function):
    """List the parameters without a type, and the result if it has none."""
    signature = inspect.signature(function)
    missing = [
        parameter.name
        for parameter in signature.parameters.values()
        if parameter.annotation is parameter.empty and parameter.name != "self"
    ]
    if signature.return_annotation is signature.empty:
        missing.append("return")
    return missing


def test_public_signatures_have_types():
    missing = {name: unannotated(function) for name, function in FUNCTIONS.items()}
    assert {name: found for name, found in missing.items() if found} == {}


def test_all_of_the_package_was_looked_at():
    assert {name.split(".")[0] for name in FUNCTIONS} >= {
        name
        for module in MODULES
        for name in module.__all__
        if inspect.isclass(getattr(module, name))
    }
    for name in ("ActivationExtractor.transform", "TopClusterer.__init__"):
        assert name in FUNCTIONS

    def untyped(self, X, y: int = 0): ...

    assert unannotated(untyped) == ["X", "return"]


def test_types_reach_users():
    assert (ROOT / "py.typed").read_text(encoding="utf-8") == ""


def test_types_cost_nothing_at_run_time():
    for path in sorted(ROOT.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported, at_run_time = (
            [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
            for nodes in (ast.walk(tree), tree.body)
        )
        if "sktopo._typing" in imported:
            assert "__future__" in at_run_time, path  # annotations stay text
        assert not {"sktopo._typing", "numpy.typing"} & set(at_run_time), path
