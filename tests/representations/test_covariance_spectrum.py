"""Tests of CovarianceSpectrum: Wasserstein rows of log eigenvalues."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import pdist
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from sktopo import CovarianceSpectrum, TopClusterer, WassersteinKernel
from sktopo.barcodes import quantile_vectors
from sktopo.inference import permanova
from sktopo.representations import log_spectrum

LAYERS = ["a", "a", "a", "b", "b", "b", "b"]


def test_rows_are_scaled_logarithms(networks):
    rows = CovarianceSpectrum(normalize=False, floor=0.1).fit_transform(networks)
    logs = [log_spectrum(x, normalize=False, floor=0.1) for x in networks]
    assert_allclose(rows, np.divide(logs, np.sqrt(7)))


def test_distances_are_those_of_wasserstein(networks):
    rows = CovarianceSpectrum().fit_transform(networks)
    one, other = log_spectrum(networks[0]), log_spectrum(networks[1])
    # The cheapest of all ways to match the logarithms.
    costs = np.square(
        np.subtract.outer(one, np.random.default_rng(0).permutation(other))
    )
    matched = linear_sum_assignment(costs)
    assert_allclose(pdist(rows)[0] ** 2, costs[matched].mean())


def test_distances_of_layers(networks):
    fitted = CovarianceSpectrum(groups=LAYERS)
    rows = fitted.fit_transform(networks)
    assert fitted.group_slices_ == {"a": slice(0, 3), "b": slice(3, 7)}
    squared = 0
    for name, layer in (("a", networks[:, :, :3]), ("b", networks[:, :, 3:])):
        logs = np.array([log_spectrum(network) for network in layer])
        factor = fitted.scales_[name] * np.sqrt(logs.shape[1])
        squared = squared + factor**2 * np.mean((logs[0] - logs[1]) ** 2)
    assert_allclose(np.sum((rows[0] - rows[1]) ** 2), squared)


def test_quantiles_put_widths_into_one_space(make_networks):
    networks = make_networks((7, 3, 15, 4))
    rows = CovarianceSpectrum(n_quantiles=5).fit_transform(networks)
    expected = [quantile_vectors([log_spectrum(x)], 5)[0] for x in networks]
    assert_allclose(rows, np.divide(expected, np.sqrt(5)))
    message = (
        "Sample 1 of X has layers of [3] nodes, but expected are [7]. Give n_quantiles "
        "to put layers of different widths into one space."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        CovarianceSpectrum().fit_transform(networks)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        CovarianceSpectrum().fit(networks)


def test_copies_of_nodes_have_the_spectrum_of_independent_directions():
    rng = np.random.default_rng(0)
    network = rng.normal(size=(400, 10))
    twice = np.hstack([network, rng.permutation(network)])
    rows = CovarianceSpectrum(n_quantiles=10).fit_transform([network, twice])
    # Each direction is there twice, but for what the sample correlates.
    assert np.linalg.norm(rows[0] - rows[1]) < 0.15


def test_a_common_unit_changes_no_distance(networks):
    for normalize in (True, False):
        spectrum = CovarianceSpectrum(normalize=normalize, groups=LAYERS)
        expected = pdist(spectrum.fit_transform(networks))
        for unit in (1e-26, 1e30):
            found = pdist(spectrum.fit_transform(unit * networks))
            assert_allclose(found, expected, rtol=1e-9)


def test_the_scale_of_one_network_counts_or_not(networks):
    scaled = networks * np.array([1, 10, 1, 1])[:, None, None]
    with_scale = CovarianceSpectrum(normalize=False)
    rows, moved = map(with_scale.fit_transform, (networks, scaled))
    assert_allclose(np.sqrt(7) * (moved - rows)[1], 2 * np.log(10))
    assert_allclose(np.delete(moved, 1, axis=0), np.delete(rows, 1, axis=0))
    without = CovarianceSpectrum()
    assert_allclose(without.fit_transform(scaled), without.fit_transform(networks))


def test_constant_layers_have_no_logarithm(networks):
    networks[2] = 1
    message = (
        "1 layer(s) have constant nodes only, the first 'all' of sample 2: the "
        "logarithm of their variance is minus infinity. Leave these samples or layers "
        "out, or choose normalize=True."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        CovarianceSpectrum(normalize=False).fit(networks)


def test_differing_numbers_of_observations_warn(networks):
    samples = [networks[0], networks[1][:10]]
    message = (
        "The samples differ in their number of observations, from 10 (sample 1) to 12 "
        "(sample 0). Spectra depend on that number: few observations spread the "
        "eigenvalues, and leave those beyond it 0. Cut all samples to one length "
        "before you compare them."
    )
    spectrum = CovarianceSpectrum().fit(networks)
    for call in (spectrum.fit, spectrum.transform):
        with pytest.warns(UserWarning, match=f"^{re.escape(message)}$") as caught:
            call(samples)
        assert caught[0].filename == __file__


def test_names_of_columns(networks):
    fitted = CovarianceSpectrum(groups=LAYERS).fit(networks)
    expected = [f"a[eigenvalue{k}]" for k in range(3)]
    expected += [f"b[eigenvalue{k}]" for k in range(4)]
    assert list(fitted.get_feature_names_out()) == expected
    fitted = CovarianceSpectrum(n_quantiles=2).fit(networks)
    assert list(fitted.get_feature_names_out()) == ["all[q0]", "all[q1]"]


def test_a_table_has_its_variances(networks):
    table = networks[:, :, 0]
    rows = CovarianceSpectrum(normalize=False).fit_transform(table)
    assert_allclose(rows[:, 0], np.log(table.var(axis=1)))
    assert_array_equal(CovarianceSpectrum().fit_transform(table), 0)


def test_rows_can_be_clustered_classified_and_tested():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 8)
    shapes = np.array([[1, 1, 1, 1, 1], [5, 2, 1, 0.5, 0.2]])
    networks = rng.normal(size=(16, 60, 5)) * shapes[y][:, None]
    rows = CovarianceSpectrum().fit_transform(networks)
    labels = TopClusterer(2, random_state=0).fit_predict(rows)
    assert len({*zip(y, labels, strict=True)}) == 2
    svm = make_pipeline(
        CovarianceSpectrum(), WassersteinKernel(), SVC(kernel="precomputed")
    )
    assert svm.fit(networks[::2], y[::2]).score(networks[1::2], y[1::2]) == 1
    result = permanova(rows, y, n_permutations=199, random_state=0)
    assert result.pvalue == pytest.approx(1 / 200)


@pytest.mark.parametrize(
    "parameters", [{"floor": 0}, {"floor": 2}, {"normalize": 1}, {"n_quantiles": 0}]
)
def test_bad_parameters(parameters, networks):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        CovarianceSpectrum(**parameters).fit(networks)
