"""The random draws of a run, each a function of what it is for, never of the method or of past draws."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vip.seeding import generator_for

if TYPE_CHECKING:
    from torch import Tensor

    from vip.families.base import VideoFamily
    from vip.training.settings import ReDPOTraining


@dataclass(frozen=True)
class Draw:
    """What a pair is shown with in an epoch: a timestep (), and noises (C, F, h, w) of winner and loser."""

    timestep: "Tensor"
    winner_noise: "Tensor"
    loser_noise: "Tensor"


def draw(family: "VideoFamily", pair_id: str, epoch: int, settings: "ReDPOTraining") -> Draw:
    """One t a pair, eps^w and eps^l ~ N(0, I) (paper Sec. 3.4.1); one eps for both if `shared_noise`."""
    import torch

    generator = generator_for(settings.seed, "training draw", epoch, pair_id)
    timestep = family.timesteps(generator, 1)[0]
    winner = torch.randn(family.latent_shape, generator=generator)
    loser = torch.randn(family.latent_shape, generator=generator)
    return Draw(timestep, winner, winner if settings.shared_noise else loser)


@dataclass(frozen=True)
class Step:
    """One optimizer step of a run: its epoch, and the positions of its pairs."""

    epoch: int
    positions: tuple[int, ...]


def plan(count: int, batch_size: int, settings: "ReDPOTraining") -> list[Step]:
    """Every step of a run over `count` pairs: each epoch shuffled afresh, its last batch possibly smaller."""
    return [
        Step(epoch, tuple(batch))
        for epoch in range(settings.epochs)
        for batch in _batches(_order(settings.seed, epoch, count), batch_size)
    ]


def _order(seed: int, epoch: int, count: int) -> list[int]:
    import torch

    order: list[int] = torch.randperm(count, generator=generator_for(seed, "data order", epoch)).tolist()
    return order


def _batches(order: Sequence[int], size: int) -> list[Sequence[int]]:
    return [order[start : start + size] for start in range(0, len(order), size)]
