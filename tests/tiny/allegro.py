"""Tiny Allegro models, with the stock scheduler, which adds noise, and with DDIM."""

from pathlib import Path

from diffusers import (
    AllegroTransformer3DModel,
    AutoencoderKLAllegro,
    DDIMScheduler,
    EulerAncestralDiscreteScheduler,
)
from tests.tiny import text
from tests.tiny.folders import save

SCHEDULE = {"beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear", "timestep_spacing": "leading"}


def components(scheduler: object) -> dict[str, object]:
    """All parts; latents of 6 frames of 16 x 16, the least that the VAE's tiles can be."""
    vae = AutoencoderKLAllegro(
        block_out_channels=(4, 4, 4, 4), layers_per_block=1, norm_num_groups=2, sample_size=128
    )
    transformer = AllegroTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=12,
        num_layers=3,
        cross_attention_dim=24,
        sample_height=16,
        sample_width=16,
        sample_frames=6,
        caption_channels=text.WIDTH,
    )
    return {**text.t5(), "vae": vae, "transformer": text.awake(transformer), "scheduler": scheduler}


def build(folder: Path) -> None:
    """Save a tiny Allegro."""
    save(folder, "AllegroPipeline", lambda: components(EulerAncestralDiscreteScheduler(**SCHEDULE)))


def build_ddim(folder: Path) -> None:
    """Save a tiny Allegro that is sampled with DDIM."""
    save(folder, "AllegroPipeline", lambda: components(DDIMScheduler(clip_sample=False, **SCHEDULE)))
