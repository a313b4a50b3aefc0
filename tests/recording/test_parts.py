"""Forms of stimuli: which inputs of a network they become."""

from collections import UserDict

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo.recording._parts import are_parts, are_ragged_tokens, read_parts

torch = pytest.importorskip("torch")
nn = torch.nn
IDS = np.arange(12).reshape(3, 4)
X = np.linspace(0, 1, 6).reshape(3, 2)
RAGGED = [[5, 6, 7], [8], [9, 10]]


def make_network(forward, **parts):
    """Make a network whose forward has the signature of a function."""
    network = nn.Module()
    network.forward = forward
    for name, part in parts.items():
        network.add_module(name, part)
    return network


ONE = make_network(lambda x: x)
TWO = make_network(lambda x, y: x)
MASKED = make_network(lambda input_ids, attention_mask=None: input_ids)
PADDED = make_network(lambda src, src_key_padding_mask=None: src)
POSITIONS = make_network(
    lambda input_ids, attention_mask=None, position_ids=None: input_ids
)


@pytest.mark.parametrize(
    ("stimuli", "keys"),
    [
        (X, [0]),
        (X.tolist(), [0]),
        (list(X), [0]),  # rows of one array
        (torch.as_tensor(X), [0]),
        ((X, IDS), [0, 1]),
        ([X, IDS], [0, 1]),
        ([torch.as_tensor(X), torch.as_tensor(IDS)], [0, 1]),
        ((X,), [0]),
        ({"x": X, "y": IDS[:, 0]}, ["x", "y"]),
        (UserDict(x=X), ["x"]),
    ],
)
def test_forms_of_stimuli(stimuli, keys):
    parts = read_parts(stimuli, "stimuli")
    assert list(parts.values) == keys
    assert len(parts) == 3
    assert_array_equal(parts.values[keys[0]], X)


@pytest.mark.parametrize(
    ("stimuli", "error", "message"),
    [
        ((X, IDS[:2]), ValueError, "^input 1 of stimuli has 2 rows, but input 0 has 3"),
        ({"x": X, "y": IDS[:2]}, ValueError, "^'y' of stimuli has 2 rows, but 'x'"),
        ((), ValueError, "stimuli is empty"),
        ({}, ValueError, "stimuli is empty"),
        ({1: X}, TypeError, "stimuli is a mapping with the key 1"),
        ((X, None), TypeError, "^input 1 of stimuli is of type NoneType"),
        ((X, np.where(X > 0.5, np.nan, X)), ValueError, "input 1 of stimuli contains"),
        ({"x": torch.tensor(1.0)}, ValueError, r"'x' of stimuli has shape \(\)"),
        ({"x": X.astype(complex)}, ValueError, "'x' of stimuli .*Complex"),
        (torch.zeros(0, 3), ValueError, "has shape"),
        ([[1, 2], []], ValueError, "Row 1 of stimuli is empty"),
        ([[1.5, 2], [3]], ValueError, "stimuli .*inhomogeneous"),
        ([], ValueError, "stimuli"),
    ],
)
def test_bad_stimuli(stimuli, error, message):
    with pytest.raises(error, match=message):
        read_parts(stimuli, "stimuli")


def test_token_lists_of_unequal_lengths_are_padded():
    for stimuli in (RAGGED, [np.array(row) for row in RAGGED], {"input_ids": RAGGED}):
        parts = read_parts(stimuli, "stimuli")
        chosen = parts.choose(MASKED)
        assert list(chosen) == ["input_ids", "attention_mask"] or list(chosen) == [
            "attention_mask",
            "input_ids",
        ]
        assert_array_equal(chosen["input_ids"], [[5, 6, 7], [8, 0, 0], [9, 10, 0]])
        assert_array_equal(chosen["attention_mask"], [[1, 1, 1], [1, 0, 0], [1, 1, 0]])
        assert_array_equal(parts.find_mask(), chosen["attention_mask"])


def test_padding_under_the_name_that_the_network_takes():
    chosen = read_parts(RAGGED, "stimuli").choose(PADDED)
    assert_array_equal(chosen[0], [[5, 6, 7], [8, 0, 0], [9, 10, 0]])
    expected = [[False] * 3, [False, True, True], [False, False, True]]
    assert_array_equal(chosen["src_key_padding_mask"], expected)
    message = r"^Sample 2 \(Module\) does not take stimuli, token lists .*forward\(x\)"
    with pytest.raises(ValueError, match=message):
        read_parts(RAGGED, "stimuli").choose(ONE, "Sample 2")


def test_padded_lists_that_come_with_their_mask():
    masks = [[1] * len(row) for row in RAGGED]
    parts = read_parts({"input_ids": RAGGED, "attention_mask": masks}, "stimuli")
    assert parts.tokens is None
    assert_array_equal(parts.find_mask(), [[1, 1, 1], [1, 0, 0], [1, 1, 0]])


def test_networks_that_do_not_take_the_inputs():
    for stimuli, network, message in (
        ((X, X), ONE, r"2 input\(s\) by position. Expected: forward\(x\)\..*stack it"),
        (X, TWO, r"'y'.*Given: 1 input\(s\) by position. .*forward\(x, y\)"),
        ({"z": X}, ONE, r"Given: 'z'. Expected: forward\(x\)"),
    ):
        with pytest.raises(ValueError, match=rf"Sample 1 \(Module\) .*{message}"):
            read_parts(stimuli, "stimuli").choose(network, "Sample 1")


