"""Docstrings of everything public say what signatures say."""

import importlib
import inspect
import pkgutil
import re

import pytest

import sktopo
from sktopo import GraphPersistence

MODULES = [sktopo] + [
    importlib.import_module(found.name)
    for found in pkgutil.walk_packages(sktopo.__path__, "sktopo.")
    if "._" not in found.name and found.name != "sktopo.demo"  # a script
]


def public_objects():
    for module in MODULES:
        for name in module.__all__:
            member = getattr(module, name)
            if inspect.isclass(member):
                yield name, member
                for method in vars(member):
                    function = getattr(member, method)
                    if callable(function) and not method.startswith("_"):
                        yield f"{name}.{method}", function
            elif inspect.isfunction(member):
                yield name, member


OBJECTS = dict(public_objects())
ON_DIAGRAMS = {
    "DiagramDistance",
    "DiagramKernel",
    "PersistenceImages",
    "PersistenceLandscapes",
}


def sections(docstring):
    """Split a numpydoc docstring into its sections."""
    parts = re.split(r"\n([A-Z][A-Za-z ]+)\n-+\n", inspect.cleandoc(docstring))
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def documented(section):
    """Return the names that a section of parameters documents."""
    entries = re.findall(r"^(\w[\w, ]*?) : ", section, flags=re.MULTILINE)
    return [name.strip() for entry in entries for name in entry.split(",")]


def test_parameters_are_those_of_the_signature():
    for name, member in OBJECTS.items():
        parameters = [p for p in inspect.signature(member).parameters if p != "self"]
        if not name.endswith((".fit_transform", ".set_output")):
            found = sections(member.__doc__)
            assert documented(found.get("Parameters", "")) == parameters, name


def test_defaults_are_those_of_the_signature():
    for name, member in OBJECTS.items():
        parameters = inspect.signature(member).parameters.values()
        section = sections(member.__doc__).get("Parameters", "")
        text = re.sub(r"\s*\\?\s+", " ", section)
        for parameter in parameters:
            if parameter.default is inspect.Parameter.empty or parameter.name == "y":
                continue
            default = repr(parameter.default).replace("'", '"')
            entry = text[text.index(f"{parameter.name} : ") :]
            stated = re.search(r"default=(\(.*?\)|\S+)", entry).group(1).rstrip(",")
            assert stated == default or float(stated) == float(default), name


def test_public_objects_have_examples():
    for name, member in OBJECTS.items():
        if "." not in name:
            assert ">>>" in sections(member.__doc__)["Examples"], name


@pytest.mark.parametrize(
    "name", [name for name, member in OBJECTS.items() if hasattr(member, "fit")]
)
def test_fitted_attributes_are_documented(name, make_rows):
    X = make_rows(9, 5)
    if name in ON_DIAGRAMS:
        X = [[[0.1, 0.5]]] * 3
    if name == "MedoidClusterer":
        X = X[:, :9]  # distances
    given = [GraphPersistence()] if name in ("ClassWise", "SampleWise") else []
    if name == "InteractionBasis":
        torch = pytest.importorskip("torch")
        width = X.shape[1]
        given = [torch.nn.Sequential(torch.nn.Tanh(), torch.nn.Linear(width, 2))]
    fitted = OBJECTS[name](*given).fit(X)
    attributes = {a for a in vars(fitted) if a.endswith("_") and not a.startswith("_")}
    stated = set(documented(sections(OBJECTS[name].__doc__)["Attributes"]))
    assert attributes <= stated
