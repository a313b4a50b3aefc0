"""Architectures of transformers and others: what is recorded by default, and masks.

Networks are tiny and have random weights. What they should give is written by hand: the
names of the activation functions in the order of execution, the number of nodes of each
and the axis of its channels. The numbers come from forward hooks placed here, and from
functions of torch replaced here.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from unittest import mock

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sktopo import ActivationExtractor

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
nn, F = torch.nn, torch.nn.functional
VERSION = int(transformers.__version__.split(".")[0])

N_STIMULI, N_TOKENS, VOCABULARY = 5, 6, 50
IDS = torch.from_numpy(
    np.random.default_rng(0).integers(3, VOCABULARY, (N_STIMULI, N_TOKENS))
)
IMAGES = torch.from_numpy(
    np.random.default_rng(1).normal(size=(N_STIMULI, 3, 16, 16)).astype(np.float32)
)
SOUND = torch.from_numpy(
    np.random.default_rng(2).normal(size=(N_STIMULI, 400)).astype(np.float32)
)
SPECTRA = SOUND[:, :160].reshape(N_STIMULI, 8, 20)

TEXT = {
    "vocab_size": VOCABULARY,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 24,
}
SPECIAL_TOKENS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
GROUPED = {**TEXT, "num_key_value_heads": 2}
VISION = {**TEXT, "image_size": 16, "patch_size": 8}
del VISION["vocab_size"]


@dataclass
class Architecture:
    """A network of transformers and what the default records in it.

    model, config : names of the classes.
    options : of the configuration.
    stimuli : a tensor, or a dict of keyword inputs.
    recorded : (label, number of nodes, axis of the channels) in order of execution.
    since : version of transformers from which on the layers have these names.
    """

    model: str
    config: str
    options: dict
    stimuli: object
    recorded: list
    since: int = 4


def every(pattern, n_layers, n_nodes, axis=-1):
    """List what is recorded in layers of one kind."""
    return [(pattern.format(i), n_nodes, axis) for i in range(n_layers)]


ARCHITECTURES = {
    "GPT-2": Architecture(
        "GPT2LMHeadModel",
        "GPT2Config",
        {"vocab_size": VOCABULARY, "n_embd": 16, "n_layer": 2, "n_head": 4}
        | SPECIAL_TOKENS,
        IDS,
        every("transformer.h.{}.mlp.act", 2, 64),
    ),
    "BERT": Architecture(
        "BertModel",
        "BertConfig",
        TEXT,
        IDS,
        every("encoder.layer.{}.intermediate.intermediate_act_fn", 2, 24)
        + [("pooler.activation", 16, -1)],
    ),
    "ALBERT": Architecture(  # one layer that runs twice
        "AlbertModel",
        "AlbertConfig",
        {**TEXT, "embedding_size": 8} | SPECIAL_TOKENS,
        IDS,
        [
            ("encoder.albert_layer_groups.0.albert_layers.0.activation", 24, -1),
            ("encoder.albert_layer_groups.0.albert_layers.0.activation#2", 24, -1),
            ("pooler_activation", 16, -1),
        ],
    ),
    "Llama": Architecture(
        "LlamaForCausalLM",
        "LlamaConfig",
        GROUPED,
        IDS,
        every("model.layers.{}.mlp.act_fn", 2, 24),
    ),
    "Qwen 2": Architecture(
        "Qwen2ForCausalLM",
        "Qwen2Config",
        GROUPED,
        IDS,
        every("model.layers.{}.mlp.act_fn", 2, 24),
    ),
    "Qwen 3": Architecture(
        "Qwen3ForCausalLM",
        "Qwen3Config",
        {**GROUPED, "head_dim": 4},
        IDS,
        every("model.layers.{}.mlp.act_fn", 2, 24),
    ),
    "Gemma": Architecture(
        "GemmaForCausalLM",
        "GemmaConfig",
        {**GROUPED, "head_dim": 4},
        IDS,
        every("model.layers.{}.mlp.act_fn", 2, 24),
    ),
    "GPT-NeoX": Architecture(
        "GPTNeoXForCausalLM",
        "GPTNeoXConfig",
        TEXT,
        IDS,
        every("gpt_neox.layers.{}.mlp.act", 2, 24),
    ),
    "ViT": Architecture(
        "ViTModel",
        "ViTConfig",
        VISION,
        IMAGES,
        every("layers.{}.mlp.activation_fn", 2, 24) + [("pooler.activation", 16, -1)],
        since=5,
    ),
    "ResNet": Architecture(
        "ResNetModel",
        "ResNetConfig",
        {"embedding_size": 8, "hidden_sizes": [8, 12], "depths": [1, 1]}
        | {"layer_type": "basic"},
        IMAGES,
        [
            ("embedder.embedder.activation", 8, 1),
            ("encoder.stages.0.layers.0.layer.0.activation", 8, 1),
            ("encoder.stages.0.layers.0.activation", 8, 1),
            ("encoder.stages.1.layers.0.layer.0.activation", 12, 1),
            ("encoder.stages.1.layers.0.activation", 12, 1),
        ],
    ),
    "ConvNeXt": Architecture(  # channels last
        "ConvNextModel",
        "ConvNextConfig",
        {"hidden_sizes": [8, 12], "depths": [1, 1], "num_stages": 2},
        IMAGES,
        [
            ("encoder.stages.0.layers.0.act", 32, -1),
            ("encoder.stages.1.layers.0.act", 48, -1),
        ],
    ),
    "Whisper": Architecture(  # the first two are function calls
        "WhisperModel",
        "WhisperConfig",
        {
            **{"vocab_size": VOCABULARY, "d_model": 16, "num_mel_bins": 8},
            **{"encoder_layers": 1, "encoder_attention_heads": 4},
            **{"decoder_layers": 1, "decoder_attention_heads": 4},
            **{"encoder_ffn_dim": 24, "decoder_ffn_dim": 20},
            **{"max_source_positions": 10, "max_target_positions": 16},
            **{"decoder_start_token_id": 1, **SPECIAL_TOKENS},
        },
        {"input_features": SPECTRA, "decoder_input_ids": IDS},
        [
            ("encoder:gelu", 16, 1),
            ("encoder:gelu#2", 16, 1),
            ("encoder.layers.0.activation_fn", 24, -1),
            ("decoder.layers.0.activation_fn", 20, -1),
        ],
    ),
    "T5": Architecture(
        "T5Model",
        "T5Config",
        {
            **{"vocab_size": VOCABULARY, "d_model": 16, "d_kv": 4, "d_ff": 24},
            **{"num_layers": 2, "num_heads": 4},
        },
        {"input_ids": IDS, "decoder_input_ids": IDS[:, :4]},
        every("encoder.block.{}.layer.1.DenseReluDense.act", 2, 24)
        + every("decoder.block.{}.layer.2.DenseReluDense.act", 2, 24),
    ),
    "CLIP": Architecture(
        "CLIPModel",
        "CLIPConfig",
        {
            "text_config": {**TEXT, "intermediate_size": 64}
            | {"max_position_embeddings": 16, **SPECIAL_TOKENS},
            "vision_config": {**VISION, "num_hidden_layers": 1}
            | {"hidden_size": 12, "intermediate_size": 48},
            "projection_dim": 8,
        },
        {"input_ids": IDS, "pixel_values": IMAGES},
        every("vision_model.encoder.layers.{}.mlp.activation_fn", 1, 48)
        + every("text_model.encoder.layers.{}.mlp.activation_fn", 2, 64),
    ),
    "wav2vec2": Architecture(
        "Wav2Vec2Model",
        "Wav2Vec2Config",
        {
            **TEXT,
            **{"conv_dim": (8, 8), "conv_stride": (5, 2), "conv_kernel": (10, 3)},
            **{"num_feat_extract_layers": 2, "num_conv_pos_embeddings": 4},
            **{"num_conv_pos_embedding_groups": 2},
        },
        SOUND,
        every("feature_extractor.conv_layers.{}.activation", 2, 8, 1)
        + [("encoder.pos_conv_embed.activation", 16, 1)]
        + every("encoder.layers.{}.feed_forward.intermediate_act_fn", 2, 24),
    ),
    "Mamba": Architecture(  # function calls only, after a convolution as a function
        "MambaForCausalLM",
        "MambaConfig",
        {"vocab_size": VOCABULARY, "hidden_size": 16, "state_size": 4}
        | {"num_hidden_layers": 2},
        IDS,
        [
            (f"backbone.layers.{i}.mixer:{function}", 32, 1)
            for i in range(2)
            for function in ("silu", "softplus", "silu#2")
        ],
        since=5,
    ),
}


def build(model, config, **options):
    """Build a network of transformers with seeded random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        options = getattr(transformers, config)(**options)
        return getattr(transformers, model)(options).eval()


