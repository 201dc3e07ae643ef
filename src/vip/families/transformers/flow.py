"""Rectified flow: x_t lies on the line from the clip to the noise, and the target is the line's direction.

sigma = t / T runs from 0 (clip) to 1 (noise): x_t = (1 - sigma) x_0 + sigma noise, dx/dsigma = noise - x_0
(diffusers' schedulers/scheduling_flow_match_euler_discrete.py).
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor

TRAINING_STEPS = 1000
"""T: what sigma is multiplied by before a transformer sees it."""
PREDICTION_TYPES = ("flow_prediction",)
"""What a scheduler says of such a denoiser, where it says anything."""


def draw_timesteps(generator: "torch.Generator", count: int, shift: float) -> "Tensor":
    """Timesteps (count,) in (0, T], spread as the sampler's.

    sigma = shift u / (1 + (shift - 1) u) with u uniform.
    With shift 1 sigma is uniform, as in the paper; models sampled with a larger shift dwell at high noise.
    """
    import torch

    uniform = 1 - torch.rand(count, generator=generator)
    return shift * uniform / (1 + (shift - 1) * uniform) * TRAINING_STEPS


def interpolate(clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
    """x_t (B, C, F, h, w) from x_0 and noise like it and timesteps (B,)."""
    sigma = (timesteps.to(clean) / TRAINING_STEPS).view(-1, 1, 1, 1, 1)
    return (1 - sigma) * clean + sigma * noise
