"""A tiny Latte."""

from pathlib import Path

from diffusers import (
    AutoencoderKL,
    AutoencoderKLTemporalDecoder,
    DDIMScheduler,
    LatteTransformer3DModel,
)
from tests.tiny import text
from tests.tiny.folders import save


def components(frames: int = 4, *, temporal: bool = False) -> dict[str, object]:
    """All parts; latents of 4 x 4."""
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        latent_channels=4,
        norm_num_groups=4,
    )
    if temporal:
        blocks, channels = ("DownEncoderBlock2D",) * 4, (32, 32, 32, 32)
        vae = AutoencoderKLTemporalDecoder(down_block_types=blocks, block_out_channels=channels)
    transformer = LatteTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=4,
        out_channels=8,
        num_layers=3,
        cross_attention_dim=24,
        attention_bias=True,
        sample_size=4,
        patch_size=2,
        activation_fn="gelu-approximate",
        num_embeds_ada_norm=1000,
        norm_type="ada_norm_single",
        norm_elementwise_affine=False,
        norm_eps=1e-6,
        caption_channels=text.WIDTH,
        video_length=frames,
    )
    scheduler = DDIMScheduler(
        beta_start=0.0001,
        beta_end=0.02,
        beta_schedule="linear",
        clip_sample=False,
        timestep_spacing="leading",
    )
    return {**text.t5(), "vae": vae, "transformer": text.awake(transformer), "scheduler": scheduler}


def build(folder: Path) -> None:
    """Save a tiny Latte."""
    save(folder, "LattePipeline", components)


def build_temporal(folder: Path) -> None:
    """Save a tiny Latte with a decoder that sees frames together, for more frames than it decodes at once."""
    save(folder, "LattePipeline", lambda: components(frames=16, temporal=True))