@pytest.fixture(scope="module", params=ARCHITECTURES)
def architecture(request):
    found = ARCHITECTURES[request.param]
    if VERSION < found.since:
        pytest.skip(f"{request.param} is otherwise before transformers {found.since}")
    return found


@pytest.fixture(scope="module")
def network(architecture):
    return build(architecture.model, architecture.config, **architecture.options)


def run(network, stimuli):
    """Run a network on all stimuli at once."""
    with torch.no_grad():
        return network(**stimuli) if isinstance(stimuli, dict) else network(stimuli)


class Outputs(dict):
    """The outputs of modules and functions, each with its label."""

    def keep(self, name, output):
        """Add an output; `name#2` is the second of a name."""
        calls = sum(label.split("#")[0] == name for label in self)
        self[f"{name}#{calls + 1}" if calls else name] = output.clone()

    def hook(self, name):
        return lambda module, args, output: self.keep(name, output)

    def wrap(self, name, function):
        def run_and_keep(*args, **kwargs):
            output = function(*args, **kwargs)
            self.keep(name, output)
            return output

        return run_and_keep


def record_by_hand(network, stimuli, labels):
    """Run a network; the outputs of modules and of torch.nn.functional, by label."""
    outputs = Outputs()
    with ExitStack() as hooks:
        for name in dict.fromkeys(label.split("#")[0] for label in labels):
            module, _, function = name.partition(":")
            part = network.get_submodule(module)
            if not function:
                hook = part.register_forward_hook(outputs.hook(name))
                hooks.callback(hook.remove)
                continue
            # The function is replaced while the module that calls it runs.
            forward, original = part.forward, getattr(F, function)
            replaced = mock.patch.object(F, function, outputs.wrap(name, original))
            hooks.enter_context(mock.patch.object(part, "forward", replaced(forward)))
        run(network, stimuli)
    return outputs


