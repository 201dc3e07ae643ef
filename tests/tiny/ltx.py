"""A tiny LTX-Video."""

from pathlib import Path

from diffusers import AutoencoderKLLTXVideo, FlowMatchEulerDiscreteScheduler, LTXVideoTransformer3DModel
from tests.tiny import text
from tests.tiny.folders import save

CLIP = {"frames": 9, "height": 32, "width": 64}


def autoencoder(**kind: object) -> AutoencoderKLLTXVideo:
    """Compresses 16 x 16 pixels, and four frames behind the first."""
    return AutoencoderKLLTXVideo(
        latent_channels=8,
        block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1, 1),
        spatio_temporal_scaling=(True, True, False, False),
        decoder_spatio_temporal_scaling=(True, True, False, False),
        **kind,
    )


def components(**vae: object) -> dict[str, object]:
    """All parts; latents of 3 frames of 2 x 4."""
    transformer = LTXVideoTransformer3DModel(
        in_channels=8,
        out_channels=8,
        num_attention_heads=2,
        attention_head_dim=12,
        cross_attention_dim=24,
        num_layers=3,
        caption_channels=text.WIDTH,
    )
    scheduler = FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True,
        base_shift=0.95,
        max_shift=2.05,
        base_image_seq_len=1024,
        max_image_seq_len=4096,
        shift_terminal=0.1,
    )
    autoencoding = autoencoder(**vae)
    autoencoding.latents_mean += 0.3
    autoencoding.latents_std *= 1.4
    return {
        **text.t5(),
        "vae": autoencoding,
        "transformer": text.awake(transformer),
        "scheduler": scheduler,
    }


def build(folder: Path) -> None:
    """Save a tiny LTX-Video 0.9.0."""
    save(folder, "LTXPipeline", components, _clip=CLIP)


def build_conditioned(folder: Path) -> None:
    """Save a tiny later LTX-Video, whose VAE is told a noise level."""
    save(folder, "LTXPipeline", lambda: components(timestep_conditioning=True), _clip=CLIP)
