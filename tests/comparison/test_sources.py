"""Modules, their files and versions, and what they import."""

import platform
import sys

import numpy as np
import pytest

from sktopo.comparison._sources import Modules, list_imports, resolve_imports

IMPORTS = {
    "import a": {"a"},
    "import a.b.c as d": {"a", "a.b", "a.b.c"},
    "from a import b": {"a", "a.b"},
    "from a.b import *": {"a", "a.b", "a.b.*"},
    "from . import b": {"x", "x.y", "x.y.b"},
    "from ..z import b as c": {"x", "x.z", "x.z.b"},
    "from .... import b": set(),
    "def f():\n    def g():\n        import a": {"a"},
    "class A:\n    def f(self):\n        try:\n            import a\n"
    "        except ImportError:\n            import b": {"a", "b"},
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a": {
        "typing",
        "typing.TYPE_CHECKING",
        "a",
    },
    "__import__('a.b')": {"a", "a.b"},
    "k = 'a'": set(),
    # More than 256 constants and names need longer instructions.
    "\n".join(f"x{i} = {i}.5" for i in range(300)) + "\nfrom . import b": {
        "x",
        "x.y",
        "x.y.b",
    },
}


@pytest.mark.parametrize("source", IMPORTS, ids=lambda source: source[-40:])
def test_imports_are_found(source):
    found = resolve_imports(list_imports(compile(source, "m", "exec")), "x.y")
    assert set(found) == IMPORTS[source]


def test_installed_modules_have_versions():
    modules = Modules()
    for name in ("sys", "os", "json.decoder", "collections.abc"):
        assert modules[name].version == platform.python_version()
    for name in ("numpy", "numpy.linalg"):
        assert modules[name].version == f"numpy {np.__version__}"
    assert modules["sklearn"].version.startswith("scikit-learn ")
    assert modules["no.such.module"] == modules[""] == modules["nowhere"]


def test_modules_are_not_loaded_to_look_at_them(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "loud").mkdir()
    (tmp_path / "loud" / "__init__.py").write_text("raise RuntimeError('loaded')")
    (tmp_path / "loud" / "part.py").write_text("import loud.other")
    (tmp_path / "loud" / "other.py").write_text("K = 1")
    first = Modules().digest("loud.part")
    assert Modules()["loud.part"].imports == ("loud", "loud.other")
    assert Modules().digest("loud.part") == first
    (tmp_path / "loud" / "other.py").write_text("K = 2")
    assert Modules().digest("loud.part") != first
    assert "loud" not in sys.modules


def test_files_that_cannot_be_parsed_count_by_their_contents(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    digests = []
    for content in (b"\0\xff", b"\0\xfe", b"def f(:"):
        (tmp_path / "odd.py").write_bytes(content)
        digests.append(Modules().digest("odd"))
    assert len(set(digests)) == 3


@pytest.mark.usefixtures("without_pandas")
def test_modules_that_are_blocked_have_no_version():
    assert Modules()["pandas"].version is None
