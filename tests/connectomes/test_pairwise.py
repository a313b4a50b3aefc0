"""Measures of pairs over common observations, against pandas and pairs by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sktopo import FunctionalConnectome
from sktopo.connectomes._pairwise import PAIRWISE, count_pairs, pairwise_row
from sktopo.connectomes.measures import MEASURES

PAIRS = FIRST, SECOND = np.triu_indices(6, 1)


def make_holed(seed=0, share=0.2, shape=(60, 6)):
    rng = np.random.default_rng(seed)
    sample = rng.normal(size=shape) @ rng.normal(size=(shape[1], shape[1])) + 50
    sample[rng.random(shape) < share] = np.nan
    return sample


def relate(sample, measure="correlation", **parameters):
    connectome = FunctionalConnectome(
        measure, missing="pairwise", absolute=False, **parameters
    )
    return connectome.fit_transform([sample])[0]


def relate_pairs(sample, measure):
    """Relate each pair by the measure as a function, on complete observations."""
    row = []
    for i, j in zip(FIRST, SECOND, strict=True):
        pair = sample[:, [i, j]]
        row.append(MEASURES[measure](pair[~np.isnan(pair).any(axis=1)])[0, 1])
    return row


@pytest.mark.parametrize("measure", PAIRWISE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_pair_is_related_over_what_both_have(measure, dtype):
    sample = make_holed().astype(dtype)
    row = relate(sample, measure)
    assert row.dtype == dtype
    expected = relate_pairs(sample.astype(float), measure)
    assert_allclose(row, expected, rtol=1e-5 if dtype == np.float32 else 1e-10)


@pytest.mark.parametrize(
    ("measure", "method"), [("correlation", "pearson"), ("spearman",) * 2]
)
def test_correlations_are_those_of_pandas(measure, method):
    sample = make_holed(1)
    frame = pytest.importorskip("pandas").DataFrame(sample)
    expected = frame.corr(method).to_numpy()[FIRST, SECOND]
    assert_allclose(relate(sample, measure), expected, rtol=1e-10)


@pytest.mark.parametrize("measure", PAIRWISE)
def test_complete_samples_are_related_as_ever(measure):
    sample = make_holed(share=0)
    expected = FunctionalConnectome(measure, absolute=False).fit_transform([sample])
    assert_array_equal(relate(sample, measure), expected[0])


def test_a_correlation_by_hand():
    # Observations 1 to 3 of both: (0, 1, 2) and (1, 0, 2) correlate by 1/2.
    sample = np.array([[9, np.nan], [0, 1], [1, 0], [2, 2], [np.nan, 7]])
    assert_allclose(relate(sample, min_observations=3), [0.5])
    assert_allclose(relate(sample, "spearman", min_observations=3), [0.5])
    assert_allclose(relate(sample, "covariance", min_observations=3), [1 / 3])


def test_digits_survive_a_jump_outside_what_is_common():
    # The first unit is tiny where both are there, and huge where the other is absent.
    rng = np.random.default_rng(0)
    sample = rng.normal(size=(40, 2))
    sample[:20, 0] = 1e9 * sample[:20, 0]
    sample[:20, 1] = np.nan
    expected = np.corrcoef(sample[20:].T)[0, 1]
    assert_allclose(relate(sample), [expected], rtol=1e-6)


def test_pairs_that_do_not_vary_together_are_named():
    sample = make_holed(share=0)
    sample[:30, 0] = 2
    sample[30:, 1] = np.nan  # unit 0 is constant where unit 1 is there
    for measure in ("correlation", "spearman"):
        with pytest.raises(ValueError, match="NaN as the weight of edge x0--x1"):
            relate(sample, measure)
    assert relate(sample, "covariance")[0] == 0


@given(st.integers(0, 2**32 - 1), st.sampled_from(PAIRWISE))
@settings(deadline=None, max_examples=15)
def test_invariance(seed, measure):
    rng = np.random.default_rng(seed)
    sample = make_holed(seed)
    row = relate(sample, measure)
    power = 2 if measure == "covariance" else 0
    for unit in (1e-26, 1e30):
        assert_allclose(relate(sample * unit, measure) / unit**power, row, rtol=1e-9)
    assert_allclose(relate(sample + 1024, measure), row, rtol=1e-9, atol=1e-12)
    shuffled = rng.permutation(len(sample))
    assert_allclose(relate(sample[shuffled], measure), row, rtol=1e-9, atol=1e-12)
    assert_allclose(
        relate(sample[:, ::-1], measure)[::-1].sum(), row.sum(), rtol=1e-9, atol=1e-12
    )


def test_the_least_number_of_observations_in_common():
    samples = [make_holed(seed) for seed in range(3)] + [make_holed(share=0)]
    connectome = FunctionalConnectome(missing="pairwise").fit(samples)
    least = [
        min((~np.isnan(x[:, [i, j]]).any(axis=1)).sum() for i, j in np.transpose(PAIRS))
        for x in samples
    ]
    assert connectome.least_observations_.tolist() == least
    assert least[-1] == 60 and least[0] < 45
    connectome.set_params(min_observations=least[0]).fit(samples[:1])
    connectome.set_params(min_observations=least[0] + 1)
    with pytest.raises(ValueError, match=f"have {least[0]} observations in common"):
        connectome.fit(samples[:1])


def test_counts():
    sample = np.array([[1, np.nan], [2, 3], [np.nan, 3]])
    assert_array_equal(count_pairs(sample), [[2, 1], [1, 2]])
    with np.errstate(divide="raise", invalid="raise"):
        assert pairwise_row("covariance", sample[[1, 1, 0]]).tolist() == [0]
