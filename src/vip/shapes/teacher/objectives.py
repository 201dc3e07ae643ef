"""What a denoiser learns to predict, at which noise: velocity along a schedule, or the flow of a line."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import torch
    from diffusers import DDIMScheduler
    from torch import Tensor


class Objective(ABC):
    """A forward process and its target; clips are (B, C, F, h, w), timesteps (B,)."""

    @abstractmethod
    def timesteps(self, generator: "torch.Generator", count: int, first: int) -> "Tensor":
        """Draw `count` timesteps, none before `first`."""

    @abstractmethod
    def add_noise(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """x_t from x_0, noise and t."""

    @abstractmethod
    def target(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """What the denoiser is to predict."""


@dataclass(frozen=True)
class Velocity(Objective):
    """Of a diffusion with the scheduler's noise levels."""

    scheduler: "DDIMScheduler"

    def timesteps(self, generator: "torch.Generator", count: int, first: int) -> "Tensor":
        """Uniform: integers."""
        import torch

        return torch.randint(
            first, self.scheduler.config.num_train_timesteps, (count,), generator=generator
        )

    def add_noise(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """As the scheduler does it."""
        return cast("Tensor", self.scheduler.add_noise(clean, noise, timesteps))

    def target(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """alpha_t noise - sigma_t x_0."""
        return cast("Tensor", self.scheduler.get_velocity(clean, noise, timesteps))


@dataclass(frozen=True)
class Flow(Objective):
    """Of a rectified flow whose sampler has this shift (`vip.families.flow`)."""

    shift: float

    def timesteps(self, generator: "torch.Generator", count: int, first: int) -> "Tensor":
        """Spread between `first` and T as the sampler's between 0 and T."""
        from vip.families.flow import TRAINING_STEPS, draw_timesteps

        return first + (1 - first / TRAINING_STEPS) * draw_timesteps(generator, count, self.shift)

    def add_noise(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """On the line from clip to noise."""
        from vip.families.flow import interpolate

        return interpolate(clean, noise, timesteps)

    def target(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """Noise - x_0."""
        del timesteps
        return noise - clean
