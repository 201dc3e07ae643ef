"""Tiny random ModelScope and VideoCrafter2 folders of the real classes: three levels, one layer each."""

from pathlib import Path
from typing import Any

import torch
from torch import nn

from vip.families.storage import save_components
from vip.shapes.teacher import architecture

NETWORK = {
    "down_block_types": ("CrossAttnDownBlock3D", "CrossAttnDownBlock3D", "DownBlock3D"),
    "up_block_types": ("UpBlock3D", "CrossAttnUpBlock3D", "CrossAttnUpBlock3D"),
    "block_out_channels": (32, 32, 64),
    "layers_per_block": 1,
    "norm_num_groups": 8,
    "cross_attention_dim": architecture.TEXT_WIDTH,
    "attention_head_dim": 8,
}


def build_modelscope(folder: Path) -> None:
    """Save a TextToVideoSDPipeline of 16 frames with ModelScope's noise schedule."""
    from diffusers import DDIMScheduler, UNet3DConditionModel

    with torch.random.fork_rng():
        torch.manual_seed(0)
        scheduler = DDIMScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            clip_sample=False,
            set_alpha_to_one=False,
            steps_offset=1,
        )
        components = _components(UNet3DConditionModel(sample_size=8, **NETWORK), scheduler)
    save_components(folder, "TextToVideoSDPipeline", components)


def build_videocrafter(folder: Path) -> None:
    """Save a VideoCrafterPipeline of 8 frames."""
    from vip.families.videocrafter.scheduler import ScaledDDIMScheduler
    from vip.families.videocrafter.unet import VideoCrafterUNet

    with torch.random.fork_rng():
        torch.manual_seed(0)
        components = _components(VideoCrafterUNet(sample_size=(8, 8), **NETWORK), ScaledDDIMScheduler())
    save_components(folder, "VideoCrafterPipeline", components, fps=28, num_frames=8)


def _components(unet: nn.Module, scheduler: Any) -> dict[str, Any]:
    """Temporal convolutions begin as zeros, which would make tests of them prove nothing: they are woken."""
    with torch.no_grad():
        for name, parameter in unet.named_parameters():
            if "temp_convs" in name and ".conv4." in name:
                parameter.normal_(std=0.1)
    tokenizer = architecture.build_tokenizer()
    return {
        "unet": unet,
        "vae": architecture.build_autoencoder(),
        "text_encoder": architecture.build_text_encoder(tokenizer),
        "tokenizer": tokenizer,
        "scheduler": scheduler,
    }
