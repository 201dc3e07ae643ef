"""The tiny models that the contract of families is checked on, and how the stock pipeline is spoken to.

A new family adds its builder here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tests.tiny import wan

Shape = tuple[int, int, int, int]


def as_it_is(latents: torch.Tensor) -> torch.Tensor:
    """The stock pipeline's layout is ours."""
    return latents


def as_ours(latents: torch.Tensor, shape: Shape) -> torch.Tensor:
    """Our layout is the stock pipeline's."""
    del shape
    return latents


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
    to the next). `answer` makes the denoiser's raw output of a target.
    """

    family: str
    build: Callable[[Path], None] | None
    pack: Callable[[torch.Tensor], torch.Tensor] = as_it_is
    unpack: Callable[[torch.Tensor, Shape], torch.Tensor] = as_ours
    answer: Callable[[torch.Tensor], torch.Tensor] = as_it_is
    frames: str = "num_frames"
    unguided: float = 1.0
    levels: Callable[[Any], torch.Tensor] | None = timesteps_of


def sigmas_times_thousand(scheduler: Any) -> torch.Tensor:
    """UniPC rounds the timesteps that it tells, its noise levels are exact."""
    return scheduler.sigmas[:-1] * 1000


TINY = {
    "animatediff": Tiny("animatediff", None, levels=None),
    "wan": Tiny("wan", wan.build, levels=sigmas_times_thousand),
    "wan_two": Tiny("wan", wan.build_two, levels=sigmas_times_thousand),
    "wan_expanded": Tiny("wan", wan.build_expanded, levels=sigmas_times_thousand),
}
TRANSFORMERS = [name for name, tiny in TINY.items() if tiny.family != "animatediff"]
