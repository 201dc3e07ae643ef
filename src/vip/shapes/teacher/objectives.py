"""What a denoiser learns to predict, at which noise.

Velocity along a schedule, the flow of a line, or the flow that another teacher sees in the same clip.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from vip.families.flow import TRAINING_STEPS, draw_timesteps, interpolate

if TYPE_CHECKING:
    import torch
    from diffusers import DDIMScheduler
    from torch import Tensor

    from vip.families.diffusion import DiffusionFamily


class Objective(ABC):
    """A forward process and its target; clips are (B, C, F, h, w), timesteps (B,)."""

    @abstractmethod
    def timesteps(self, generator: "torch.Generator", count: int, first: int) -> "Tensor":
        """Draw `count` timesteps, none before `first`."""

    @abstractmethod
    def add_noise(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """x_t from x_0, noise and t."""

    @abstractmethod
    def target(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor", captions: list[str]) -> "Tensor":
        """What the denoiser is to predict."""


@dataclass(frozen=True)
class Velocity(Objective):
    """Of a diffusion with the scheduler's noise levels."""

    scheduler: "DDIMScheduler"

    def timesteps(self, generator: "torch.Generator", count: int, first: int) -> "Tensor":
        """Uniform: integers."""
        import torch

        return torch.randint(first, self.scheduler.config.num_train_timesteps, (count,), generator=generator)

    def add_noise(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """As the scheduler does it."""
        return cast("Tensor", self.scheduler.add_noise(clean, noise, timesteps))

    def target(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor", captions: list[str]) -> "Tensor":
        """alpha_t noise - sigma_t x_0."""
        del captions
        return cast("Tensor", self.scheduler.get_velocity(clean, noise, timesteps))


@dataclass(frozen=True)
class Flow(Objective):
    """Of a rectified flow whose sampler has this shift (`vip.families.flow`)."""

    shift: float

    def timesteps(self, generator: "torch.Generator", count: int, first: int) -> "Tensor":
        """Spread between `first` and T as the sampler's between 0 and T."""
        return first + (1 - first / TRAINING_STEPS) * draw_timesteps(generator, count, self.shift)

    def add_noise(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """On the line from clip to noise."""
        return interpolate(clean, noise, timesteps)

    def target(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor", captions: list[str]) -> "Tensor":
        """Noise - x_0."""
        del timesteps, captions
        return noise - clean


@dataclass(frozen=True)
class TaughtFlow(Objective):
    """A rectified flow as a trained diffusion of the same latents predicts it.

    Of a noisy clip many clips may be the origin; what one of them says of the caption is faint, and drowned
    by the rest. The teacher says what is to be expected of all of them, hence what the words change.

    With the diffusion's x_t = a x_0 + s noise, x_t / (a + s) lies on the flow's line, at sigma = s / (a + s).
    """

    teacher: "DiffusionFamily"
    shift: float

    def timesteps(self, generator: "torch.Generator", count: int, first: int) -> "Tensor":
        """Those on the line where the teacher's own timesteps lie, spread as the sampler's."""
        import torch

        drawn = Flow(self.shift).timesteps(generator, count, first)
        places = self._sigmas() * TRAINING_STEPS
        return places[torch.searchsorted(places, drawn).clamp_max(len(places) - 1)]

    def add_noise(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """On the line from clip to noise."""
        return interpolate(clean, noise, timesteps)

    def target(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor", captions: list[str]) -> "Tensor":
        """The noise and the clip that follow from the teacher's velocity, one less the other."""
        import torch

        from vip.families.diffusion import coefficients

        places = self._sigmas() * TRAINING_STEPS
        own = torch.searchsorted(places, timesteps).clamp_max(len(places) - 1)
        alpha, sigma = coefficients(self.teacher.scheduler, own, clean)
        noisy = alpha * clean + sigma * noise
        with torch.no_grad():
            velocity = self.teacher.predict(self.teacher.denoiser, noisy, own, self.teacher.encode(captions))
        return (sigma - alpha) * noisy + (sigma + alpha) * velocity

    def _sigmas(self) -> "Tensor":
        """Of each of the teacher's timesteps, rising to 1."""
        squared = self.teacher.scheduler.alphas_cumprod
        alphas, sigmas = squared.sqrt(), (1 - squared).sqrt()
        return cast("Tensor", sigmas / (alphas + sigmas))
