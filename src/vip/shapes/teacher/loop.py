"""One loop for the teacher's trainings: AdamW, a warm-up and a cosine fall, a moving average, checkpoints."""

import math
from typing import TYPE_CHECKING, Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.bars import bar
from vip.errors import UserError
from vip.faults import fault_point
from vip.training.checkpoints import Checkpoint, CheckpointFolder
from vip.training.interruption import uninterrupted
from vip.training.optimisation import adopt, moments_of, restore_moments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor, nn

Row = dict[str, float | str]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Loop:
    """How long and how fast a model learns."""

    steps: Annotated[int, Field(ge=1)]
    batch_size: Annotated[int, Field(ge=1)]
    learning_rate: Annotated[float, Field(gt=0)]
    warmup_steps: Annotated[int, Field(ge=1)] = 50
    decay_share: Annotated[float, Field(ge=0, le=1)] = 0.4
    """Share of the steps, at the end, over which the learning rate falls to zero."""
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.997
    """Decay of the moving average of the weights that is kept in the end; 0 keeps the last weights."""
    checkpoint_every: Annotated[int, Field(ge=1)] = 200


def learn(
    run: str,
    model: "nn.Module",
    loss_at: "Callable[[int], Tensor]",
    loop: Loop,
    checkpoints: CheckpointFolder,
) -> list[Row]:
    """Minimise `loss_at(step)` over the parameters of `model` that require gradients, in place.

    `loss_at` draws whatever it needs from the step's number, so a run that was stopped continues from its
    last checkpoint and ends with the same weights. Returns one row a step: run, step, loss, gradient norm.
    UserError, and no update, where loss or gradient norm is not finite.
    """
    import torch

    weights: dict[str, Tensor] = {
        name: weight for name, weight in model.named_parameters() if weight.requires_grad
    }
    average = {name: weight.detach().clone() for name, weight in weights.items()}
    optimizer = torch.optim.AdamW(
        weights.values(), lr=loop.learning_rate, weight_decay=0.0, betas=(0.9, 0.99)
    )
    curve: list[Row] = []
    saved = checkpoints.latest(run)
    if saved is not None:
        curve = saved.values["curve"]
        adopt(saved.tensors["weights"], weights)
        adopt(saved.tensors["average"], average)
        restore_moments(optimizer, weights, saved.tensors["moments"])
    model.train()

    def save() -> None:
        moments = moments_of(optimizer, weights)
        tensors: dict[str, dict[str, Tensor]] = {"weights": weights, "average": average, "moments": moments}
        checkpoints.save(Checkpoint(run, len(curve), tensors, {"curve": curve}, last=loop.steps))

    try:
        for step in bar(run, loop.steps, "steps", done=len(curve), over=range(len(curve), loop.steps)):
            fault_point("training.step.before")
            for group in optimizer.param_groups:
                group["lr"] = loop.learning_rate * learning_rate_factor(step, loop)
            optimizer.zero_grad()
            row = _gradient(run, step, loss_at(step), weights, checkpoints)
            with uninterrupted():
                optimizer.step()
                for name, weight in weights.items():
                    average[name].lerp_(weight.detach(), 1 - loop.ema_decay)
                curve.append(row)
            if len(curve) % loop.checkpoint_every == 0 or len(curve) == loop.steps:
                save()
            fault_point("training.step.after")
    except (KeyboardInterrupt, SystemExit):
        if curve:
            save()
        raise
    adopt(average, weights)
    model.eval().requires_grad_(requires_grad=False)
    return curve


def learning_rate_factor(step: int, loop: Loop) -> float:
    """Linear warm-up, then flat, then a cosine fall to zero over the last `decay_share` of the steps."""
    warmup = min(1.0, (step + 1) / loop.warmup_steps)
    start = loop.steps * (1 - loop.decay_share)
    fallen = max(0.0, (step - start) / max(loop.steps - start, 1))
    return warmup * 0.5 * (1 + math.cos(math.pi * fallen))


def _gradient(
    run: str, step: int, loss: "Tensor", weights: "Mapping[str, Tensor]", checkpoints: CheckpointFolder
) -> Row:
    """Backpropagate and clip, and make the step's row; UserError where loss or gradient is not finite."""
    import torch

    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(weights.values(), 1.0)
    row: Row = {"training": run, "step": step, "loss": loss.item(), "gradient_norm": norm.item()}
    if not (loss.isfinite() and norm.isfinite()):
        raise UserError(
            f"{run}, step {step + 1}: the loss is {loss.item()} and the gradient norm {norm.item()}, nothing "
            f"was updated (last good checkpoint: {checkpoints.last_good(run)}); lower learning_rate"
        )
    return row
