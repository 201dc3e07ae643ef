"""The teacher's training loop: it learns, and a stopped run ends with the bits of a whole one."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from vip.errors import UserError
from vip.shapes.teacher.loop import Loop, learn, learning_rate_factor
from vip.training.checkpoints import CheckpointFolder

LOOP = Loop(steps=12, batch_size=1, learning_rate=0.1, warmup_steps=2, ema_decay=0.5, checkpoint_every=4)


def _line() -> nn.Linear:
    line = nn.Linear(1, 1)
    nn.init.zeros_(line.weight)
    nn.init.zeros_(line.bias)
    return line


class _InterruptedError(Exception):
    pass


def _train(path: Path, stop_at: int | None = None) -> tuple[nn.Linear, list[dict[str, float | str]]]:
    line = _line()

    def loss_at(step: int) -> torch.Tensor:
        if step == stop_at:
            raise _InterruptedError
        point = torch.tensor([[float(step % 3)]])
        return (line(point) - (2 * point + 1)).square().mean()

    return line, learn("line", line, loss_at, LOOP, CheckpointFolder(path))


def test_the_loss_falls(tmp_path: Path) -> None:
    _, curve = _train(tmp_path)
    assert [row["step"] for row in curve] == list(range(12))
    assert sum(row["loss"] for row in curve[-3:]) < 0.5 * sum(row["loss"] for row in curve[:3])


@pytest.mark.parametrize("stop_at", [1, 4, 5, 11])
def test_a_stopped_run_ends_with_the_same_bits(tmp_path: Path, stop_at: int) -> None:
    whole, whole_curve = _train(tmp_path / "whole")
    with pytest.raises(_InterruptedError):
        _train(tmp_path / "stopped", stop_at)
    resumed, curve = _train(tmp_path / "stopped")
    assert curve == whole_curve
    assert torch.equal(resumed.weight, whole.weight)
    assert torch.equal(resumed.bias, whole.bias)


def test_a_finished_run_is_not_done_again(tmp_path: Path) -> None:
    whole, curve = _train(tmp_path)
    again, same_curve = _train(tmp_path, stop_at=0)
    assert same_curve == curve
    assert torch.equal(again.weight, whole.weight)


def test_only_what_requires_gradients_moves(tmp_path: Path) -> None:
    line = _line()
    line.weight.requires_grad_(requires_grad=False)

    def loss_at(_: int) -> torch.Tensor:
        return (line(torch.ones(1, 1)) - 1).square().mean()

    learn("half", line, loss_at, LOOP, CheckpointFolder(tmp_path))
    assert line.weight.item() == 0
    assert line.bias.item() > 0.1


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_what_is_not_finite_stops_before_the_update(tmp_path: Path, broken: float, what: str) -> None:
    """At the sixth step, after a checkpoint of four: weights and checkpoints stay as they were."""
    line, seen = _line(), []

    def loss_at(step: int) -> torch.Tensor:
        seen.append(line.weight.item())
        loss = (line(torch.ones(1, 1)) - 3).square().mean()
        if step == 5 and what == "loss":
            return loss + broken
        if step == 5:
            line.bias.register_hook(lambda gradient: gradient * broken)
        return loss

    message = r"line, step 6: the loss is .*nothing was updated .*step_00000004\); lower learning_rate$"
    with pytest.raises(UserError, match=message):
        learn("line", line, loss_at, LOOP, CheckpointFolder(tmp_path))
    assert line.weight.item() == seen[-1] != seen[-2]
    assert torch.isfinite(line.bias).all()
    assert [path.name for path in (tmp_path / "line").iterdir()] == ["step_00000004"]


def test_weights_that_an_update_breaks_are_in_no_checkpoint_and_no_other_training_is_blamed(
    tmp_path: Path,
) -> None:
    """Loss and gradient are numbers; a step of 3e37 leads beyond the largest float32."""
    line, loop = _line(), replace(LOOP, learning_rate=3e37, warmup_steps=1, checkpoint_every=1)
    nn.init.constant_(line.weight, -3.3e38)
    with pytest.raises(UserError, match=r"is not finite, no checkpoint was written; lower learning_rate$"):
        learn("line", line, lambda _: (1e-3 * line.weight).sum(), loop, CheckpointFolder(tmp_path))


@pytest.mark.parametrize(("step", "expected"), [(0, 0.5), (1, 1.0), (7, 1.0), (8, 0.933013), (11, 0.103323)])
def test_learning_rate_by_hand(step: int, expected: float) -> None:
    # decay starts at 12 x (1 - 0.4) = 7.2: cosine of (8 - 7.2)/4.8 and of (11 - 7.2)/4.8 half turns
    assert learning_rate_factor(step, LOOP) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("stop_at", [1, 3, 6, 11])
def test_ctrl_c_loses_no_step(tmp_path: Path, stop_at: int) -> None:
    whole, _ = _train(tmp_path / "whole")
    line, steps = _line(), []

    def loss_at(step: int) -> torch.Tensor:
        steps.append(step)
        if len(steps) == stop_at + 1:
            raise KeyboardInterrupt
        point = torch.tensor([[float(step % 3)]])
        return (line(point) - (2 * point + 1)).square().mean()

    with pytest.raises(KeyboardInterrupt):
        learn("line", line, loss_at, LOOP, CheckpointFolder(tmp_path / "stopped"))
    line = _line()
    learn("line", line, loss_at, LOOP, CheckpointFolder(tmp_path / "stopped"))
    assert steps == [*range(stop_at + 1), *range(stop_at, LOOP.steps)], (
        "only the interrupted step begins twice"
    )
    assert torch.equal(line.weight, whole.weight)
