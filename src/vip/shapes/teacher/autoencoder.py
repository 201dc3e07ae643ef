"""First training: an autoencoder that carries the shapes world's frames through 8x8 latents and back."""

from typing import TYPE_CHECKING, Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.seeding import generator_for
from vip.shapes.scene import all_scenes, is_held_out
from vip.shapes.teacher.loop import Loop, Row, learn

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from diffusers import AutoencoderKL
    from torch import Tensor

    from vip.training.checkpoints import CheckpointFolder


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class AutoencoderTraining:
    """Settings of the autoencoder's training: first all of it, then its decoder alone on fixed latents."""

    whole: Loop
    decoder: Loop
    kl_weight: Annotated[float, Field(ge=0)] = 1e-6
    seed: int = 0


def train_autoencoder(
    autoencoder: "AutoencoderKL",
    clips: "Tensor",
    settings: AutoencoderTraining,
    checkpoints: "CheckpointFolder",
) -> list[Row]:
    """Train in place on uint8 clips (N, F, 3, H, W).

    The decoder's second helping, with the encoder frozen, is what Stability's fine-tuned decoders had: the
    latents no longer move, so the pictures become sharp quickly.
    """
    frames = clips.flatten(0, 1)
    curve = learn(
        "autoencoder", autoencoder, _whole_loss(autoencoder, frames, settings), settings.whole, checkpoints
    )
    autoencoder.decoder.requires_grad_(requires_grad=True)
    autoencoder.post_quant_conv.requires_grad_(requires_grad=True)
    return curve + learn(
        "decoder", autoencoder, _decoder_loss(autoencoder, frames, settings), settings.decoder, checkpoints
    )


def training_clips(placements: int) -> "tuple[list[int], Tensor]":
    """Render each training scene `placements` times: scene numbers, and uint8 frames (N, F, 3, H, W)."""
    import numpy as np
    import torch

    from vip.shapes.renderer import render_random

    scenes = all_scenes()
    numbers = [number for number, scene in enumerate(scenes) if not is_held_out(scene)] * placements
    clips = np.stack([render_random(scenes[number], seed) for seed, number in enumerate(numbers)])
    return numbers, torch.from_numpy(clips).permute(0, 1, 4, 2, 3).contiguous()


def encode_clips(autoencoder: "AutoencoderKL", clips: "Tensor") -> "Tensor":
    """Encode uint8 clips (N, F, 3, H, W) to unscaled latents (N, C, F, h, w)."""
    import torch

    with torch.inference_mode():
        latents = [
            autoencoder.encode(to_unit_range(batch.flatten(0, 1))).latent_dist.mean.unflatten(
                0, batch.shape[:2]
            )
            for batch in clips.split(32)
        ]
    return torch.cat(latents).transpose(1, 2).contiguous()


def scaling_factor(latents: "Tensor") -> float:
    """The factor that gives latents unit variance, as diffusers' `vae.config.scaling_factor` means it."""
    return 1.0 / float(latents.std())


def to_unit_range(frames: "Tensor") -> "Tensor":
    """uint8 pixels to floats in -1..1."""
    return frames.float() / 127.5 - 1.0


def _whole_loss(
    autoencoder: "AutoencoderKL", frames: "Tensor", settings: AutoencoderTraining
) -> "Callable[[int], Tensor]":
    """Squared error of pictures carried through sampled latents, and a little KL divergence."""

    def loss_at(step: int) -> "Tensor":
        pictures, generator = _draw(frames, "autoencoder", settings.whole.batch_size, settings.seed, step)
        posterior = autoencoder.encode(pictures).latent_dist
        decoded = autoencoder.decode(
            posterior.mean + posterior.std * _noise(posterior.mean, generator)
        ).sample
        divergence = posterior.kl().mean() / posterior.mean[0].numel()
        loss: Tensor = (decoded - pictures).square().mean() + settings.kl_weight * divergence
        return loss

    return loss_at


def _decoder_loss(
    autoencoder: "AutoencoderKL", frames: "Tensor", settings: AutoencoderTraining
) -> "Callable[[int], Tensor]":
    """Squared error of pictures decoded from their mean latents, slightly disturbed."""
    import torch

    def loss_at(step: int) -> "Tensor":
        pictures, generator = _draw(frames, "decoder", settings.decoder.batch_size, settings.seed, step)
        with torch.no_grad():
            latents = autoencoder.encode(pictures).latent_dist.mean
        decoded = autoencoder.decode(latents + 0.05 * _noise(latents, generator)).sample
        loss: Tensor = (decoded - pictures).square().mean()
        return loss

    return loss_at


def _draw(
    frames: "Tensor", name: str, batch_size: int, seed: int, step: int
) -> "tuple[Tensor, torch.Generator]":
    import torch

    generator = generator_for(name, seed, step)
    rows = torch.randint(len(frames), (batch_size,), generator=generator)
    return to_unit_range(frames[rows]), generator


def _noise(like: "Tensor", generator: "torch.Generator") -> "Tensor":
    import torch

    return torch.randn(like.shape, generator=generator)
