"""Every method that can be named, and what it makes of the two terms."""

import pytest
import torch

from vip.losses.diffusion_dpo import DiffusionDPO, diffusion_dpo
from vip.losses.methods import METHODS, Terms, Weights
from vip.losses.squared_error import squared_error

Slopes = tuple[float | None, float | None, float | None, float | None]


def leaf(*value: float) -> torch.Tensor:
    return torch.tensor(value if len(value) > 1 else value[0], dtype=torch.float64, requires_grad=True)


BY_HAND: list[tuple[str, float, Slopes]] = [
    ("redpo", 0.7 + 1000 * 0.002, (1.0, 1000.0, None, None)),
    ("sft", 1000 * 0.002, (None, 1000.0, None, None)),
    ("dpo", 0.7, (1.0, None, None, None)),
    ("finetuning", 1000 * (0.03 + 0.05) / 2, (None, None, 500.0, None)),
    (
        "feature_distillation",
        1000 * ((0.03 + 0.05) / 2 + 3.0 * 0.002 + 0.5 * 0.4),
        (None, 3000.0, 500.0, 500.0),
    ),
]


@pytest.mark.parametrize(("name", "value", "slopes"), BY_HAND)
def test_hand_computed(name: str, value: float, slopes: Slopes) -> None:
    dpo, sft, margin, features = leaf(0.7), leaf(0.002), leaf(0.03, 0.05), leaf(0.4)
    terms = Terms(DiffusionDPO(dpo, margin, margin, margin), sft, features)
    loss = METHODS[name](terms, Weights(sft=1000.0, output=3.0, features=0.5))
    assert loss.item() == pytest.approx(value)
    loss.backward()
    leaves = (dpo, sft, margin, features)
    assert tuple(None if term.grad is None else term.grad.flatten()[0].item() for term in leaves) == slopes


def test_every_method_is_tested_by_hand() -> None:
    assert {name for name, *_ in BY_HAND} == set(METHODS)


def test_redpo_without_weight_is_dpo() -> None:
    terms = Terms(DiffusionDPO(*[torch.tensor(0.7)] * 4), torch.tensor(0.002))
    assert torch.equal(METHODS["redpo"](terms, Weights(0.0)), METHODS["dpo"](terms, Weights(5.0)))


def test_finetuning_has_the_gradient_of_the_ordinary_diffusion_loss() -> None:
    generator = torch.Generator().manual_seed(0)
    noise, reference, loser = (torch.randn(4, 3, 2, generator=generator) for _ in range(3))
    predicted = torch.randn(4, 3, 2, generator=generator).requires_grad_()
    plain = torch.autograd.grad(squared_error(predicted, noise).mean(), predicted)[0]
    errors = [squared_error(each, noise) for each in (predicted, reference, loser, reference)]
    terms = Terms(diffusion_dpo(*errors, beta=5.0), torch.tensor(0.0))
    loss = METHODS["finetuning"](terms, Weights(1.0))
    assert torch.allclose(torch.autograd.grad(loss, predicted)[0], plain)
