"""Variance-preserving diffusion: x_t = alpha_t x_0 + sigma_t noise with alpha_t^2 + sigma_t^2 = 1."""

from typing import TYPE_CHECKING, Any

from vip.families.base import VideoFamily

if TYPE_CHECKING:
    import torch
    from torch import Tensor

PREDICTION_TYPES = ("epsilon", "v_prediction")
"""What a scheduler may say that its denoiser predicts, for `target` to know it."""


class DiffusionFamily(VideoFamily):
    """Abstract: timesteps and target as the model's scheduler says. How clips are noised, a family adds."""

    scheduler: Any

    def timesteps(self, generator: "torch.Generator", count: int) -> "Tensor":
        """Uniform over all training timesteps: integers (count,)."""
        import torch

        return torch.randint(self.scheduler.config.num_train_timesteps, (count,), generator=generator)

    def target(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """The noise, or v = alpha_t noise - sigma_t x_0 where the scheduler says `v_prediction`."""
        if self.scheduler.config.prediction_type == "epsilon":
            return noise
        alpha, sigma = coefficients(self.scheduler, timesteps, clean)
        return alpha * noise - sigma * clean


def coefficients(scheduler: Any, timesteps: "Tensor", like: "Tensor") -> "tuple[Tensor, Tensor]":
    """alpha_t and sigma_t (B, 1, 1, 1, 1) of timesteps (B,), with the device and dtype of `like`."""
    table = scheduler.alphas_cumprod.to(like)
    squared = table[timesteps.to(table.device).long()].view(-1, 1, 1, 1, 1)
    return squared.sqrt(), (1 - squared).sqrt()
