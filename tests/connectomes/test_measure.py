"""Measures by name, as functions and with parameters; Fisher's z."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sktopo import FunctionalConnectome
from sktopo.connectomes import measures
from sktopo.connectomes._measure import find_known, transform_fisher

ALPHA = partial(measures.coherence, sampling_rate=100, band=(8, 12), segment_length=20)
UPPER = np.triu_indices(5, 1)


def own_measure(sample):
    return np.corrcoef(sample.T)


# --- measures with parameters -----------------------------------------------------


def test_known_measures():
    assert find_known("spearman").name == "spearman"
    assert find_known(measures.coherence).name == "coherence"
    known = find_known(ALPHA)
    assert (known.name, known.parameters["segment_length"]) == ("coherence", 20)
    assert find_known(own_measure) is None
    assert find_known(partial(own_measure)) is None
    assert find_known(partial(measures.coherence, [[0, 1], [1, 0]])) is None


@pytest.mark.parametrize(
    "measure",
    [
        ALPHA,
        partial(measures.phase_locking_value, band=(0.1, 0.4)),
        partial(measures.lagged_correlation, max_lag=3),
        partial(measures.partial_correlation, shrinkage=0.2),
        measures.correlation,
    ],
)
def test_rows_are_those_of_the_function(activations, measure):
    connectome = clone(FunctionalConnectome(measure, absolute=False))
    rows = connectome.fit_transform(activations)
    assert_array_equal(rows, [measure(sample)[UPPER] for sample in activations])
    activations[1, :, 2] = 3
    with pytest.warns(UserWarning, match="1 constant unit"):
        zeros = connectome.fit_transform(activations)
    alone = measure(np.delete(activations[1], 2, axis=1))[np.triu_indices(4, 1)]
    assert np.count_nonzero(zeros[1] == 0) == 4
    assert_allclose(zeros[1][zeros[1] != 0], alone)
    assert_array_equal(zeros[::2], rows[::2])


def test_errors_of_parameters_name_the_sample(activations):
    measure = partial(measures.coherence, segment_length=30)
    samples = [np.vstack([activations[0]] * 2), activations[1][:30]]
    connectome = FunctionalConnectome(measure).fit(samples)
    with (
        pytest.raises(ValueError, match="^Sample 1 of X: 30 observations make 1 seg"),
        pytest.warns(UserWarning, match="differ in their number"),
    ):
        connectome.transform(samples)


@pytest.mark.parametrize("measure", ["lagged correlation", ALPHA])
def test_measures_of_time_relate_units_of_samples(activations, measure):
    connectome = FunctionalConnectome(measure, nodes="stimuli")
    with pytest.raises(ValueError, match="needs observations in the order of time"):
        connectome.fit(activations)
    with pytest.raises(ValueError, match="relates units over many observations"):
        FunctionalConnectome(measure).fit(activations[0])


# --- Fisher's z -------------------------------------------------------------------


@pytest.mark.parametrize(
    "measure",
    ["correlation", "spearman", "partial correlation", "lagged correlation"]
    + [own_measure],
)
@pytest.mark.parametrize("absolute", [True, False])
def test_fisher_is_the_inverse_hyperbolic_tangent(activations, measure, absolute):
    r = FunctionalConnectome(measure, absolute=absolute).fit_transform(activations)
    fisher = FunctionalConnectome(measure, absolute=absolute, fisher=True)
    z = fisher.fit_transform(activations)
    assert_allclose(z, 0.5 * np.log((1 + r) / (1 - r)), rtol=1e-9)
    single = fisher.fit_transform(activations.astype(np.float32))
    assert single.dtype == np.float32
    assert_allclose(single, z, atol=1e-4)


def test_fisher_of_constant_units(activations):
    activations[0, :, 1] = 2
    for how, fill in (("zero", 0), ("nan", np.nan)):
        connectome = FunctionalConnectome(constant_units=how, fisher=True)
        if how == "zero":
            with pytest.warns(UserWarning, match="constant"):
                row = connectome.fit_transform(activations)[0]
        else:
            row = connectome.fit_transform(activations)[0]
        assert_array_equal(row[[0, 4, 5, 6]], fill)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("factor", [3, -0.7])
def test_fisher_of_units_that_repeat_each_other(activations, factor, dtype):
    activations[1, :, 4] = factor * activations[1, :, 2] + 0.1
    message = (
        f"^Sample 1 of X: the weight of edge x2--x4 is {np.sign(factor):.0f}, but "
        "fisher=True needs .* Leave out one of two nodes that repeat each other,"
    )
    with pytest.raises(ValueError, match=message):
        FunctionalConnectome(fisher=True).fit_transform(activations.astype(dtype))


def test_fisher_of_what_is_not_a_correlation(activations):
    for measure in ("covariance", "coherence", ALPHA, "phase locking value"):
        with pytest.raises(ValueError, match="^fisher=True transforms correlations"):
            FunctionalConnectome(measure, fisher=True).fit(activations)
    with pytest.raises(ValueError, match="^fisher=True .* X is a table"):
        FunctionalConnectome(fisher=True).fit(activations[0])
    fitted = FunctionalConnectome().fit(activations[0]).set_params(fisher=True)
    with pytest.raises(ValueError, match="^fisher=True .* X is a table"):
        fitted.transform(activations[0])
    with pytest.raises(ValueError, match="^fisher must be True or False"):
        FunctionalConnectome(fisher="z").fit(activations)
    with pytest.raises(ValueError, match="weight of edge x0--x1 is 7, but"):
        FunctionalConnectome(lambda _: np.full((5, 5), 7.0), fisher=True).fit_transform(
            activations
        )


def test_fisher_close_to_1():
    row = np.array([0.999999, -0.5])
    assert_allclose(transform_fisher(row, "X", None), [7.254329, -0.549306], rtol=1e-6)