@pytest.mark.parametrize(
    ("batch", "network", "keys"),
    [
        (X, ONE, [0]),
        ((X, IDS), ONE, [0]),
        ([torch.as_tensor(X), torch.zeros(3)], ONE, [0]),
        ((X, IDS, ["a", "b", "c"]), TWO, [0, 1]),
        ((X, None), ONE, [0]),
        ({"x": X, "labels": IDS, "file": ["a"] * 3}, ONE, ["x"]),
        (
            {"input_ids": IDS, "attention_mask": IDS > -1, "labels": IDS},
            make_network(lambda input_ids, attention_mask, labels=None: 0),
            ["input_ids", "attention_mask"],
        ),
        ({"x": X, "y": IDS}, make_network(lambda **kwargs: 0), ["x", "y"]),
        ({"x": X, "z": IDS}, make_network(lambda x, **kwargs: 0), ["x"]),
    ],
)
def test_targets_in_batches_are_left_out(batch, network, keys):
    parts = read_parts(batch, "Batch 0", is_batch=True)
    assert len(parts) == 3
    assert list(parts.choose(network)) == keys


@pytest.mark.parametrize(
    ("batch", "error", "message"),
    [
        ((X, ["a", "b", "c"]), TypeError, "input 1 of Batch 0 is of type list"),
        ((X, IDS[:2]), ValueError, "input 1 of Batch 0 has 2 rows"),
        ((X, IDS * np.nan), ValueError, "input 1 of Batch 0 contains NaN"),
        ({"z": X}, ValueError, r"Batch 0 holds 'z', none of which .*forward\(x, y\)"),
    ],
)
def test_bad_batches(batch, error, message):
    with pytest.raises(error, match=message):
        read_parts(batch, "Batch 0", is_batch=True).choose(TWO)


def test_batches_without_arrays():
    for batch in ([["a", "b"]], ("a", None), {"x": "a"}, "text", None):
        with pytest.raises((TypeError, ValueError), match="Batch 0"):
            read_parts(batch, "Batch 0", is_batch=True)


def test_positions_of_padding_on_the_left():
    mask = np.array([[0, 1, 1, 1], [1, 1, 1, 1], [0, 0, 1, 1]])
    stimuli = {"input_ids": IDS, "attention_mask": mask}
    expected = [[0, 0, 1, 2], [0, 1, 2, 3], [0, 0, 0, 1]]
    chosen = read_parts(stimuli, "stimuli").choose(POSITIONS)
    assert_array_equal(chosen["position_ids"], expected)
    assert list(read_parts(stimuli, "stimuli").choose(MASKED)) == list(stimuli)
    right = stimuli | {"attention_mask": mask[:, ::-1].copy()}
    assert list(read_parts(right, "stimuli").choose(POSITIONS)) == list(right)
    given = stimuli | {"position_ids": IDS}
    assert read_parts(given, "stimuli").choose(POSITIONS)["position_ids"] is IDS
    # RoBERTa reserves a position for padding and counts by itself.
    reserved = make_network(
        POSITIONS.forward, position_embeddings=nn.Embedding(4, 2, padding_idx=1)
    )
    assert list(read_parts(stimuli, "stimuli").choose(reserved)) == list(stimuli)


def test_descriptions():
    assert read_parts(X, "stimuli").describe(2) == "of shape (2, 2) and type float64"
    assert read_parts({"x": X, "y": IDS}, "stimuli").describe(1) == (
        "'x' of shape (1, 2) and type float64, 'y' of shape (1, 4) and type int64"
    )


def test_rows():
    parts = read_parts((X, IDS), "stimuli").take([2, 2])
    assert_array_equal(parts.values[1], IDS[[2, 2]])
    assert_array_equal(read_parts(RAGGED, "s").take([1]).tokens, [[True, False, False]])


def test_what_stimuli_can_only_be():
    assert are_parts((X, IDS))
    assert are_parts([X, IDS])
    assert not are_parts(list(X))
    assert not are_parts((X, "a"))
    assert not are_parts(X)
    assert are_ragged_tokens(RAGGED)
    assert not are_ragged_tokens(IDS.tolist())
    assert not are_ragged_tokens(["ab", "c"])


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("kind", ["GPT2", "Llama", "Bert", "Roberta"])
def test_padded_prompts_give_what_the_prompts_give_alone(kind, side, seeded):
    transformers = pytest.importorskip("transformers")
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = getattr(transformers, f"{kind}Config")(
        vocab_size=32, intermediate_size=24, pad_token_id=1, **sizes
    )
    network = seeded(lambda: getattr(transformers, f"{kind}Model")(config)).eval()
    prompts = [[5, 6, 7, 8], [9], [10, 11, 12]]
    ids, mask = np.ones((2, 3, 4), dtype=int)
    for row, prompt in enumerate(prompts):
        place = slice(len(prompt)) if side == "right" else slice(-len(prompt), None)
        ids[row, place] = prompt
        mask[row] = 0
        mask[row, place] = 1
    parts = read_parts({"input_ids": ids, "attention_mask": mask}, "stimuli")
    if kind == "Bert" and side == "left":
        assert "position_ids" in parts.choose(network)
    shown = {k: torch.as_tensor(v) for k, v in parts.choose(network).items()}
    with torch.no_grad():
        together = network(**shown).last_hidden_state
        for row, prompt in enumerate(prompts):
            alone = network(input_ids=torch.tensor([prompt])).last_hidden_state[0]
            found = together[row][torch.as_tensor(mask[row] == 1)]
            assert_allclose(found, alone, atol=1e-5)
