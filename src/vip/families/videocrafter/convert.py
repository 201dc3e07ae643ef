"""From VideoCrafter's published checkpoint to a diffusers folder that our pipeline loads."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vip.errors import UserError
from vip.families.components import without_progress_bars
from vip.families.sources import new_folder, read_checkpoint
from vip.families.storage import save_components
from vip.families.videocrafter.autoencoder_keys import convert_autoencoder
from vip.families.videocrafter.checkpoint import (
    AUTOENCODER,
    UNET,
    Converted,
    check_complete,
    part_of,
)
from vip.families.videocrafter.text_encoder_keys import PREFIX as TEXT_TOWER
from vip.families.videocrafter.text_encoder_keys import convert_text_encoder
from vip.families.videocrafter.unet_keys import convert_unet

TOKENIZER = "openai/clip-vit-large-patch14"
"""Where CLIP's vocabulary is found, which the checkpoint lacks; every CLIP, OpenCLIP's too, has the same."""
LICENCE = "apache-2.0"
"""What the card of the published checkpoint says."""
PADDING = "!"
"""The token (0) that OpenCLIP fills texts up with, where CLIP's own tokenizer repeats the end mark."""


@dataclass(frozen=True)
class ClipShape:
    """What no tensor tells: frames, pixels, and the frame rate that the denoiser is told."""

    height: int = 320
    width: int = 512
    num_frames: int = 16
    fps: int = 28


def convert(
    checkpoint: Path, target: Path, shape: ClipShape, tokenizer: str = TOKENIZER, licence: str = LICENCE
) -> None:
    """Write the checkpoint's U-Net, text encoder and VAE, and what belongs to them, as a diffusers folder.

    `tokenizer` is a folder with CLIP's vocab.json and merges.txt, or a hub id; `licence` goes into the
    folder's card. The folder appears whole or not at all. UserError where the checkpoint is not
    VideoCrafter's, or the target is there and not empty.
    """
    with new_folder(target) as folder, without_progress_bars():
        components = _components(checkpoint, shape, tokenizer)
        save_components(
            folder, "VideoCrafterPipeline", components, fps=shape.fps, num_frames=shape.num_frames
        )
        (folder / "README.md").write_text(f"---\nlicense: {licence}\n---\n", encoding="utf-8")


def _components(checkpoint: Path, shape: ClipShape, tokenizer: str) -> dict[str, Any]:
    from diffusers import AutoencoderKL
    from transformers import CLIPTextConfig, CLIPTextModel

    from vip.families.videocrafter.scheduler import ScaledDDIMScheduler
    from vip.families.videocrafter.unet import VideoCrafterUNet

    state = read_checkpoint(checkpoint)
    parts = {prefix: part_of(state, prefix) for prefix in (UNET, AUTOENCODER, TEXT_TOWER)}
    scheduler = ScaledDDIMScheduler()
    _check_schedule(state, scheduler)
    autoencoder = convert_autoencoder(parts[AUTOENCODER])
    factor = 2 ** (len(autoencoder.config["block_out_channels"]) - 1)
    unet = convert_unet(parts[UNET], _latent_size(shape, factor))
    text_encoder = convert_text_encoder(parts[TEXT_TOWER])
    text_config = CLIPTextConfig(**text_encoder.config)
    return {
        "vae": build(autoencoder, lambda: AutoencoderKL(**autoencoder.config), AUTOENCODER),
        "unet": build(unet, lambda: VideoCrafterUNet(**unet.config), UNET),
        "text_encoder": build(text_encoder, lambda: CLIPTextModel(text_config), TEXT_TOWER),
        "tokenizer": _open_tokenizer(tokenizer, text_config),
        "scheduler": scheduler,
    }


def build(converted: Converted, make: Callable[[], Any], prefix: str) -> Any:
    """What `make` makes, given the converted weights from the start; UserError where they do not fit."""
    import torch

    with torch.device("meta"):
        model = make()
    check_complete(converted, model, prefix)
    model.load_state_dict(converted.state, strict=True, assign=True)
    for name, buffer in list(model.named_buffers()):
        if buffer.is_meta:  # not part of a checkpoint: CLIP's position numbers
            owner, _, own_name = name.rpartition(".")
            position_ids = torch.arange(buffer.shape[-1]).expand(buffer.shape)
            setattr(model.get_submodule(owner), own_name, position_ids)
    return model


def _latent_size(shape: ClipShape, factor: int) -> tuple[int, int]:
    if shape.height % factor or shape.width % factor:
        raise UserError(
            f"height and width are {shape.height} and {shape.width}; this autoencoder makes latents of every "
            f"{factor} pixels, so both have to divide by {factor}"
        )
    return shape.height // factor, shape.width // factor


def _check_schedule(state: dict[str, Any], scheduler: Any) -> None:
    """Where the checkpoint holds its noise schedule, it has to be the one that we sample and train with."""
    for name, ours in {"alphas_cumprod": scheduler.alphas_cumprod, "scale_arr": scheduler.scales}.items():
        theirs = state.get(name)
        if theirs is None:
            continue
        if len(theirs) < len(ours) or (theirs[: len(ours)] - ours).abs().max() > 1e-5:
            raise UserError(
                f"{name} in this checkpoint is not VideoCrafter2's: another model's schedule, of noise or of "
                "x_0's scale, with which this one would be sampled wrongly"
            )


def _open_tokenizer(source: str, text_config: Any) -> Any:
    from transformers import CLIPTokenizer

    length = text_config.max_position_embeddings
    try:
        tokenizer = CLIPTokenizer.from_pretrained(source, pad_token=PADDING, model_max_length=length)
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise UserError(
            f"no CLIP tokenizer at {source} ({reason}); give a folder with its vocab.json and merges.txt "
            f"(those of {TOKENIZER} do) as --tokenizer"
        ) from None
    if len(tokenizer) > text_config.vocab_size:
        raise UserError(
            f"the tokenizer at {source} has {len(tokenizer)} tokens, the checkpoint's text encoder knows "
            f"{text_config.vocab_size}; give CLIP's ({TOKENIZER})"
        )
    return tokenizer
