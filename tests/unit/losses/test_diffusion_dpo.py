"""Diffusion-DPO against numbers worked out by hand, and the invariants of the paper."""

import math

import pytest
import torch
from torch import Tensor

from vip.losses.diffusion_dpo import DiffusionDPO, diffusion_dpo
from vip.losses.squared_error import squared_error


def errors(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_hand_computed() -> None:
    result = diffusion_dpo(errors(0.3, 0.5), errors(0.2, 0.1), errors(0.4, 0.9), errors(0.1, 0.1), beta=10.0)
    # d_w = 0.1, 0.4; d_l = 0.3, 0.8; logits = -5 (d_w - d_l) = 1, 2
    assert result.winner_margin.tolist() == pytest.approx([0.1, 0.4])
    assert result.loser_margin.tolist() == pytest.approx([0.3, 0.8])
    assert result.logits.tolist() == pytest.approx([1.0, 2.0])
    assert result.loss.item() == pytest.approx((math.log1p(math.exp(-1)) + math.log1p(math.exp(-2))) / 2)
    assert result.accuracy.item() == 1.0


def test_a_student_like_its_reference_has_loss_log_2() -> None:
    same, other = errors(0.3, 0.7, 0.1), errors(0.2, 0.9, 0.4)
    result = diffusion_dpo(same, same, other, other, beta=5000.0)
    assert result.loss.item() == pytest.approx(math.log(2), abs=1e-15)
    assert result.logits.abs().max().item() == 0.0


def test_swapping_winner_and_loser_negates_the_logits() -> None:
    a, b, c, d = (torch.rand(5, generator=torch.Generator().manual_seed(seed)) for seed in range(4))
    there, back = diffusion_dpo(a, b, c, d, 100.0), diffusion_dpo(c, d, a, b, 100.0)
    assert torch.equal(there.logits, -back.logits)
    assert there.accuracy.item() == pytest.approx(1 - back.accuracy.item())


def test_one_sigmoid_a_pair_for_video_latents() -> None:
    generator = torch.Generator().manual_seed(0)
    latents = [torch.randn(3, 4, 8, 8, 8, generator=generator) for _ in range(4)]
    result = diffusion_dpo(*(squared_error(x, torch.zeros_like(x)) for x in latents), beta=10.0)
    assert result.loss.shape == ()
    assert result.logits.shape == result.winner_margin.shape == result.loser_margin.shape == (3,)


@pytest.mark.parametrize("shape", [(3, 8), (3, 1), ()])
def test_more_or_less_than_one_error_a_pair_is_refused(shape: tuple[int, ...]) -> None:
    error = torch.zeros(shape)
    with pytest.raises(ValueError, match="one error a pair"):
        diffusion_dpo(error, error, error, error, beta=1.0)


def test_errors_of_different_batches_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(1,\), \(3,\)"):
        diffusion_dpo(torch.zeros(3), torch.zeros(1), torch.zeros(3), torch.zeros(3), beta=1.0)


def test_gradients_agree_with_finite_differences() -> None:
    inputs = [
        errors(0.3, 0.5).requires_grad_(),
        errors(0.2, 0.1),
        errors(0.4, 0.2).requires_grad_(),
        errors(0.1, 0.4),
    ]
    assert torch.autograd.gradcheck(lambda *e: diffusion_dpo(*e, beta=10.0).loss, inputs)


def test_gradient_by_hand() -> None:
    winner = errors(0.5).requires_grad_()
    diffusion_dpo(winner, errors(0.1), errors(0.2), errors(0.2), beta=10.0).loss.backward()
    # d/d(d_w) -log sigmoid(-5 (d_w - d_l)) = 5 sigmoid(5 (d_w - d_l)), at 0.4
    assert winner.grad is not None
    assert winner.grad.item() == pytest.approx(5 / (1 + math.exp(-2)))


@pytest.mark.parametrize("margin", [1e6, -1e6])
def test_large_margins_do_not_overflow(margin: float) -> None:
    winner = torch.tensor([margin]).requires_grad_()
    zero = torch.zeros(1)
    result: DiffusionDPO = diffusion_dpo(winner, zero, zero, zero, beta=5000.0)
    result.loss.backward()
    assert winner.grad is not None
    assert torch.isfinite(winner.grad).all()
    assert result.loss.item() == pytest.approx(max(0.0, 2500 * margin))
