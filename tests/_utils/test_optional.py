"""Imports of optional dependencies."""

import sys

import numpy as np
import pytest

from sktopo._utils.optional import import_optional, loaded_type


def test_a_module_that_is_there_is_returned():
    found = import_optional("numpy.linalg", extra="tests", purpose="A test")
    assert found is np.linalg


def test_the_error_names_purpose_module_reason_and_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    message = (
        r"A test needs pandas, .* import of pandas .*pip install 'sktopo\[tables\]'"
    )
    with pytest.raises(ImportError, match=message) as raised:
        import_optional("pandas", extra="tables", purpose="A test")
    assert isinstance(raised.value.__cause__, ImportError)


def test_types_of_modules_that_are_not_loaded_have_no_instances(monkeypatch):
    assert loaded_type("numpy", "ndarray") is np.ndarray
    assert loaded_type("no_such_module", "Type") == ()
    monkeypatch.setitem(sys.modules, "torch", None)
    assert not isinstance(np.ones(1), loaded_type("torch", "Tensor"))
