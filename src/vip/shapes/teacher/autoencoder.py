"""First training: an autoencoder that carries the shapes world's frames through 8x8 latents and back."""

from typing import TYPE_CHECKING, Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.seeding import generator_for
from vip.shapes.teacher.loop import Loop, Row, learn

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from diffusers import AutoencoderKL
    from torch import Tensor

    from vip.training.checkpoints import CheckpointFolder

SMALLEST_VARIANCE = 1e-6
"""Of a direction of the latents; below it a direction says nothing, and is not magnified further."""
DISTURBANCE = 0.1
"""Standard deviation of the noise that the decoder learns to overlook, as a denoiser leaves some."""
NO_VARIANCE = -30.0
"""The smallest log variance that AutoencoderKL's posterior knows."""


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
    """Train in place on uint8 clips (N, F, 3, H, W), to latents of unit variance.

    The decoder's second helping, with the encoder frozen, is what Stability's fine-tuned decoders had: the
    latents no longer move, so the pictures become sharp quickly.
    """
    frames = clips.flatten(0, 1)
    curve = learn(
        "autoencoder", autoencoder, _whole_loss(autoencoder, frames, settings), settings.whole, checkpoints
    )
    whiten_latents(autoencoder, clips)
    autoencoder.decoder.requires_grad_(requires_grad=True)
    autoencoder.post_quant_conv.requires_grad_(requires_grad=True)
    return curve + learn(
        "decoder", autoencoder, _decoder_loss(autoencoder, frames, settings), settings.decoder, checkpoints
    )


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


def whiten_latents(autoencoder: "AutoencoderKL", clips: "Tensor") -> None:
    """Give the latents of uint8 clips uncorrelated channels of mean 0 and variance 1; pictures stay the same.

    An autoencoder hides what is fine (an outline, a hue) in directions of a hundredth of the variance. Noise
    would drown them until the last steps, so that a denoiser never learned which words they follow from.
    The 1x1 convolutions on either side of the latents take the change up; the posterior becomes a point.
    """
    import torch

    latents = encode_clips(autoencoder, clips).transpose(0, 1).flatten(1)
    centre = latents.mean(dim=1)
    variances, directions = torch.linalg.eigh(torch.cov(latents))
    spreads = variances.clamp_min(SMALLEST_VARIANCE).sqrt()
    whitening, colouring = (directions / spreads).T, directions * spreads
    into, back = autoencoder.quant_conv, autoencoder.post_quant_conv
    channels = len(centre)
    with torch.no_grad():
        into.bias[:channels] = whitening @ (into.bias[:channels] - centre)
        into.weight[:channels] = torch.einsum("ij,jkhw->ikhw", whitening, into.weight[:channels])
        into.bias[channels:] = NO_VARIANCE
        into.weight[channels:] = 0.0
        back.bias += back.weight[..., 0, 0] @ centre
        back.weight.copy_(torch.einsum("ijhw,jk->ikhw", back.weight, colouring))


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
        decoded = autoencoder.decode(latents + DISTURBANCE * _noise(latents, generator)).sample
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
