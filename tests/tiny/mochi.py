"""A tiny Mochi."""

from pathlib import Path

from diffusers import AutoencoderKLMochi, FlowMatchEulerDiscreteScheduler, MochiTransformer3DModel
from tests.tiny import text
from tests.tiny.folders import save

CLIP = {"frames": 7, "height": 32, "width": 48}


def components() -> dict[str, object]:
    """All parts; latents of 2 frames of 4 x 6. The VAE's group norms have 32 groups, hence its width."""
    vae = AutoencoderKLMochi(
        encoder_block_out_channels=(32, 32, 32, 32),
        decoder_block_out_channels=(32, 32, 32, 32),
        layers_per_block=(1, 1, 1, 1, 1),
    )
    transformer = MochiTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=12,
        num_layers=3,
        pooled_projection_dim=16,
        text_embed_dim=text.WIDTH,
        time_embed_dim=8,
    )
    scheduler = FlowMatchEulerDiscreteScheduler(invert_sigmas=True)
    return {**text.t5(), "vae": vae, "transformer": text.awake(transformer), "scheduler": scheduler}


def build(folder: Path) -> None:
    """Save a tiny Mochi."""
    save(folder, "MochiPipeline", components, _clip=CLIP, force_zeros_for_empty_prompt=False)
