"""Language models: padded prompts, wrappers, neurons and heads, logits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo import ActivationExtractor
from sktopo.recording import split_heads

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
nn = torch.nn

N_STIMULI, N_TOKENS = 5, 6
IDS = torch.from_numpy(np.random.default_rng(0).integers(3, 50, (N_STIMULI, N_TOKENS)))
# Weights as large as after training, so that what padding adds is seen.
SIZES = {
    "vocab_size": 50,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "initializer_range": 0.5,
}


def build(model, config, **sizes):
    """Build a network of transformers with seeded random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        sizes = getattr(transformers, config)(**sizes)
        return getattr(transformers, model)(sizes).eval()


@pytest.fixture(scope="module")
def gpt2():
    sizes = {"n_embd": 16, "n_layer": 2, "n_head": 4, "initializer_range": 0.5}
    tokens = {"vocab_size": 50, "bos_token_id": 1, "eos_token_id": 2}
    return build("GPT2LMHeadModel", "GPT2Config", **sizes, **tokens)


@pytest.fixture(scope="module")
def bert():
    return build("BertModel", "BertConfig", **SIZES)


@pytest.fixture(scope="module")
def llama():
    return build("LlamaForCausalLM", "LlamaConfig", **SIZES, num_key_value_heads=2)


@pytest.fixture
def prompts():
    """Make prompts of 2 to 6 tokens, of shape (1, n_tokens) each."""
    lengths = (4, 2, 6, 3, 5)
    return [row[None, :length] for row, length in zip(IDS, lengths, strict=True)]


def pad(prompts, side):
    """Pad prompts to one length with token 1; the inputs of a language model."""
    ids = torch.ones((len(prompts), N_TOKENS), dtype=torch.int64)
    mask = torch.zeros_like(ids)
    for row, prompt in enumerate(prompts):
        place = (
            slice(prompt.shape[1]) if side == "right" else slice(-prompt.shape[1], None)
        )
        ids[row, place], mask[row, place] = prompt[0], 1
    return {"input_ids": ids, "attention_mask": mask}


@pytest.mark.parametrize("reduce", ["mean", "max", "last"])
@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("gpt2", "right"),
        ("gpt2", "left"),
        ("bert", "right"),
        ("llama", "right"),
        ("llama", "left"),
    ],
)
def test_padding_enters_no_reduction(name, side, reduce, prompts, request):
    network, padded = request.getfixturevalue(name), pad(prompts, side)
    extractor = ActivationExtractor(stimuli=padded, reduce=reduce, layers="*.mlp.act*")
    if name == "bert":
        extractor.set_params(layers="*.intermediate_act_fn")
    activations = extractor.fit_transform([network])[0]
    for prompt, row in zip(prompts, activations, strict=True):
        alone = extractor.set_params(stimuli=prompt).fit_transform([network])
        assert_allclose(row, alone[0, 0], rtol=1e-5, atol=1e-5)
    # Without the mask, the padding enters.
    extractor.set_params(stimuli=padded, mask=None)
    unmasked = extractor.fit_transform([network])[0]
    assert np.abs(unmasked - activations).max() > 1e-3 or reduce == "last"


def test_lists_of_tokens_are_padded(gpt2, prompts):
    tokens = [prompt[0].tolist() for prompt in prompts]
    activations = ActivationExtractor(stimuli=tokens).fit_transform([gpt2])
    padded = ActivationExtractor(stimuli=pad(prompts, "right")).fit_transform([gpt2])
    assert_allclose(activations, padded, rtol=1e-5, atol=1e-5)


def test_positions_of_padding_are_no_observations(gpt2, prompts):
    extractor = ActivationExtractor(reduce="observations")
    extractor.set_params(stimuli=pad(prompts, "right"))
    activations = extractor.fit_transform([gpt2])[0]
    alone = [
        extractor.set_params(stimuli=prompt).fit_transform([gpt2])[0]
        for prompt in prompts
    ]
    assert_allclose(activations, np.concatenate(alone), rtol=1e-5, atol=1e-5)


