"""Networks as users write them: several inputs, attention weights."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sktopo import ActivationExtractor

torch = pytest.importorskip("torch")
nn = torch.nn


class TwoInputs(nn.Module):
    """A network of two inputs."""

    def __init__(self):
        super().__init__()
        self.act = nn.ReLU()

    def forward(self, x, y):
        return self.act(x + y)


def test_several_inputs(stimuli):
    x, y = stimuli, -2 * stimuli[:, ::-1]
    expected = np.maximum(x + y, 0)
    for given in ((x, y), [x, y], {"y": y, "x": x}):
        pairs = ActivationExtractor().fit_transform([(TwoInputs(), given)])
        assert_array_equal(pairs[0], expected)
        if not isinstance(given, list):
            fixed = ActivationExtractor(stimuli=given).fit_transform([TwoInputs()])
            assert_array_equal(fixed[0], expected)
    for wrong, match in (
        ((x, y[:3]), "3"),
        (x, r"forward\(x, y\)"),
        ({"x": x, "z": y}, r"forward\(x, y\)"),
    ):
        with pytest.raises(ValueError, match=match):
            ActivationExtractor(stimuli=wrong).fit([TwoInputs()])


class Attention(nn.Module):
    """Gives attention weights: rows over positions that sum to one."""

    def __init__(self):
        super().__init__()
        self.q, self.drop = nn.Linear(8, 8), nn.Dropout(0.0)

    def forward(self, x):
        q = self.q(x).unflatten(-1, (4, 2)).transpose(1, 2)
        return self.drop((q @ q.mT).softmax(-1))


def test_attention_weights_are_refused(tokens, seeded):
    extractor = ActivationExtractor(stimuli=tokens, layers="drop")
    with pytest.raises(ValueError, match="sums? to one"):
        extractor.fit([seeded(Attention)])
