"""Masks: which positions count."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo import ActivationExtractor
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


class Decoding(torch.nn.Module):
    """Takes inputs of an encoder and of a decoder."""

    def __init__(self):
        super().__init__()
        self.act = torch.nn.ReLU()

    def forward(self, input_ids, attention_mask=None, decoder_input_ids=None):
        return self.act(input_ids.float()[..., None].repeat(1, 1, 3))


IDS = torch.randint(1, 9, (6, 5))
PADDED = torch.tensor([[1, 1, 1, 0, 0]] * 6)


def test_masks_by_position_are_refused():
    for stimuli in ((IDS, PADDED), Batches([(IDS, PADDED)])):
        extractor = ActivationExtractor(stimuli=stimuli)
        with pytest.raises(ValueError, match="gives 'attention_mask' by position"):
            extractor.fit([Decoding()])
    extractor = ActivationExtractor(stimuli=(IDS, PADDED), mask=None)
    assert extractor.fit([Decoding()]).n_nodes_ == 3


def test_masks_of_encoders_with_decoders_are_refused():
    stimuli = {"input_ids": IDS, "decoder_input_ids": IDS, "attention_mask": PADDED}
    extractor = ActivationExtractor(stimuli=stimuli)
    with pytest.raises(ValueError, match="of an encoder and of a decoder"):
        extractor.fit([Decoding()])
    found = extractor.set_params(mask=PADDED.numpy()).fit_transform([Decoding()])
    np.testing.assert_allclose(found[0, :, 0], IDS[:, :3].float().mean(dim=1))
    stimuli["attention_mask"] = torch.ones_like(IDS)
    ActivationExtractor(stimuli=stimuli).fit([Decoding()])


class Batches:
    """Batches that can be gone through again."""

    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)


class Pooling(Decoding):
    """Gives one row, or every second position."""

    def __init__(self, step):
        super().__init__()
        self.step = step

    def forward(self, input_ids, attention_mask=None):
        x = input_ids.float()[..., None].repeat(1, 1, 3)
        return self.act(x[:, 0] if self.step is None else x[:, :: self.step])


@pytest.mark.parametrize("step", [None, 1, 2])
def test_observations_are_those_of_the_layer(step):
    stimuli = {"input_ids": IDS, "attention_mask": torch.ones_like(IDS)}
    extractor = ActivationExtractor(stimuli=stimuli, reduce="observations")
    found = extractor.fit_transform([Pooling(step)])[0]
    assert len(found) == 6 * {None: 1, 1: 5, 2: 3}[step]
    assert np.isin(found, IDS).all()
    stimuli["attention_mask"] = PADDED
    if step == 2:
        with pytest.raises(ValueError, match="gave 3 positions, but the mask has 5"):
            extractor.fit([Pooling(step)])
    else:
        found = extractor.fit_transform([Pooling(step)])[0]
        assert len(found) == (6 if step is None else 18)
