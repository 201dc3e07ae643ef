"""First training: an autoencoder that carries the shapes world's frames through 8x8 latents and back."""

from typing import TYPE_CHECKING

import numpy as np
from pydantic.dataclasses import dataclass

from vip.seeding import generator_for
from vip.shapes.renderer import render_random
from vip.shapes.scene import all_scenes, is_held_out

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from diffusers import AutoencoderKL
    from torch import Tensor


@dataclass(frozen=True)
class AutoencoderTraining:
    """Settings of the autoencoder's training."""

    steps: int = 1000
    batch_size: int = 32
    learning_rate: float = 1e-3
    kl_weight: float = 1e-4
    seed: int = 0


def train_autoencoder(
    autoencoder: "AutoencoderKL",
    frames: "Tensor",
    settings: AutoencoderTraining,
    log: "Callable[[int, dict[str, float]], None]",
) -> None:
    """Train in place on uint8 frames (N, 3, H, W): squared error + 0.3 absolute error + a little KL."""
    import torch
    from torch.nn import functional

    optimizer = torch.optim.AdamW(autoencoder.parameters(), lr=settings.learning_rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.learning_rate, settings.steps, pct_start=0.05)
    autoencoder.train()
    for step in range(settings.steps):
        generator = generator_for("autoencoder", settings.seed, step)
        rows = torch.randint(len(frames), (settings.batch_size,), generator=generator)
        pictures = to_unit_range(frames[rows])
        posterior = autoencoder.encode(pictures).latent_dist
        noise = torch.randn(posterior.mean.shape, generator=generator)
        decoded = autoencoder.decode(posterior.mean + posterior.std * noise).sample
        squared = functional.mse_loss(decoded, pictures)
        divergence = posterior.kl().mean() / posterior.mean[0].numel()
        loss = squared + 0.3 * functional.l1_loss(decoded, pictures) + settings.kl_weight * divergence
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(autoencoder.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        log(step, {"squared_error": squared.item(), "kl": divergence.item()})
    autoencoder.eval()


def training_clips(placements: int) -> "tuple[list[int], Tensor]":
    """Render each training scene `placements` times: scene numbers, and uint8 frames (N, F, 3, H, W)."""
    import torch

    numbers = [number for number, scene in enumerate(all_scenes()) if not is_held_out(scene)] * placements
    scenes = all_scenes()
    clips = np.stack([render_random(scenes[number], seed) for seed, number in enumerate(numbers)])
    return numbers, torch.from_numpy(clips).permute(0, 1, 4, 2, 3).contiguous()


def encode_clips(autoencoder: "AutoencoderKL", clips: "Tensor") -> "Tensor":
    """Encode uint8 clips (N, F, 3, H, W) to unscaled latents (N, C, F, h, w)."""
    import torch

    with torch.inference_mode():
        latents = [
            autoencoder.encode(to_unit_range(clip_batch.flatten(0, 1))).latent_dist.mean.unflatten(
                0, clip_batch.shape[:2]
            )
            for clip_batch in clips.split(32)
        ]
    return torch.cat(latents).transpose(1, 2).contiguous()


def scaling_factor(latents: "torch.Tensor") -> float:
    """The factor that gives latents unit variance, as diffusers' `vae.config.scaling_factor` means it."""
    return 1.0 / float(latents.std())


def to_unit_range(frames: "Tensor") -> "Tensor":
    """uint8 pixels to floats in -1..1."""
    return frames.float() / 127.5 - 1.0