def mean_over_positions(output, axis):
    """Average an output of shape (n_stimuli, ...) over all but one other axis."""
    channels = output.movedim(axis, -1)
    return channels.flatten(1, -2).mean(1) if output.ndim > 2 else output


def name_nodes(recorded):
    return [f"{label}[{i}]" for label, n_nodes, _ in recorded for i in range(n_nodes)]


def test_default_records_every_activation_function(architecture, network):
    recorded = architecture.recorded
    extractor = ActivationExtractor(stimuli=architecture.stimuli)
    activations = extractor.fit_transform([network])
    assert extractor.get_feature_names_out().tolist() == name_nodes(recorded)
    outputs = record_by_hand(
        network, architecture.stimuli, [label for label, _, _ in recorded]
    )
    expected = [
        mean_over_positions(outputs[label], axis) for label, _, axis in recorded
    ]
    assert_array_equal(activations[0], torch.cat(expected, 1).numpy())


@pytest.mark.skipif(VERSION < 5, reason="experts are separate modules before 5")
def test_mixture_of_experts_says_what_to_record_instead():
    network = build("MixtralForCausalLM", "MixtralConfig", **GROUPED)
    with pytest.raises(ValueError, match="Sample 0 of X.*experts.*layers"):
        ActivationExtractor(stimuli=IDS).fit([network])
    extractor = ActivationExtractor(stimuli=IDS, layers="*.mlp")
    activations = extractor.fit_transform([network])
    names = [f"model.layers.{i}.mlp" for i in range(2)]
    outputs = record_by_hand(network, IDS, names)
    expected = [mean_over_positions(outputs[name], -1) for name in names]
    assert_array_equal(activations[0], torch.cat(expected, 1).numpy())


