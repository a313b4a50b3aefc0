"""The row of one sample: what its measure gets, and what becomes of the result."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.connectomes._measure import KnownMeasure
from sktopo.connectomes._missing import Selection
from sktopo.connectomes._nodes import NODES
from sktopo.connectomes._sample_row import (
    call_known_measure,
    call_own_measure,
    compute_row,
)

SAMPLE = np.random.default_rng(0).normal(size=(9, 4))
NAMES = np.array(list("abcd"), dtype=object)


def relate(call, measure, sample, *, takes_parts, constant=(), dropped=(), fill=0.0):
    masks = [np.isin(np.arange(4), units) for units in (constant, dropped)]
    selection = Selection(*masks, np.zeros(9, dtype=bool))
    if isinstance(measure, str):
        measure = KnownMeasure(measure, {})
    measure = partial(call, measure, NODES["units"])
    options = fill, takes_parts, False, False, sample.dtype
    return compute_row(measure, *options, 2, sample, selection, NAMES)


@pytest.mark.parametrize("takes_parts", [True, False])
def test_constant_nodes_are_filled(takes_parts):
    sample = SAMPLE * [1, 0, 1, 1]
    row = relate(
        call_known_measure,
        "correlation",
        sample,
        takes_parts=takes_parts,
        constant=[1],
        fill=np.nan,
    )
    expected = np.corrcoef(SAMPLE.T)
    expected[1] = expected[:, 1] = np.nan
    assert_allclose(row, expected[np.triu_indices(4, 1)])


def test_dropped_nodes_have_no_place():
    row = relate(
        call_own_measure,
        lambda x: np.cov(x.T),
        SAMPLE,
        takes_parts=True,
        constant=[0],
        dropped=[0, 2],
    )
    assert_allclose(row, [np.cov(SAMPLE.T)[1, 3]])


def test_fewer_than_two_nodes_are_not_related():
    row = relate(call_own_measure, None, SAMPLE, takes_parts=True, constant=[0, 1, 2])
    assert_array_equal(row, np.zeros(6))


def test_errors_name_sample_and_nodes_that_are_left():
    measure = lambda x: np.full((3, 3), np.nan)  # noqa: E731
    with pytest.raises(ValueError, match="^Sample 2 of X: .* NaN as .* edge a--c"):
        relate(call_own_measure, measure, SAMPLE, takes_parts=True, dropped=[1])
