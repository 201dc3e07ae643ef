"""Rectified flow: x_t lies on the line from the clip to the noise, and the target is the line's direction.

sigma = t / T runs from 0 (clip) to 1 (noise): x_t = (1 - sigma) x_0 + sigma noise, dx/dsigma = noise - x_0
(diffusers' schedulers/scheduling_flow_match_euler_discrete.py).
"""

from abc import abstractmethod
from typing import TYPE_CHECKING

from vip.families.base import VideoFamily

if TYPE_CHECKING:
    import torch
    from torch import Tensor

TRAINING_STEPS = 1000
"""T: what sigma is multiplied by before a transformer sees it."""
PREDICTION_TYPES = ("flow_prediction",)
"""What a scheduler says of such a denoiser, where it says anything."""


class FlowFamily(VideoFamily):
    """Abstract: a family adds the shift at which it is sampled."""

    @abstractmethod
    def flow_shift(self) -> float:
        """How far the sampler moves its noise levels up; 1 leaves them evenly spread."""

    def timesteps(self, generator: "torch.Generator", count: int) -> "Tensor":
        """Timesteps (count,) in (0, T], spread as the sampler's."""
        return draw_timesteps(generator, count, self.flow_shift())

    def add_noise(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """On the line from clip to noise."""
        return interpolate(clean, noise, timesteps)

    def target(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """The flow: noise - x_0 at every t."""
        del timesteps
        return noise - clean


def draw_timesteps(generator: "torch.Generator", count: int, shift: float) -> "Tensor":
    """Sigma = shift u / (1 + (shift - 1) u) with u uniform, as timesteps (count,) in (0, T].

    With shift 1 sigma is uniform, as in the paper; models sampled with a larger shift dwell at high noise.
    """
    import torch

    uniform = 1 - torch.rand(count, generator=generator)
    return shift * uniform / (1 + (shift - 1) * uniform) * TRAINING_STEPS


def interpolate(clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
    """x_t (B, C, F, h, w) from x_0 and noise like it and timesteps (B,)."""
    sigma = (timesteps.to(clean) / TRAINING_STEPS).view(-1, 1, 1, 1, 1)
    return (1 - sigma) * clean + sigma * noise
