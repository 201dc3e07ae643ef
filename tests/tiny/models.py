"""The tiny models that the contract of families is checked on, and how the stock pipeline is spoken to.

A new family adds its builder here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from tests.tiny import allegro, cogvideox, hunyuanvideo, latte, ltx, mochi, unet3d, wan

Shape = tuple[int, int, int, int]


def as_it_is(latents: torch.Tensor) -> torch.Tensor:
    """The stock pipeline's layout is ours."""
    return latents


def as_ours(latents: torch.Tensor, shape: Shape) -> torch.Tensor:
    """Our layout is the stock pipeline's."""
    del shape
    return latents


def frames_first(latents: torch.Tensor) -> torch.Tensor:
    """(B, F, C, h, w), CogVideoX's layout."""
    return latents.transpose(1, 2)


def ours_of_frames_first(latents: torch.Tensor, shape: Shape) -> torch.Tensor:
    """CogVideoX's layout to ours."""
    del shape
    return latents.transpose(1, 2)


def sequence(latents: torch.Tensor) -> torch.Tensor:
    """(B, F h w, C), LTX's layout."""
    return latents.permute(0, 2, 3, 4, 1).reshape(len(latents), -1, latents.shape[1])


def ours_of_sequence(latents: torch.Tensor, shape: Shape) -> torch.Tensor:
    """LTX's layout to ours."""
    channels, *places = shape
    return latents.reshape(len(latents), *places, channels).permute(0, 4, 1, 2, 3)


def with_variance(target: torch.Tensor) -> torch.Tensor:
    """Latte predicts a variance behind the noise."""
    return torch.cat([target, torch.full_like(target, 7.0)], dim=1)


def with_tiles(pipeline: Any) -> None:
    """Allegro's VAE decodes in tiles only, and one clip at a time."""
    pipeline.vae.enable_tiling()
    pipeline.vae.enable_slicing()


def leave(pipeline: Any) -> None:
    """Nothing has to be done."""
    del pipeline


def timesteps_of(scheduler: Any) -> torch.Tensor:
    """The timesteps that a sampling run goes through."""
    return scheduler.timesteps


@dataclass(frozen=True)
class Tiny:
    """A tiny model of a family.

    `build` saves it (None: a fixture of the tests does). `pack` brings latents (B, C, F, h, w) into the stock
    pipeline's layout, `unpack` brings them back. `frames` is what the pipeline calls the number of frames,
    `unguided` the guidance scale at which it calls the denoiser as `predict` does. `levels` are the noise
    levels of a sampling run as the family counts them (None: its steps do not lead from one of its timesteps
    to the next, or it adds noise). `answer` makes the denoiser's raw output of a target. `named` is what the
    pipeline is told besides, `prepare` what its user does first.
    """

    family: str
    build: Callable[[Path], None] | None
    pack: Callable[[torch.Tensor], torch.Tensor] = as_it_is
    unpack: Callable[[torch.Tensor, Shape], torch.Tensor] = as_ours
    answer: Callable[[torch.Tensor], torch.Tensor] = as_it_is
    frames: str = "num_frames"
    unguided: float = 1.0
    levels: Callable[[Any], torch.Tensor] | None = timesteps_of
    named: Mapping[str, object] = field(default_factory=dict)
    prepare: Callable[[Any], None] = leave


def sigmas_times_thousand(scheduler: Any) -> torch.Tensor:
    """UniPC rounds the timesteps that it tells, its noise levels are exact."""
    return scheduler.sigmas[:-1] * 1000


TINY = {
    "animatediff": Tiny("animatediff", None, levels=None),
    "modelscope": Tiny("modelscope", unet3d.build_modelscope, levels=None),
    "videocrafter2": Tiny("videocrafter2", unet3d.build_videocrafter, levels=None),
    "wan": Tiny("wan", wan.build, levels=sigmas_times_thousand),
    "wan_two": Tiny("wan", wan.build_two, levels=sigmas_times_thousand),
    "wan_expanded": Tiny("wan", wan.build_expanded, levels=sigmas_times_thousand),
    "cogvideox": Tiny("cogvideox", cogvideox.build, frames_first, ours_of_frames_first),
    "cogvideox_rotary": Tiny(
        "cogvideox", cogvideox.build_rotary, frames_first, ours_of_frames_first, levels=None
    ),
    "cogvideox_later": Tiny("cogvideox", cogvideox.build_later, frames_first, ours_of_frames_first),
    "ltx": Tiny("ltx", ltx.build, sequence, ours_of_sequence),
    "ltx_conditioned": Tiny("ltx", ltx.build_conditioned, sequence, ours_of_sequence),
    "hunyuanvideo": Tiny("hunyuanvideo", hunyuanvideo.build, unguided=6.0),
    "mochi": Tiny("mochi", mochi.build),
    "latte": Tiny(
        "latte", latte.build, answer=with_variance, frames="video_length", named={"clean_caption": False}
    ),
    "allegro": Tiny(
        "allegro", allegro.build, levels=None, named={"clean_caption": False}, prepare=with_tiles
    ),
    "allegro_ddim": Tiny("allegro", allegro.build_ddim, named={"clean_caption": False}, prepare=with_tiles),
}
TRANSFORMERS = [
    name for name, tiny in TINY.items() if tiny.family not in ("animatediff", "modelscope", "videocrafter2")
]
