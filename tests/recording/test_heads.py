"""Attention heads as nodes."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sktopo import ActivationExtractor
from sktopo.recording import split_heads

torch = pytest.importorskip("torch")
nn = torch.nn


@pytest.mark.parametrize("statistic", ["norm", "mean"])
@pytest.mark.parametrize("is_masked", [False, True])
def test_heads_by_hand(statistic, is_masked):
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(3, 4, 6))
    mask = rng.random((3, 4)) < 0.6
    mask[:, 1] = True
    expected = np.empty((3, 2))
    for stimulus in range(3):
        for head in range(2):
            part = outputs[stimulus, :, 3 * head : 3 * head + 3]
            numbers = (
                np.linalg.norm(part, axis=1) if statistic == "norm" else part.mean(1)
            )
            counted = numbers[mask[stimulus]] if is_masked else numbers
            expected[stimulus, head] = counted.mean()
    given = torch.as_tensor(mask) if is_masked else None
    found = split_heads(2, statistic)(torch.as_tensor(outputs), given)
    assert_allclose(found, expected)


def test_heads_of_a_network(tokens, seeded):
    """The norm of each head's output, taken from the attention function by hand."""
    layer = seeded(lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True))
    extractor = ActivationExtractor(
        stimuli=tokens, layers="self_attn", reduce=split_heads(2)
    )
    found = extractor.fit_transform([layer])[0]
    with torch.no_grad():
        outputs, _ = layer.eval().self_attn(*[torch.as_tensor(tokens)] * 3)
    expected = outputs.reshape(6, 7, 2, 4).norm(dim=3).mean(dim=1)
    assert_allclose(found, expected, rtol=1e-5)
    assert list(extractor.node_names_) == ["self_attn[0]", "self_attn[1]"]


def test_pooled_outputs_and_errors():
    assert split_heads(2)(torch.ones(3, 8), None).tolist() == [[2.0, 2.0]] * 3
    with pytest.raises(ValueError, match="8 features cannot be split into 3 heads"):
        split_heads(3)(torch.ones(3, 8), None)
    with pytest.raises(ValueError, match="n_heads must be an integer of at least 1"):
        split_heads(0)
    with pytest.raises(ValueError, match="statistic='sum' is unknown"):
        split_heads(2, "sum")


def test_equality_and_pickle():
    heads = split_heads(4, "mean")
    assert pickle.loads(pickle.dumps(heads)) == heads
    assert heads != split_heads(4)
    assert len({heads, split_heads(4, statistic="mean")}) == 1
    assert repr(heads) == "split_heads(4, statistic='mean')"
