"""Masks: which positions count."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo.recording._masks import (
    check_mask_option,
    count_positions,
    find_mask,
    read_mask,
)

torch = pytest.importorskip("torch")
COUNTS = np.array([[True, True, False], [False, True, True]])


@pytest.mark.parametrize("make", [np.asarray, torch.as_tensor, np.ndarray.tolist])
@pytest.mark.parametrize("dtype", [bool, int, float])
def test_masks_of_any_kind(make, dtype):
    mask = make(COUNTS.astype(dtype))
    assert_array_equal(read_mask(mask, "mask", 2), COUNTS)
    assert_array_equal(read_mask(mask, "mask", 2, says_what_counts=False), ~COUNTS)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (COUNTS[:1], r"mask has shape \(1, 3\); .*for 2 stimuli"),
        (COUNTS[0], r"mask has shape \(3,\)"),
        (COUNTS[None], r"mask has shape \(1, 2, 3\)"),
        (COUNTS * 2, "numbers other than 0 and 1"),
        (np.where(COUNTS, 1, np.nan), "numbers other than 0 and 1"),
        (COUNTS & [[True], [False]], "leaves out all positions of stimulus 1, the"),
        ([["a", "b"]] * 2, "mask cannot be read"),
    ],
)
def test_bad_masks(mask, message):
    with pytest.raises(ValueError, match=message):
        read_mask(mask, "mask", 2)


def test_masks_among_keyword_inputs():
    ids = np.ones((2, 3))
    assert find_mask({"input_ids": ids}, "stimuli") is None
    for key in ("key_padding_mask", "src_key_padding_mask"):
        assert_array_equal(find_mask({"x": ids, key: ~COUNTS}, "stimuli"), COUNTS)
    found = find_mask({"input_ids": ids, "attention_mask": COUNTS}, "stimuli")
    assert_array_equal(found, COUNTS)
    with pytest.raises(ValueError, match="^'attention_mask' of stimuli has shape"):
        find_mask({"attention_mask": np.ones((2, 1, 3, 3))}, "stimuli")


@pytest.mark.parametrize("option", ["attention_mask", True, b"auto"])
def test_unknown_options(option):
    with pytest.raises(ValueError, match="^mask=.* is unknown"):
        check_mask_option(option)


def test_positions_are_counted_from_the_first_token():
    mask = torch.tensor([[0, 0, 1, 1], [1, 1, 1, 0]])
    expected = [[0, 0, 0, 1], [0, 1, 2, 2]]
    for given in (mask, mask.numpy(), mask.bool()):
        assert_array_equal(count_positions(given), expected)
