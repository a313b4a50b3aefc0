"""Level, scale and shape of distances."""

from decimal import Decimal, localcontext

import numpy as np
import pytest

from sktopo.barcodes._decomposition import split_squared_distances


def split_by_hand(row_1, row_2):
    """Split a squared distance by the textbook formula, in 60 digits."""
    with localcontext(prec=60):
        row_1, row_2 = ([Decimal(float(x)) for x in row] for row in (row_1, row_2))
        n = len(row_1)
        means = [sum(row) / n for row in (row_1, row_2)]
        centred = [
            [x - mean for x in row]
            for row, mean in zip((row_1, row_2), means, strict=True)
        ]
        norms = [sum(x * x for x in row).sqrt() for row in centred]
        product = sum(x * y for x, y in zip(*centred, strict=True))
        level = n * (means[0] - means[1]) ** 2
        scale = (norms[0] - norms[1]) ** 2
        shape = 2 * (norms[0] * norms[1] - product)
        return [float(part) for part in (level, scale, shape)]


def make_pair(kind):
    rng = np.random.default_rng(0)
    row, other = rng.random((2, 40))
    return {
        "plain": (row, other),
        "sorted": (np.sort(row), np.sort(other)),
        "far from zero": (1e8 + row, 1e8 + other),
        "close": (row, row * (1 + 1e-9) + 1e-9 * other),
        "close, far from zero": (1e8 + row, 1e8 + row + 1e-6 * other),
        "scaled": (row, (row - row.mean()) * 1.5 + row.mean()),
        "one is nearly constant": (row, 1e-8 * other),
        "one is all but constant": (row, 1e-17 * other),
        "one is constant": (row, np.full(40, 0.1)),
        "both are constant": (np.full(40, 0.3), np.full(40, 0.1)),
        "tiny": (1e-120 * row, 1e-120 * other),
        "huge": (1e140 * row, 1e140 * other),
        "float32": (row.astype(np.float32) + 1000, other.astype(np.float32) + 1000),
        "opposite": (row, -row),
        "one number": (row[:1], other[:1]),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "plain",
        "sorted",
        "far from zero",
        "close",
        "close, far from zero",
        "scaled",
        "one is nearly constant",
        "one is all but constant",
        "one is constant",
        "both are constant",
        "tiny",
        "huge",
        "float32",
        "opposite",
        "one number",
    ],
)
def test_parts_of_pairs_are_right_to_rounding(kind):
    row_1, row_2 = make_pair(kind)
    parts = split_squared_distances(row_1[None], row_2[None])
    expected = split_by_hand(row_1, row_2)
    for part, number in zip(parts, expected, strict=True):
        assert part.dtype == np.float64
        assert part.shape == (1,)
        assert part >= 0
        np.testing.assert_allclose(part, number, rtol=0, atol=1e-14 * sum(expected))


def test_pairs_do_not_depend_on_those_beside_them():
    rng = np.random.default_rng(0)
    rows_1, rows_2 = rng.random((2, 9, 100_000))  # some batches of pairs
    together = np.array(split_squared_distances(rows_1, rows_2))
    alone = [split_squared_distances(rows_1[[k]], rows_2[[k]]) for k in range(9)]
    squared = ((rows_1 - rows_2) ** 2).sum(axis=1)
    gaps = (together - np.hstack(alone)) / squared
    np.testing.assert_allclose(gaps, 0, atol=1e-13)
    np.testing.assert_allclose(together.sum(axis=0), squared, rtol=1e-13)


def test_pairs_of_empty_rows_and_no_pairs():
    for shape, n_pairs in (((2, 0), 2), ((0, 3), 0)):
        for part in split_squared_distances(np.ones(shape), np.ones(shape)):
            assert part.tolist() == [0] * n_pairs


def test_level_alone_may_underflow():
    row = np.array([[1e-160, 3e-160, 2e-160]])
    level, scale, shape = split_squared_distances(row, row[:, [1, 0, 2]])
    assert (level, scale) == (0, 0)
    np.testing.assert_allclose(shape, 8e-320, rtol=1e-3)
