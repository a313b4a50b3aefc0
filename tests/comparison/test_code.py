"""Changed code is recognised in a fresh process, wherever it is."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sktopo

BASE = """
from sklearn.base import BaseEstimator, ClassifierMixin
class Mine(ClassifierMixin, BaseEstimator):
"""
METHOD = BASE + "    def fit(self, X, y):\n        "
HELPER = "def k():\n    return NUM\n"

# The files of a candidate, in which NUM stands for the number that decides about its
# results, and how the candidate is made. The folder is a package for relative imports.
CASES = {
    "the method itself": ({"m.py": METHOD + "self.k_ = NUM"}, "m.Mine()"),
    "a dict of another module": (
        {
            "settings.py": "OPTIONS = {'k': NUM}",
            "m.py": "from .settings import OPTIONS\n" + METHOD + "self.k_ = OPTIONS",
        },
        "m.Mine()",
    ),
    "a module imported in a method": (
        {
            "helper.py": HELPER,
            "m.py": METHOD + "from .helper import k\n        self.k_ = k()",
        },
        "m.Mine()",
    ),
    "a module imported by its name": (
        {
            "helper.py": HELPER,
            "m.py": METHOD
            + "from importlib import import_module\n"
            + "        self.k_ = import_module('.helper', __package__)",
        },
        "m.Mine()",
    ),
    "a module of a module of a module": (
        {
            "c.py": "VALUES = [NUM]",
            "b.py": "def k():\n    from . import c\n    return c.VALUES",
            "a.py": "from .b import k",
            "m.py": "from . import a\n" + METHOD + "self.k_ = a.k()",
        },
        "m.Mine()",
    ),
    "import a.b as c": (
        {
            "a/__init__.py": "",
            "a/b.py": HELPER,
            "m.py": "import CASE.a.b as c\n" + METHOD + "self.k_ = c.k()",
        },
        "m.Mine()",
    ),
    "a package's own file": (
        {
            "a/__init__.py": "VALUES = [NUM]",
            "a/b.py": "from . import VALUES",
            "m.py": "import CASE.a.b\n" + METHOD + "self.k_ = CASE.a.VALUES",
        },
        "m.Mine()",
    ),
    "a star": (
        {
            "helper.py": HELPER,
            "m.py": "from .helper import *\n" + METHOD + "self.k_ = k()",
        },
        "m.Mine()",
    ),
    "a base class": (
        {
            "base.py": BASE + "    options = {'k': NUM}",
            "m.py": "from . import base\nclass Mine(base.Mine):\n    pass",
        },
        "m.Mine()",
    ),
    "a metaclass": (
        {
            "meta.py": "class Meta(type):\n    k = [NUM]",
            "m.py": "from .meta import Meta\nclass Mine(metaclass=Meta):\n    pass",
        },
        "m.Mine",
    ),
    "a kernel": (
        {"m.py": "def kernel(X, Y):\n    return NUM * X @ Y.T"},
        "SVC(kernel=m.kernel)",
    ),
    "a partial": (
        {"m.py": "def kernel(X, Y, k):\n    return k * X @ Y.T * NUM"},
        "SVC(kernel=functools.partial(m.kernel, k=2))",
    ),
    "a bound method": (
        {"m.py": "class Kernel:\n    def call(self, X, Y):\n        return NUM"},
        "SVC(kernel=m.Kernel().call)",
    ),
    "a class method": (
        {
            "m.py": "class Kernel:\n    @classmethod\n    def call(cls, X, Y):\n"
            "        return NUM * X @ Y.T"
        },
        "SVC(kernel=m.Kernel.call)",
    ),
    "a callable object": (
        {"m.py": "class Kernel:\n    def __call__(self, X, Y):\n        return NUM"},
        "SVC(kernel=m.Kernel())",
    ),
    "lru_cache": (
        {"m.py": "import functools\n@functools.lru_cache\ndef k(X):\n    return NUM"},
        "FunctionTransformer(m.k)",
    ),
    "a decorator": (
        {
            "d.py": "import functools\ndef scaled(f):\n    @functools.wraps(f)\n"
            "    def g(X):\n        return NUM * f(X)\n    return g",
            "m.py": "from .d import scaled\n@scaled\ndef f(X):\n    return X",
        },
        "FunctionTransformer(m.f)",
    ),
    "singledispatch": (
        {
            "m.py": "from functools import singledispatch\n@singledispatch\n"
            "def f(X):\n    return 0\n@f.register\ndef _(X: list):\n    return NUM"
        },
        "FunctionTransformer(m.f)",
    ),
    "vectorize": (
        {"m.py": "import numpy as np\n@np.vectorize\ndef f(x):\n    return NUM"},
        "FunctionTransformer(m.f)",
    ),
    "a namespace package": (
        {"a/b.py": HELPER, "m.py": "from .a.b import k\n" + METHOD + "self.k_ = k()"},
        "m.Mine()",
    ),
    "an object of the module": (
        {
            "m.py": "class Model:\n    k = [NUM]\nMODEL = Model()\n"
            "def f(X):\n    return MODEL.k"
        },
        "FunctionTransformer(m.f)",
    ),
    "a file of numbers": (
        {
            "numbers.json": "[NUM]",
            "m.py": "import json\nfrom pathlib import Path\n"
            "NUMBERS = json.loads((Path(__file__).parent / 'numbers.json').read_text())"
            "\ndef f(X):\n    return NUMBERS",
        },
        "FunctionTransformer(m.f)",
    ),
    "an argument of the program": (
        {
            "m.py": "import argparse, sys\nparser = argparse.ArgumentParser()\n"
            "parser.add_argument('--k')\nOPTIONS, _ = parser.parse_known_args()\n"
            "def f(X):\n    return OPTIONS.k"
        },
        "FunctionTransformer(m.f)",
    ),
    "a local function": (
        {"m.py": "def make():\n    def f(X):\n        return [NUM]\n    return f"},
        "FunctionTransformer(m.make())",
    ),
    "a default": ({"m.py": "def f(X, k=[NUM]):\n    return k"}, "SVC(kernel=m.f)"),
    "code without a file": (
        {"m.py": "names = {}\nexec('def f(X):\\n    return NUM', names)"},
        "FunctionTransformer(m.names['f'])",
    ),
    "kinds of methods without a file": (
        {
            "m.py": "names = {'__name__': 'notebook'}\nexec('''\n"
            "from functools import cached_property\nclass Mine:\n"
            "    @cached_property\n    def k(self):\n        return NUM\n"
            "    @staticmethod\n    def l(X):\n        return NUM''', names)",
        },
        "m.names['Mine']()",
    ),
    "a dataclass without a file": (
        {
            "m.py": "names = {'__name__': '__main__'}\nexec('''\n"
            "from dataclasses import dataclass, field\n@dataclass\nclass Mine:\n"
            "    k: list = field(default_factory=lambda: [NUM])''', names)",
        },
        "m.names['Mine']",
    ),
    "a class without a file": (
        {"m.py": "names = {}\nexec('class Mine:\\n    k = [NUM]', names)"},
        "m.names['Mine']()",
    ),
    "lru_cache without a file": (
        {
            "m.py": "names = {'__name__': 'notebook'}\nexec('''import functools\n"
            "@functools.lru_cache\ndef k(X):\n    return NUM\n"
            "def f(X):\n    return k(X)''', names)"
        },
        "FunctionTransformer(m.names['f'])",
    ),
    "a dict without a file": (
        {
            "m.py": "names = {'__name__': 'notebook'}\nexec('''\n"
            "OPTIONS = {'a': {1: NUM}}\ndef f(X):\n    return OPTIONS''', names)"
        },
        "FunctionTransformer(m.names['f'])",
    ),
    "an estimator without a file": (
        {
            "m.py": "names = {'__name__': 'notebook'}\nexec('''\n"
            "from sklearn.svm import SVC\nmodel = SVC(C=NUM)\n"
            "def f(X):\n    return model.C''', names)"
        },
        "FunctionTransformer(m.names['f'])",
    ),
    "a module imported without a file": (
        {
            "helper.py": HELPER,
            "m.py": "names = {'__name__': 'notebook'}\nexec('''\n"
            "def f(X):\n    from CASE.helper import k\n    return k()''', names)",
        },
        "FunctionTransformer(m.names['f'])",
    ),
}
PROGRAM = """
import functools, importlib, json, sys
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC
from sktopo.comparison._cache import Cache
keys = {}
for name, (module, candidate) in json.loads(sys.stdin.read()).items():
    m = importlib.import_module(module + ".m")
    keys[name] = [Cache("a").make_key(eval(candidate)) for _ in range(2)]
