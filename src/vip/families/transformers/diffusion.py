"""Variance-preserving diffusion: x_t = alpha_t x_0 + sigma_t noise with alpha_t^2 + sigma_t^2 = 1."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from torch import Tensor

PREDICTION_TYPES = ("epsilon", "v_prediction")
"""What a scheduler may say that its denoiser predicts, for `target` to know it."""


def draw_timesteps(generator: "torch.Generator", count: int, scheduler: Any) -> "Tensor":
    """Uniform over all training timesteps: integers (count,)."""
    import torch

    return torch.randint(scheduler.config.num_train_timesteps, (count,), generator=generator)


def add_noise(clean: "Tensor", noise: "Tensor", timesteps: "Tensor", scheduler: Any) -> "Tensor":
    """x_t (B, C, F, h, w) from x_0 and noise like it and timesteps (B,), as the denoiser sees it.

    By the table, not by `scheduler.add_noise`: Euler schedulers scale x_t before the denoiser sees it.
    """
    alpha, sigma = _coefficients(clean, timesteps, scheduler)
    return alpha * clean + sigma * noise


def target(clean: "Tensor", noise: "Tensor", timesteps: "Tensor", scheduler: Any) -> "Tensor":
    """The noise, or v = alpha_t noise - sigma_t x_0 where the scheduler says `v_prediction`."""
    if scheduler.config.prediction_type == "epsilon":
        return noise
    alpha, sigma = _coefficients(clean, timesteps, scheduler)
    return alpha * noise - sigma * clean


def _coefficients(like: "Tensor", timesteps: "Tensor", scheduler: Any) -> "tuple[Tensor, Tensor]":
    table = scheduler.alphas_cumprod.to(like)
    squared = table[timesteps.to(table.device).long()].view(-1, 1, 1, 1, 1)
    return squared.sqrt(), (1 - squared).sqrt()
