"""Links from displayed estimators to the documentation."""

import re
from pathlib import Path

import pytest
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_html_repr

import sktopo
from sktopo._utils import base
from sktopo.baselines import GraphSummaries

API = Path(__file__).parents[2] / "docs" / "api" / "index.rst"


class Derived(sktopo.TopClusterer):
    """A class of a user."""


def links(estimator):
    """Return the links in the HTML of an estimator, without those to parameters."""
    found = re.findall(r'href="([^"#]*)"', estimator_html_repr(estimator))
    return [link for link in found if link]


def test_no_link_without_an_address():
    chain = make_pipeline(sktopo.GraphPersistence(), sktopo.TopClusterer())
    assert not [link for link in links(chain) if "sktopo" in link]


@pytest.mark.parametrize(
    ("estimator", "name"),
    [
        (sktopo.TopClusterer(), "sktopo.TopClusterer"),
        (sktopo.ActivationExtractor(), "sktopo.ActivationExtractor"),
        (GraphSummaries(), "sktopo.baselines.GraphSummaries"),
    ],
)
def test_links_lead_to_the_page(monkeypatch, estimator, name):
    monkeypatch.setattr(base, "DOCUMENTATION", "https://sktopo.example/stable")
    page = f"https://sktopo.example/stable/api/generated/{name}.html"
    assert set(links(estimator)) == {page}
    chain = make_pipeline(sktopo.GraphPersistence(), estimator)
    assert page in links(chain)


def test_derived_and_private_classes_have_no_link(monkeypatch):
    monkeypatch.setattr(base, "DOCUMENTATION", "https://sktopo.example/stable")
    assert links(Derived()) == []
    assert base.find_public_name(base.BaseEstimator) is None


def test_every_public_estimator_has_a_page():
    """The pages are those that the API reference lists."""
    listed = API.read_text(encoding="utf-8")
    kinds, found = [base.BaseEstimator], []
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if kind.__module__.startswith("sktopo.") and base.find_public_name(kind):
            found.append(base.find_public_name(kind))
    assert len(found) > 20
    for name in found:
        module, _, member = name.rpartition(".")
        part = listed.split(f".. currentmodule:: {module}\n")
        assert any(f"\n   {member}\n" in text for text in part[1:]), name
