"""The reduction: one number a sample, a mean over everything else."""

import pytest
import torch

from vip.losses.squared_error import squared_error


def test_hand_computed() -> None:
    prediction = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    target = torch.tensor([[2.0, 4.0], [3.0, 4.0]])
    assert squared_error(prediction, target).tolist() == [2.5, 12.5]


def test_video_latents_give_one_error_a_sample() -> None:
    latents = torch.randn(3, 4, 8, 5, 6, generator=torch.Generator().manual_seed(0))
    errors = squared_error(latents, torch.zeros_like(latents))
    assert errors.shape == (3,)
    assert errors[1].item() == pytest.approx((latents[1] ** 2).sum().item() / (4 * 8 * 5 * 6), rel=1e-6)


def test_half_precision_is_reduced_in_float32() -> None:
    prediction = torch.full((1, 4096), 300.0, dtype=torch.float16)
    assert squared_error(prediction, torch.zeros_like(prediction)).item() == 90000.0


def test_shapes_that_would_broadcast_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(2, 4\) and target \(4,\)"):
        squared_error(torch.zeros(2, 4), torch.zeros(4))