def test_experts_beside_ordinary_layers_are_left_out_with_a_warning():
    experts = {"num_experts": 4, "num_experts_per_tok": 2, "mlp_only_layers": [0]}
    network = build("Qwen3MoeForCausalLM", "Qwen3MoeConfig", **GROUPED, **experts)
    extractor = ActivationExtractor(stimuli=IDS)
    with pytest.warns(UserWarning, match=r"model\.layers\.1\.mlp\.experts"):
        extractor.fit([network])
    assert extractor.node_names_.tolist() == name_nodes(
        [("model.layers.0.mlp.act_fn", 24, -1)]
    )


def test_position_biases_are_left_out_with_a_warning():
    # The sigmoid of the bias has an axis 0 of two heads, as long as two stimuli.
    network = build(
        "Swinv2Model",
        "Swinv2Config",
        image_size=16,
        patch_size=2,
        embed_dim=8,
        depths=[1, 1],
        num_heads=[2, 2],
        window_size=4,
    )
    extractor = ActivationExtractor(stimuli=IMAGES)
    with pytest.warns(UserWarning, match="continuous_position_bias_mlp"):
        activations = extractor.fit_transform([network])
    names = [
        f"encoder.layers.{i}.blocks.0.intermediate.intermediate_act_fn"
        for i in range(2)
    ]
    outputs = record_by_hand(network, IMAGES, names)
    expected = [mean_over_positions(outputs[name], -1) for name in names]
    assert_array_equal(activations[0], torch.cat(expected, 1).numpy())


def test_a_mask_of_text_does_not_fit_images():
    """The text is padded; the patches of the images are not."""
    chosen = ARCHITECTURES["CLIP"]
    network = build(chosen.model, chosen.config, **chosen.options)
    mask = torch.ones_like(IDS)
    mask[:, 3:] = 0
    stimuli = {**chosen.stimuli, "attention_mask": mask}
    extractor = ActivationExtractor(stimuli=stimuli)
    with pytest.raises(ValueError, match=r"vision_model.*5 positions.*mask has 6"):
        extractor.fit([network])
    labels = [label for label, _, _ in chosen.recorded[1:]]
    extractor.set_params(layers="text_model.**.activation_fn")
    outputs = record_by_hand(network, stimuli, labels)
    expected = torch.cat([outputs[label][:, :3].mean(1) for label in labels], 1)
    recorded = extractor.fit_transform([network])[0]
    assert_allclose(recorded, expected.numpy(), rtol=1e-5, atol=1e-6)


def test_timm(seeded):
    timm = pytest.importorskip("timm")
    network = seeded(lambda: timm.create_model("vit_tiny_patch16_224", img_size=32))
    images = torch.randn(4, 3, 32, 32)
    extractor = ActivationExtractor(stimuli=images)
    activations = extractor.fit_transform([network])[0]
    names = [f"blocks.{i}.mlp.act" for i in range(12)]
    assert extractor.node_names_.tolist() == name_nodes(
        [(name, 768, -1) for name in names]
    )
    outputs = record_by_hand(network.eval(), images, names)
    expected = [mean_over_positions(outputs[name], -1) for name in names]
    assert_array_equal(activations, torch.cat(expected, 1).numpy())


def test_torchvision(seeded):
    models = pytest.importorskip("torchvision.models")
    network = seeded(models.resnet18)
    images = torch.randn(4, 3, 32, 32)
    extractor = ActivationExtractor(stimuli=images)
    activations = extractor.fit_transform([network])[0]
    # In each block the same module runs after both convolutions.
    recorded = [("relu", 64, 1)]
    for layer, n_nodes in enumerate((64, 128, 256, 512), start=1):
        for block in range(2):
            name = f"layer{layer}.{block}.relu"
            recorded += [(name, n_nodes, 1), (f"{name}#2", n_nodes, 1)]
    assert extractor.node_names_.tolist() == name_nodes(recorded)
    outputs = record_by_hand(
        network.eval(), images, [label for label, _, _ in recorded]
    )
    expected = [mean_over_positions(outputs[label], 1) for label, _, _ in recorded]
    assert_array_equal(activations, torch.cat(expected, 1).numpy())