print(json.dumps(keys))
"""


def write_cases(folder, k):
    """Write the files of all cases; return the packages and the candidates in them."""
    made = {}
    for number, (name, (files, candidate)) in enumerate(CASES.items()):
        package = f"case{number}"
        for file, text in {"__init__.py": "", **files}.items():
            path = folder / package / file
            path.parent.mkdir(parents=True, exist_ok=True)
            text = re.sub(r"\bNUM\b", str(k), text)
            path.write_text(text.replace("CASE", package))
        made[name] = package, candidate
    return made


def make_keys(folder, k):
    """Compute the keys of all candidates in a fresh process."""
    paths = [str(folder), str(Path(sktopo.__file__).parents[1])]
    run = subprocess.run(
        [sys.executable, "-B", "-c", PROGRAM, f"--k={k}"],
        input=json.dumps(write_cases(folder, k)),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Keys in three processes: two with the number 11, one with 22."""
    folder = tmp_path_factory.mktemp("cases")
    return [make_keys(folder, k) for k in (11, 11, 22)]


@pytest.mark.parametrize("name", CASES)
def test_only_changed_code_has_another_key(keys, name):
    first, again, changed = (found[name] for found in keys)
    assert first[0] == first[1] == again[0]
    assert changed[0] == changed[1] != first[0]
