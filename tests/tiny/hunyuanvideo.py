"""A tiny HunyuanVideo."""

from pathlib import Path

from diffusers import (
    AutoencoderKLHunyuanVideo,
    FlowMatchEulerDiscreteScheduler,
    HunyuanVideoTransformer3DModel,
)
from tests.tiny import text
from tests.tiny.folders import save

CLIP = {"frames": 5, "height": 32, "width": 48}


def components() -> dict[str, object]:
    """All parts; latents of 2 frames of 4 x 6."""
    vae = AutoencoderKLHunyuanVideo(
        latent_channels=4, block_out_channels=(8, 8, 8, 8), layers_per_block=1, norm_num_groups=4
    )
    transformer = HunyuanVideoTransformer3DModel(
        in_channels=4,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=12,
        num_layers=2,
        num_single_layers=2,
        num_refiner_layers=1,
        text_embed_dim=text.WIDTH,
        pooled_projection_dim=text.CLIP_WIDTH,
        rope_axes_dim=(4, 4, 4),
    )
    scheduler = FlowMatchEulerDiscreteScheduler(shift=7.0)
    encoders = text.llama() | text.clip()
    return {**encoders, "vae": vae, "transformer": text.awake(transformer), "scheduler": scheduler}


def build(folder: Path) -> None:
    """Save a tiny HunyuanVideo."""
    save(folder, "HunyuanVideoPipeline", components, _clip=CLIP)
