"""One batch of clips: noise from each clip's own seed, denoised and decoded at a fixed batch shape."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vip.errors import UserError
from vip.families.turns import device_of
from vip.types import Clip, Sampler

if TYPE_CHECKING:
    from torch import Tensor

    from vip.families.base import VideoFamily


def initial_noise(seed: int, latent_shape: tuple[int, int, int, int]) -> "Tensor":
    """Standard normal noise (C, F, h, w) that depends on the seed alone."""
    import torch

    return torch.randn(latent_shape, generator=torch.Generator().manual_seed(seed))


def make_clips(
    model: "VideoFamily", prompts: Sequence[str], seeds: Sequence[int], sampler: Sampler, batch_size: int
) -> list[Clip]:
    """Generate one clip a prompt and seed, `batch_size` at a time.

    A batch that is not full is filled up with its first item, because rounding may depend on a batch's
    shape: a clip then has the same bytes wherever and with whatever it was made.
    """
    clips: list[Clip] = []
    for start in range(0, len(prompts), batch_size):
        chunk = list(zip(prompts, seeds, strict=True))[start : start + batch_size]
        padded = chunk + chunk[:1] * (batch_size - len(chunk))
        clips += _make_batch(model, padded, sampler)[: len(chunk)]
    return clips


def _make_batch(model: "VideoFamily", items: Sequence[tuple[str, int]], sampler: Sampler) -> list[Clip]:
    import torch

    noise = torch.stack([initial_noise(seed, model.latent_shape) for _, seed in items]).to(device_of(model))
    conditioning = model.encode([prompt for prompt, _ in items])
    latents = model.sample(conditioning, noise, sampler).float()
    for (prompt, seed), clip in zip(items, latents, strict=True):
        if not torch.isfinite(clip).all():
            raise UserError(
                f"{model.name}: the latents of prompt {prompt!r}, seed {seed} are not finite after "
                f"{sampler.steps} steps; the model's weights are damaged, or guidance_scale "
                f"{sampler.guidance_scale} is too high"
            )
    frames = model.decode(latents)
    return [Clip(clip.cpu().clone(), pictures.copy()) for clip, pictures in zip(latents, frames, strict=True)]
