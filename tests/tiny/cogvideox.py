"""Tiny CogVideoX models: 2B's kind, 5B's with rotary positions, and 1.5's with patches in time."""

from pathlib import Path

from diffusers import (
    AutoencoderKLCogVideoX,
    CogVideoXDDIMScheduler,
    CogVideoXDPMScheduler,
    CogVideoXTransformer3DModel,
)
from tests.tiny import text
from tests.tiny.folders import save


def components(scheduler: type = CogVideoXDDIMScheduler, **kind: object) -> dict[str, object]:
    """All parts; latents of 3 frames of 4 x 6."""
    vae = AutoencoderKLCogVideoX(
        block_out_channels=(8, 8, 8, 8),
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=4,
        sample_height=32,
        sample_width=48,
    )
    transformer = CogVideoXTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=4,
        out_channels=4,
        time_embed_dim=16,
        text_embed_dim=text.WIDTH,
        num_layers=3,
        sample_width=6,
        sample_height=4,
        sample_frames=9,
        **kind,
    )
    schedule = scheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        snr_shift_scale=3.0,
        timestep_spacing="trailing",
    )
    return {**text.t5(), "vae": vae, "transformer": text.awake(transformer), "scheduler": schedule}


def build(folder: Path) -> None:
    """Save a tiny model of 2B's kind."""
    save(folder, "CogVideoXPipeline", components)


def build_rotary(folder: Path) -> None:
    """Save a tiny model of 5B's kind, with the sampler that adds noise."""
    save(
        folder,
        "CogVideoXPipeline",
        lambda: components(CogVideoXDPMScheduler, use_rotary_positional_embeddings=True),
    )


def build_later(folder: Path) -> None:
    """Save a tiny model of 1.5's kind; its three latent frames are padded to four."""
    save(
        folder,
        "CogVideoXPipeline",
        lambda: components(use_rotary_positional_embeddings=True, patch_size_t=2, patch_bias=False),
    )
