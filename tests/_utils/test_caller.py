"""Warnings that name the line that called the package."""

import warnings

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

from sktopo import FunctionalConnectome, GraphPersistence
from sktopo._utils.caller import warn_caller

DEAD = np.random.default_rng(0).normal(size=(2, 9, 4))
DEAD[:, :, 0] = 0


def test_the_line_of_the_user_is_named():
    with pytest.warns(UserWarning, match="constant unit") as caught:
        FunctionalConnectome().fit_transform(DEAD)
    assert caught[0].filename == __file__


def test_pipelines_are_passed_over():
    chain = make_pipeline(FunctionalConnectome(), GraphPersistence())
    with pytest.warns(UserWarning, match="constant unit") as caught:
        chain.fit_transform(DEAD)
    assert {warning.filename for warning in caught} == {__file__}


def test_category_and_message():
    with pytest.warns(RuntimeWarning, match="^odd$") as caught:
        warn_caller("odd", RuntimeWarning)
    assert caught[0].filename == __file__


def test_without_a_line_of_a_user(monkeypatch):
    monkeypatch.setattr("sktopo._utils.caller._PASSED_OVER", ("",))  # all files
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_caller("nobody called")
    assert [str(warning.message) for warning in caught] == ["nobody called"]