class Peft(nn.Module):
    """Wraps a network as PEFT does: ``base_model.model``."""

    def __init__(self, network):
        super().__init__()
        self.base_model = nn.Module()
        self.base_model.model = network

    def forward(self, *args, **kwargs):
        return self.base_model.model(*args, **kwargs)


def compile_eagerly(network):
    return torch.compile(network, backend="eager")


@pytest.mark.parametrize(
    "wrap",
    [
        compile_eagerly,
        nn.DataParallel,
        Peft,
        lambda network: compile_eagerly(nn.DataParallel(network)),
    ],
)
def test_wrappers_do_not_change_names(wrap, gpt2):
    extractor = ActivationExtractor(stimuli=IDS)
    for layers in (None, "transformer.h.1.mlp.act", "transformer.h.*.mlp.c_proj:input"):
        extractor.set_params(layers=layers)
        expected = extractor.fit_transform([gpt2])
        names = extractor.get_feature_names_out()
        assert_array_equal(extractor.fit_transform([wrap(gpt2)]), expected)
        assert_array_equal(extractor.get_feature_names_out(), names)


def test_two_architectures(gpt2, bert):
    """Each entry of `layers` matches in one of the networks."""
    layers = ["*.mlp.act", "*.intermediate_act_fn"]
    extractor = ActivationExtractor(stimuli=IDS, layers=layers)
    of_gpt2, of_bert = extractor.fit_transform([gpt2, bert])
    assert of_gpt2.shape == (N_STIMULI, 2 * 64)
    assert of_bert.shape == (N_STIMULI, 2 * 24)
    extractor.set_params(layers="*.mlp.act")
    with pytest.raises(ValueError, match="Sample 1 of X"):
        extractor.fit_transform([gpt2, bert])


def find_inputs(network, modules):
    """Run a network on `IDS`; what goes into modules, each once."""
    found = {}
    hooks = [
        module.register_forward_pre_hook(
            lambda module, args: found.update({module: args[0].clone()})
        )
        for module in modules
    ]
    with torch.no_grad():
        network(IDS)
    for hook in hooks:
        hook.remove()
    return [found[module] for module in modules]


def test_neurons_of_llama(llama):
    """They go into the projection that follows the gate."""
    modules = [layer.mlp.down_proj for layer in llama.model.layers]
    expected = torch.cat([x.mean(1) for x in find_inputs(llama, modules)], 1)
    extractor = ActivationExtractor(stimuli=IDS, layers="*.down_proj:input")
    assert_array_equal(extractor.fit_transform([llama])[0], expected.numpy())
    assert extractor.n_nodes_ == 2 * 24


def test_heads_of_llama(llama):
    """The output of head i is features 4 i to 4 i + 3 of what o_proj takes."""
    modules = [layer.self_attn.o_proj for layer in llama.model.layers]
    outputs = find_inputs(llama, modules)
    expected = [
        output[:, :, 4 * head : 4 * head + 4].square().sum(2).sqrt().mean(1)
        for output in outputs
        for head in range(4)
    ]
    extractor = ActivationExtractor(
        stimuli=IDS, layers="*.o_proj:input", reduce=split_heads(4, statistic="norm")
    )
    heads = extractor.fit_transform([llama])[0]
    assert_allclose(heads, torch.stack(expected, 1).numpy(), rtol=1e-5)


def test_logits_are_not_computed(gpt2):
    """The pass over all stimuli stops after the last layer that is recorded."""
    lengths = []
    hook = gpt2.lm_head.register_forward_hook(
        lambda module, args, output: lengths.append(len(output))
    )
    try:
        extractor = ActivationExtractor(stimuli=IDS.repeat(8, 1), layers="*.mlp.act")
        extractor.fit_transform([gpt2])
    finally:
        hook.remove()
    # The first pass, on copies of one stimulus, is whole.
    assert sum(lengths) < 40
