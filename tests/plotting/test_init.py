"""Every display is tested by its rules."""

import inspect
from pathlib import Path

import pytest

from sktopo import plotting

pytest.importorskip("matplotlib")


@pytest.mark.parametrize("name", plotting.__all__)
def test_each_display_has_a_test_file_that_checks_the_rules(name):
    module = inspect.getmodule(getattr(plotting, name)).__name__.rsplit("._", 1)[1]
    tests = Path(__file__).with_name(f"test_{module}.py").read_text(encoding="utf-8")
    assert f"check_display({name}.from_" in tests


@pytest.mark.parametrize("name", plotting.__all__)
def test_each_display_is_made_from_an_estimator_or_from_what_it_draws(name):
    display = getattr(plotting, name)
    makers = [method for method in dir(display) if method.startswith("from_")]
    assert len(makers) == 2
    assert "from_estimator" in makers
    assert "from_predictions" not in makers
