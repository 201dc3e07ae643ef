"""What the micro-batches of a step add up to in one process."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vip.training.curve import measured
from vip.training.sharding import part_of_gradient

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torch import Tensor, nn

    from vip.losses.methods import Terms


@dataclass
class Sums:
    """Sums over micro-batches, each counted by its share; means over processes of them are global means.

    `sharded` gradients are this process's parts of global ones already.
    """

    sharded: bool = False
    measured: "dict[str, Tensor]" = field(default_factory=dict)
    broken: list[bool] = field(default_factory=list)
    """For each pair in turn, whether its logit is NaN or infinite."""
    gradients: "dict[str, list[Tensor]]" = field(default_factory=dict)
    """Of each term alone, a tensor a parameter; never in one piece, for they are as large as the model."""

    def add(self, found: "Terms", loss: "Tensor", share: float) -> None:
        """Count a micro-batch's quantities, those of the training curve."""
        for name, value in measured(found, loss).items():
            self.measured[name] = self.measured.get(name, 0.0) + share * value
        self.broken += (~found.dpo.logits.detach().isfinite()).tolist()

    def add_gradients(self, found: "Terms", share: float, parameters: "Sequence[nn.Parameter]") -> None:
        """Count the gradients of L_diff-dpo and of L_SFT, unweighted, without touching `.grad`."""
        for term, loss in (("dpo", found.dpo.loss), ("sft", found.sft)):
            self._count(term, self._gradient(share * loss, parameters))

    def _count(self, term: str, gradients: "list[Tensor]") -> None:
        """Tensor by tensor, so that no third list of them is ever whole; autograd's own may share memory."""
        sums = self.gradients.setdefault(term, [])
        if not sums:
            sums += gradients
            return
        for place, gradient in enumerate(gradients):
            sums[place] = sums[place] + gradient

    def _gradient(self, loss: "Tensor", parameters: "Sequence[nn.Parameter]") -> "list[Tensor]":
        import torch

        if self.sharded:
            return part_of_gradient(loss, parameters)
        return list(torch.autograd.grad(loss, parameters, retain_graph=True))

    def gradient_norms(self, accelerator: Any) -> tuple[float, float]:
        """The norms of the gradients of L_diff-dpo and of L_SFT, averaged over processes."""
        return self._norm("dpo", accelerator), self._norm("sft", accelerator)

    def _norm(self, term: str, accelerator: Any) -> float:
        import torch

        gradients: Iterable[Tensor] = self.gradients[term]
        if not self.sharded:  # one at a time: what accelerate reduces it clones
            gradients = (accelerator.reduce(gradient, "mean") for gradient in gradients)
        square = torch.stack([gradient.square().sum() for gradient in gradients]).sum()
        return float((accelerator.reduce(square, "sum") if self.sharded else square).sqrt())
