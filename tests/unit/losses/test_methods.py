"""Every method that can be named, and what it makes of the two terms."""

import pytest
import torch

from vip.losses.methods import METHODS


@pytest.mark.parametrize(
    ("name", "value", "slopes"),
    [
        ("redpo", 0.7 + 1000 * 0.002, (1.0, 1000.0)),
        ("sft", 1000 * 0.002, (None, 1000.0)),
        ("dpo", 0.7, (1.0, None)),
    ],
)
def test_hand_computed(name: str, value: float, slopes: tuple[float | None, float | None]) -> None:
    dpo, sft = (torch.tensor(term, dtype=torch.float64, requires_grad=True) for term in (0.7, 0.002))
    loss = METHODS[name](dpo, sft, 1000.0)
    assert loss.item() == pytest.approx(value)
    loss.backward()
    assert tuple(term.grad if term.grad is None else term.grad.item() for term in (dpo, sft)) == slopes


def test_every_method_is_tested_by_hand() -> None:
    assert set(METHODS) == {"redpo", "sft", "dpo"}


def test_redpo_without_weight_is_dpo() -> None:
    dpo, sft = torch.tensor(0.7), torch.tensor(0.002)
    assert torch.equal(METHODS["redpo"](dpo, sft, 0.0), METHODS["dpo"](dpo, sft, 5.0))
