"""The autoencoder's latents: whitened without a change to the pictures."""

import pytest
import torch
from diffusers import AutoencoderKL

from vip.shapes.teacher.architecture import build_autoencoder
from vip.shapes.teacher.autoencoder import encode_clips, to_unit_range, whiten_latents
from vip.shapes.teacher.clips import training_clips


@pytest.fixture(scope="module")
def clips() -> torch.Tensor:
    return training_clips(placements=1)[1][:48]


@pytest.fixture
def autoencoder() -> AutoencoderKL:
    torch.manual_seed(0)
    return build_autoencoder().requires_grad_(requires_grad=False)


def carried(autoencoder: AutoencoderKL, clips: torch.Tensor) -> torch.Tensor:
    pictures = to_unit_range(clips[:4].flatten(0, 1))
    return autoencoder.decode(autoencoder.encode(pictures).latent_dist.mean).sample


def test_whitened_latents_have_uncorrelated_channels_of_unit_variance(
    autoencoder: AutoencoderKL, clips: torch.Tensor
) -> None:
    whiten_latents(autoencoder, clips)
    values = encode_clips(autoencoder, clips).transpose(0, 1).flatten(1)
    assert values.mean(dim=1).abs().max() < 1e-3
    assert torch.allclose(torch.cov(values), torch.eye(len(values)), atol=1e-2)


def test_whitening_leaves_the_pictures_as_they_were(autoencoder: AutoencoderKL, clips: torch.Tensor) -> None:
    before = carried(autoencoder, clips)
    whiten_latents(autoencoder, clips)
    assert torch.allclose(carried(autoencoder, clips), before, atol=1e-3)


def test_the_posterior_becomes_a_point(autoencoder: AutoencoderKL, clips: torch.Tensor) -> None:
    whiten_latents(autoencoder, clips)
    posterior = autoencoder.encode(to_unit_range(clips[0])).latent_dist
    assert posterior.std.max() < 1e-6
