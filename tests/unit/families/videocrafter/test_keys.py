"""Names and configurations of the three models in a checkpoint, whatever their sizes."""

from collections.abc import Iterator

import pytest
import torch
from torch import nn

from vip.errors import UserError
from vip.families.videocrafter.autoencoder_keys import convert_autoencoder
from vip.families.videocrafter.checkpoint import AUTOENCODER, TEXT_ENCODER, UNET, part_of
from vip.families.videocrafter.convert import build
from vip.families.videocrafter.text_encoder_keys import PREFIX, convert_text_encoder
from vip.families.videocrafter.unet import VideoCrafterUNet
from vip.families.videocrafter.unet_keys import convert_unet

State = dict[str, torch.Tensor]


class OpenClipLayer(nn.Module):
    """A layer of OpenCLIP's text tower, in torch's own words."""

    def __init__(self, state: State, prefix: str) -> None:
        super().__init__()
        self.state = {name.removeprefix(prefix): v for name, v in state.items() if name.startswith(prefix)}
        width = self.state["ln_1.weight"].shape[0]
        self.attention = nn.MultiheadAttention(width, max(width // 64, 1), batch_first=True)
        self.attention.load_state_dict(
            {n.removeprefix("attn."): v for n, v in self.state.items() if n.startswith("attn.")}
        )

    def norm(self, number: int, features: torch.Tensor) -> torch.Tensor:
        weight, bias = self.state[f"ln_{number}.weight"], self.state[f"ln_{number}.bias"]
        return nn.functional.layer_norm(features, weight.shape, weight, bias)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        length = features.shape[1]
        causal = torch.full((length, length), float("-inf")).triu(1)
        normed = self.norm(1, features)
        features = features + self.attention(normed, normed, normed, attn_mask=causal, need_weights=False)[0]
        hidden = nn.functional.linear(
            self.norm(2, features), self.state["mlp.c_fc.weight"], self.state["mlp.c_fc.bias"]
        )
        return features + nn.functional.linear(
            nn.functional.gelu(hidden), self.state["mlp.c_proj.weight"], self.state["mlp.c_proj.bias"]
        )


def penultimate(state: State, tokens: torch.Tensor) -> torch.Tensor:
    """What OpenCLIP's tower knows before its last layer, normalised."""
    features = state["token_embedding.weight"][tokens] + state["positional_embedding"][: tokens.shape[1]]
    for number in range(2):
        features = OpenClipLayer(state, f"transformer.resblocks.{number}.")(features)
    weight, bias = state["ln_final.weight"], state["ln_final.bias"]
    return nn.functional.layer_norm(features, weight.shape, weight, bias)


def test_the_text_encoder_reads_openclip_s_last_layer_but_one(checkpoint: State) -> None:
    from transformers import CLIPTextConfig, CLIPTextModel

    state = part_of(checkpoint, PREFIX)
    converted = convert_text_encoder(state)
    model = build(converted, lambda: CLIPTextModel(CLIPTextConfig(**converted.config)), PREFIX).eval()
    tokens = torch.randint(0, 2000, (2, 16), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = model(tokens)[0]
        torch.testing.assert_close(found, penultimate(state, tokens), rtol=0, atol=1e-5)
    assert model.config.num_hidden_layers == 2


def test_openclip_s_real_tower_has_sixteen_heads_and_23_layers_left() -> None:
    with torch.device("meta"):
        state = {
            "token_embedding.weight": torch.empty(49408, 1024),
            "positional_embedding": torch.empty(77, 1024),
            "ln_final.weight": torch.empty(1024),
        }
        for layer in range(24):
            state[f"transformer.resblocks.{layer}.mlp.c_fc.weight"] = torch.empty(4096, 1024)
    config = convert_text_encoder(state).config
    heads, layers, length = (
        config[key] for key in ("num_attention_heads", "num_hidden_layers", "max_position_embeddings")
    )
    assert (heads, layers, length, config["intermediate_size"]) == (16, 23, 77, 4096)


def test_the_autoencoder_is_what_diffusers_makes_of_it(checkpoint: State) -> None:
    from diffusers import AutoencoderKL
    from diffusers.loaders.single_file_utils import convert_ldm_vae_checkpoint

    state = part_of(checkpoint, AUTOENCODER)
    converted = convert_autoencoder(state)
    expected = convert_ldm_vae_checkpoint(dict(state), converted.config)
    assert set(converted.state) == set(expected)
    assert all(torch.equal(converted.state[name], expected[name]) for name in expected)
    assert converted.config["block_out_channels"] == (32, 64)
    assert converted.config["scaling_factor"] == 0.18215
    build(converted, lambda: AutoencoderKL(**converted.config), AUTOENCODER)


def original_names(unet: VideoCrafterUNet) -> Iterator[tuple[str, str]]:
    """Every module of a U-Net with the original's number for it, walking both networks side by side."""
    yield from {
        "conv_in": "input_blocks.0.0",
        "time_embedding.linear_1": "time_embed.0",
        "time_embedding.linear_2": "time_embed.2",
        "time_embedding.fps_embedding.linear_1": "fps_embedding.0",
        "time_embedding.fps_embedding.linear_2": "fps_embedding.2",
        "transformer_in": "init_attn.0",
        "conv_norm_out": "out.0",
        "conv_out": "out.2",
        "mid_block.attentions.0": "middle_block.1",
        "mid_block.temp_attentions.0": "middle_block.2",
    }.items()
    yield from layer_names("mid_block", 0, "middle_block.0")
    yield from layer_names("mid_block", 1, "middle_block.3")
    number = 0
    for level, block in enumerate(unet.down_blocks):
        for index in range(len(block.resnets)):
            number += 1
            yield from layer_names(f"down_blocks.{level}", index, f"input_blocks.{number}.0")
            yield f"down_blocks.{level}.attentions.{index}", f"input_blocks.{number}.1"
            yield f"down_blocks.{level}.temp_attentions.{index}", f"input_blocks.{number}.2"
        number += 1
        yield f"down_blocks.{level}.downsamplers.0.conv", f"input_blocks.{number}.0.op"
    number = -1
    for level, block in enumerate(unet.up_blocks):
        for index in range(len(block.resnets)):
            number += 1
            yield from layer_names(f"up_blocks.{level}", index, f"output_blocks.{number}.0")
            yield f"up_blocks.{level}.attentions.{index}", f"output_blocks.{number}.1"
            yield f"up_blocks.{level}.temp_attentions.{index}", f"output_blocks.{number}.2"
        place = 3 if hasattr(block, "attentions") else 1
        yield f"up_blocks.{level}.upsamplers.0.conv", f"output_blocks.{number}.{place}.conv"


def layer_names(block: str, index: int, original: str) -> Iterator[tuple[str, str]]:
    layers = {"norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1"}
    layers |= {"norm2": "out_layers.0", "conv2": "out_layers.3", "conv_shortcut": "skip_connection"}
    for new, old in layers.items():
        yield f"{block}.resnets.{index}.{new}", f"{original}.{old}"
    yield f"{block}.temp_convs.{index}", f"{original}.temopral_conv"


def original_state(unet: VideoCrafterUNet) -> State:
    state = {}
    for new, old in original_names(unet):
        for name, value in unet.state_dict().items():
            if name.startswith(f"{new}."):
                state[f"{old}.{name.removeprefix(f'{new}.')}"] = value
    assert len(state) == len(unet.state_dict())
    return state


@pytest.mark.parametrize(
    ("channels", "layers", "attends", "head"),
    [
        ((320, 640, 1280, 1280), 2, (True, True, True, False), 64),
        ((64, 96, 128), 1, (False, True, True), 32),
        ((32,), 3, (True,), 16),
    ],
)
def test_any_layout_is_read_off_its_keys(
    channels: tuple[int, ...], layers: int, attends: tuple[bool, ...], head: int
) -> None:
    with torch.device("meta"):
        unet = VideoCrafterUNet(
            sample_size=(4, 8),
            down_block_types=tuple("CrossAttnDownBlock3D" if a else "DownBlock3D" for a in attends),
            up_block_types=tuple("CrossAttnUpBlock3D" if a else "UpBlock3D" for a in reversed(attends)),
            block_out_channels=channels,
            layers_per_block=layers,
            cross_attention_dim=40,
            attention_head_dim=head,
        )
    converted = convert_unet(original_state(unet), (4, 8))
    expected = {key: unet.config[key] for key in converted.config}
    assert converted.config == expected
    found = {name: value.shape for name, value in converted.state.items()}
    assert found == {name: value.shape for name, value in unet.state_dict().items()}


def test_the_published_checkpoint_s_own_names_are_expected() -> None:
    """Keys that VideoCrafter2's real file is known to hold, at their real shapes."""
    with torch.device("meta"):
        state = original_state(VideoCrafterUNet(sample_size=(40, 64)))
    assert state["input_blocks.9.0.op.weight"].shape == (1280, 1280, 3, 3)
    assert state["output_blocks.2.1.conv.weight"].shape == (1280, 1280, 3, 3)
    assert state["output_blocks.8.3.conv.weight"].shape == (640, 640, 3, 3)
    assert state["output_blocks.5.0.skip_connection.weight"].shape == (1280, 1920, 1, 1)


@pytest.mark.parametrize(
    ("convert", "prefix", "dropped", "complaint"),
    [
        (
            lambda s: convert_unet(s, (8, 8)),
            UNET,
            "fps_embedding.",
            "2 keys are missing .*fps_embedding.0.weight",
        ),
        (
            lambda s: convert_unet(s, (8, 8)),
            UNET,
            "init_attn.",
            r"diffusion_model\.init_attn\.0\.proj_in\.weight",
        ),
        (lambda s: convert_unet(s, (8, 8)), UNET, "input_blocks.5.", r"levels have \[2, 1\] residual layers"),
        (convert_text_encoder, PREFIX, "positional_embedding", "cond_stage_model.model.positional_embedding"),
        (convert_text_encoder, PREFIX, "transformer.resblocks.", r"resblocks\.0\.mlp"),
        (convert_autoencoder, AUTOENCODER, "encoder.conv_in", "first_stage_model.encoder.conv_in.weight"),
    ],
)
def test_missing_keys_are_named(
    checkpoint: State, convert: object, prefix: str, dropped: str, complaint: str
) -> None:
    state = {n: v for n, v in part_of(checkpoint, prefix).items() if not n.startswith(dropped)}
    with pytest.raises(UserError, match=f"not a VideoCrafter checkpoint: .*{complaint}") as raised:
        convert(state)
    assert "\n" not in str(raised.value)


def test_keys_without_a_place_are_named(checkpoint: State) -> None:
    state = part_of(checkpoint, UNET) | {"ip_adapter.weight": torch.zeros(1)}
    with pytest.raises(
        UserError, match=r"1 tensors have no place .*model\.diffusion_model\.ip_adapter\.weight"
    ):
        convert_unet(state, (8, 8))


def test_tensors_of_another_shape_are_named(checkpoint: State) -> None:
    state = part_of(checkpoint, UNET) | {"out.0.weight": torch.zeros(1)}
    converted = convert_unet(state, (8, 8))
    with pytest.raises(UserError, match=r"1 are missing or do not fit \(conv_norm_out\.weight\)"):
        build(converted, lambda: VideoCrafterUNet(**converted.config), UNET)


def test_a_file_of_something_else_lacks_everything() -> None:
    with pytest.raises(UserError, match=rf"1 keys are missing \({TEXT_ENCODER}\*\)"):
        part_of({"unet.weight": torch.zeros(1)}, TEXT_ENCODER)
