"""Tiny checkpoints in VideoCrafter's own names, written independently of the converter."""

import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

FIXTURES = Path(__file__).parents[3] / "fixtures" / "videocrafter_tiny"
TEXT_WIDTH, TEXT_LAYERS, TEXT_LENGTH, VOCABULARY = 24, 3, 16, 2000


@pytest.fixture(scope="session")
def checkpoint() -> dict[str, torch.Tensor]:
    """All three models of a tiny VideoCrafter, and what a Lightning checkpoint holds besides."""
    state = dict(load_file(FIXTURES / "checkpoint.safetensors"))
    state |= {f"first_stage_model.{name}": value for name, value in autoencoder_state().items()}
    state |= {f"cond_stage_model.model.{name}": value for name, value in text_state().items()}
    return state | {"betas": torch.zeros(1000), "first_stage_model.loss.logvar": torch.zeros(1)}


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from vip.shapes.teacher.architecture import build_tokenizer

    folder = tmp_path_factory.mktemp("tokenizer")
    build_tokenizer().save_pretrained(folder)
    return folder


def text_state(seed: int = 0) -> dict[str, torch.Tensor]:
    """OpenCLIP's text tower: attention with joined projections, width x 4 between."""
    generator = torch.Generator().manual_seed(seed)
    wide = 4 * TEXT_WIDTH
    shapes: dict[str, tuple[int, ...]] = {
        "token_embedding.weight": (VOCABULARY, TEXT_WIDTH),
        "positional_embedding": (TEXT_LENGTH, TEXT_WIDTH),
        "ln_final.weight": (TEXT_WIDTH,),
        "ln_final.bias": (TEXT_WIDTH,),
        "text_projection": (TEXT_WIDTH, TEXT_WIDTH),
        "logit_scale": (),
    }
    for layer in range(TEXT_LAYERS):
        block = f"transformer.resblocks.{layer}"
        shapes |= {
            f"{block}.attn.in_proj_weight": (3 * TEXT_WIDTH, TEXT_WIDTH),
            f"{block}.attn.in_proj_bias": (3 * TEXT_WIDTH,),
            f"{block}.attn.out_proj.weight": (TEXT_WIDTH, TEXT_WIDTH),
            f"{block}.attn.out_proj.bias": (TEXT_WIDTH,),
            f"{block}.mlp.c_fc.weight": (wide, TEXT_WIDTH),
            f"{block}.mlp.c_fc.bias": (wide,),
            f"{block}.mlp.c_proj.weight": (TEXT_WIDTH, wide),
            f"{block}.mlp.c_proj.bias": (TEXT_WIDTH,),
        }
        shapes |= {f"{block}.ln_{n}.{kind}": (TEXT_WIDTH,) for n in (1, 2) for kind in ("weight", "bias")}
    return {name: 0.3 * torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def autoencoder_state(seed: int = 0) -> dict[str, torch.Tensor]:
    """A random AutoencoderKL of two levels in Stable Diffusion's original names."""
    from diffusers import AutoencoderKL

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            block_out_channels=(32, 64),
            layers_per_block=1,
            latent_channels=4,
        )
    return {_original(name): _as_convolution(name, value) for name, value in model.state_dict().items()}


def _original(name: str) -> str:
    name = re.sub(r"down_blocks\.(\d)\.resnets", r"down.\1.block", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    name = re.sub(r"up_blocks\.(\d)\.resnets", lambda found: f"up.{1 - int(found[1])}.block", name)
    name = re.sub(r"up_blocks\.(\d)\.upsamplers\.0", lambda found: f"up.{1 - int(found[1])}.upsample", name)
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda found: f"mid.block_{int(found[1]) + 1}", name)
    for new, old in {
        "mid_block.attentions.0.": "mid.attn_1.",
        "group_norm": "norm",
        "to_q": "q",
        "to_k": "k",
        "to_v": "v",
        "to_out.0": "proj_out",
        "conv_norm_out": "norm_out",
        "conv_shortcut": "nin_shortcut",
    }.items():
        name = name.replace(new, old)
    return name


def _as_convolution(name: str, value: torch.Tensor) -> torch.Tensor:
    return value[:, :, None, None] if ".to_" in name and name.endswith("weight") else value
