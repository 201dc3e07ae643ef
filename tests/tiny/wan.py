"""A tiny Wan 2.1, and a tiny Wan 2.2 of two transformers."""

from pathlib import Path

from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanTransformer3DModel
from tests.tiny import text
from tests.tiny.folders import save

CLIP = {"frames": 5, "height": 32, "width": 48}


def transformer(seed: int = 0) -> WanTransformer3DModel:
    """Three blocks of width 24."""
    return text.awake(
        WanTransformer3DModel(
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=4,
            out_channels=4,
            text_dim=text.WIDTH,
            freq_dim=16,
            ffn_dim=32,
            num_layers=3,
            rope_max_seq_len=32,
        ),
        seed,
    )


def components() -> dict[str, object]:
    """All parts of a tiny Wan 2.1."""
    vae = AutoencoderKLWan(
        base_dim=8,
        z_dim=4,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        latents_mean=[-0.5, -0.2, 0.1, 0.4],
        latents_std=[1.5, 0.7, 1.1, 2.0],
    )
    scheduler = UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0, num_train_timesteps=1000
    )
    return {**text.umt5(), "vae": vae, "transformer": transformer(), "scheduler": scheduler}


def build(folder: Path) -> None:
    """Save a tiny Wan 2.1."""
    save(folder, "WanPipeline", components, _clip=CLIP, boundary_ratio=None, expand_timesteps=False)


def build_two(folder: Path) -> None:
    """Save a tiny Wan 2.2 whose two transformers each see about half of the timesteps."""

    def both() -> dict[str, object]:
        return components() | {"transformer_2": transformer(seed=1)}

    save(folder, "WanPipeline", both, _clip=CLIP, boundary_ratio=0.7, expand_timesteps=False)


def build_expanded(folder: Path) -> None:
    """Save a tiny Wan 2.2 of the kind that is given a timestep for each token."""
    save(folder, "WanPipeline", components, _clip=CLIP, boundary_ratio=None, expand_timesteps=True)
