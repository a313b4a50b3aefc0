"""Tests of how estimators of activations read samples, layers and stimuli."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sktopo import CovarianceSpectrum, StimulusGeometry
from sktopo.baselines import RepresentationDistance

GROUPS = ["a", "b", "a", "b", "b", "a", "b"]
READERS = (StimulusGeometry(), CovarianceSpectrum(), RepresentationDistance())
each = pytest.mark.parametrize("reader", READERS, ids=["gram", "spectrum", "distance"])
of_stimuli = pytest.mark.parametrize("reader", READERS[::2], ids=["gram", "distance"])


@each
def test_the_kind_is_that_of_fit(reader, networks):
    message = (
        "X holds samples, but {} was fitted on table; give the same kind (samples are "
        "3-D, a table 2-D)."
    )
    fitted = clone(reader).fit(networks[:, :, 0])
    assert fitted.input_kind_ == "table"
    expected = re.escape(message.format(type(reader).__name__))
    with pytest.raises(ValueError, match=f"^{expected}$"):
        fitted.transform(networks)
    with pytest.raises(ValueError, match="^X holds table, but .* on samples"):
        clone(reader).fit(networks).transform(networks[0])


@each
def test_names_of_nodes_are_checked(reader, networks):
    pandas = pytest.importorskip("pandas")
    columns = [f"x[{k}]" for k in range(7)]
    frames = [pandas.DataFrame(network, columns=columns) for network in networks]
    fitted = clone(reader).fit(frames)
    assert list(fitted.feature_names_in_) == columns
    frames[1] = frames[1][columns[::-1]]
    with pytest.raises(ValueError, match=r"(?s)^Sample 1 of X: The feature names"):
        fitted.transform(frames)


@each
def test_other_widths_than_fitted(reader, networks):
    fitted = clone(reader).set_params(groups=GROUPS).fit(networks)
    with pytest.raises(ValueError, match=r"^Sample 0 of X has 5 nodes, but groups are"):
        fitted.transform(networks[:, :, :5])


@each
def test_groups_of_several_widths_have_several_forms(reader, make_networks):
    pandas = pytest.importorskip("pandas")
    columns = ["a[0]", "b[0]", "a[1]", "b[1]", "b[2]"]
    networks = make_networks((5, 4, 5))
    frames = [
        pandas.DataFrame(network, columns=columns[: network.shape[1]])
        for network in networks
    ]
    if isinstance(reader, CovarianceSpectrum):
        reader = clone(reader).set_params(n_quantiles=3)
    named = clone(reader).set_params(groups="layer").fit(frames)
    assert named.input_kind_ == "ragged samples"
    assert not hasattr(named, "n_features_in_")
    rows = named.transform(frames)
    given = {5: list("ababb"), 4: list("abab")}
    for groups in (given, [given[5], given[4], given[5]]):
        fitted = clone(reader).set_params(groups=groups).fit(networks)
        assert fitted.group_names_ == ["a", "b"]
        assert_array_equal(fitted.members_[4], [0, 1, 0, 1])
        assert_allclose(fitted.transform(networks), rows, atol=1e-12)
        # Other samples than those of `fit` have the groups of their width.
        assert_allclose(fitted.transform(networks[1:]), rows[1:], atol=1e-12)


@of_stimuli
def test_the_number_of_stimuli_is_that_of_fit(reader, networks):
    fitted = clone(reader).fit(networks)
    assert fitted.n_stimuli_in_ == 12 and fitted.stimulus_names_ is None
    message = (
        "Sample 0 of X has 11 stimuli, but expected are 12, as in the first sample "
        f"fitted. {type(reader).__name__} compares responses to the same stimuli, in "
        "the same order."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        fitted.transform(networks[:, 1:])


@of_stimuli
def test_stimuli_have_the_names_and_the_order_that_were_fitted(reader, networks):
    pandas = pytest.importorskip("pandas")
    index = [f"image {k}" for k in range(12)]
    frames = [pandas.DataFrame(network, index=index) for network in networks]
    fitted = clone(reader).fit(frames)
    assert list(fitted.stimulus_names_) == index
    # Arrays do not tell their order.
    assert_allclose(fitted.transform(networks), fitted.transform(frames), atol=1e-12)
    with pytest.raises(ValueError, match=r"^Sample 1 of X has stimulus 'image 11' in"):
        fitted.transform([frames[0], frames[1][::-1]])


def test_spectra_may_be_of_other_stimuli(networks):
    fitted = CovarianceSpectrum().fit(networks)
    assert not hasattr(fitted, "n_stimuli_in_")
    assert np.isfinite(fitted.transform(networks[:, 1:])).all()
