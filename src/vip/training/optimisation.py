"""The moving parts of training: weights, AdamW's moments, and the moving average of weights."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from vip.families.checkpointing import enable_gradient_checkpointing
from vip.training.sharding import gathered, is_sharded, placed_like, shard, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

    from vip.families.base import VideoFamily
    from vip.training.settings import ReDPOTraining


def only_trainable(family: "VideoFamily") -> "dict[str, nn.Parameter]":
    """Freeze all but the family's trainable parameters and return those; the denoiser in eval mode.

    Eval, because dropout would add noise to a student that is compared with a reference. Contiguous, because
    the backward pass through frozen channels_last layers segfaults in torch 2.13 on the CPU.
    """
    import torch

    denoiser: Any = family.denoiser
    denoiser.to(memory_format=torch.contiguous_format).eval().requires_grad_(False)
    parameters = family.trainable()
    for parameter in parameters.values():
        parameter.requires_grad_(True)
    return parameters


def learning_rate_at(step: int, steps: int, settings: "ReDPOTraining") -> float:
    """The learning rate of a step, counted from 1, of so many: up to a constant, and down to 0 at the end.

    The fall is linear too, over the last `decay_share` of the steps; the step after the last would have 0.
    """
    rise: float = step / settings.warmup_steps if step < settings.warmup_steps else 1.0
    falling = settings.decay_share * steps
    fall = min(1.0, (steps + 1 - step) / (falling + 1))
    factor: float = min(rise, fall)
    return settings.learning_rate * factor


class Optimisation:
    """AdamW over the trainable parameters, with an optional moving average of them.

    With `sharded`, every process holds its part of all of it, and all have to call each verb.
    """

    def __init__(self, family: "VideoFamily", settings: "ReDPOTraining", accelerator: Any) -> None:
        import torch

        if settings.gradient_checkpointing:
            enable_gradient_checkpointing(family.denoiser)
        self.parameters = only_trainable(family)
        self.sharded = is_sharded(settings, accelerator.num_processes)
        if self.sharded:
            shard(family.denoiser, accelerator.device.type)
            self.parameters = family.trainable()
        adamw = torch.optim.AdamW(self.parameters.values(), lr=settings.learning_rate)
        self.denoiser, self.adamw = family.denoiser, adamw
        if not self.sharded:
            self.denoiser, self.adamw = accelerator.prepare(family.denoiser, adamw)
        self._accelerator = accelerator
        self._settings = settings
        self._averages: dict[str, Tensor] = {}
        if settings.ema_decay:
            self._averages = {name: weight.detach().clone() for name, weight in self.parameters.items()}

    def alone(self) -> AbstractContextManager[None]:
        """While a process works on a micro-batch after which others of the step follow: nothing is sent.

        Unless it is sharded: gradients that wait would be whole ones.
        """
        if self.sharded:
            return nullcontext()
        synchronised: AbstractContextManager[None] = self._accelerator.no_sync(self.denoiser)
        return synchronised

    def add(self, loss: "Tensor") -> None:
        """Backpropagate, onto the gradient that is there."""
        self._accelerator.backward(loss)

    def clip(self) -> float:
        """Clip the gradient, and return its norm before that."""
        limit = self._settings.gradient_clip or float("inf")
        return float(whole(self._accelerator.clip_grad_norm_(list(self.parameters.values()), limit)))

    def update(self, step: int, steps: int) -> float:
        """Move the weights in a step of so many, then their average, and drop the gradient; the rate used."""
        learning_rate = learning_rate_at(step, steps, self._settings)
        for group in self.adamw.param_groups:
            group["lr"] = learning_rate
        self.adamw.step()
        self.adamw.zero_grad()
        for name, average in self._averages.items():
            average.lerp_(self.parameters[name].detach(), 1 - self._settings.ema_decay)
        return learning_rate

    def tensors(self) -> "dict[str, dict[str, Tensor]]":
        """Everything that moves, for a checkpoint; {} where it is sharded and not the first process."""
        held: dict[str, Mapping[str, Tensor]] = {
            "weights": self.parameters,
            "optimizer": moments_of(self.adamw, self.parameters),
            "averages": self._averages,
        }
        groups = {group: self._whole(tensors) for group, tensors in held.items()}
        return {group: tensors for group, tensors in groups.items() if tensors}

    def weights(self) -> "dict[str, Tensor]":
        """What is trained, as it is now; {} as for `tensors`."""
        return self._whole(self.parameters)

    def restore(self, tensors: "Mapping[str, Mapping[str, Tensor]]") -> None:
        """Put everything back as `tensors` gave it."""
        adopt(tensors["weights"], self.parameters)
        adopt(tensors.get("averages", {}), self._averages)
        restore_moments(self.adamw, self.parameters, tensors["optimizer"])

    def adopt_averages(self) -> None:
        """Give the model the averaged weights, where an average was kept."""
        adopt(self._averages, self.parameters)

    def _whole(self, tensors: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
        keep = not self.sharded or self._accelerator.is_main_process
        return gathered(tensors, keep=keep)


def adopt(source: "Mapping[str, Tensor]", target: "Mapping[str, Tensor]") -> None:
    """Copy values by name into tensors that may be sharded."""
    import torch

    with torch.no_grad():
        for name, tensor in source.items():
            target[name].copy_(placed_like(tensor, target[name]))


def moments_of(adamw: Any, parameters: "Mapping[str, Tensor]") -> "dict[str, Tensor]":
    """What AdamW knows of each parameter, by `<parameter>/<kind>`."""
    return {
        f"{name}/{kind}": tensor
        for name, parameter in parameters.items()
        for kind, tensor in adamw.state[parameter].items()
    }


def restore_moments(adamw: Any, parameters: "Mapping[str, Tensor]", moments: "Mapping[str, Tensor]") -> None:
    """Put back what `moments_of` gave, each where its parameter is; AdamW wants its counter on the CPU."""
    for key, tensor in moments.items():
        name, kind = key.rsplit("/", 1)
        parameter = parameters[name]
        adamw.state[parameter][kind] = tensor if kind == "step" else placed_like(tensor, parameter)
