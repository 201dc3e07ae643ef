"""What the micro-batches of a step add up to in one process."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vip.training.curve import measured
from vip.training.objective import Terms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, nn


@dataclass
class Sums:
    """Sums over micro-batches, each counted by its share; means over processes of them are global means."""

    measured: Any = 0.0
    broken: list[bool] = field(default_factory=list)
    """For each pair in turn, whether its logit is NaN or infinite."""
    gradients: "dict[str, list[Tensor]]" = field(default_factory=dict)
    """Of each term alone, a tensor a parameter; never in one piece, for they are as large as the model."""

    def add(self, found: Terms, loss: "Tensor", share: float) -> None:
        """Count a micro-batch's quantities, those of the training curve."""
        self.measured = self.measured + share * measured(found, loss)
        self.broken += (~found.dpo.logits.detach().isfinite()).tolist()

    def add_gradients(self, found: Terms, share: float, parameters: "Sequence[nn.Parameter]") -> None:
        """Count the gradients of L_diff-dpo and of L_SFT, unweighted, without touching `.grad`."""
        import torch

        for term, loss in (("dpo", found.dpo.loss), ("sft", found.sft)):
            gradients = torch.autograd.grad(share * loss, parameters, retain_graph=True)
            if term not in self.gradients:
                self.gradients[term] = list(gradients)
                continue
            for total, gradient in zip(self.gradients[term], gradients, strict=True):
                total.add_(gradient)

    def gradient_norms(self, accelerator: Any) -> tuple[float, float]:
        """The norms of the gradients of L_diff-dpo and of L_SFT, averaged over processes."""

        def norm(gradients: "list[Tensor]") -> float:
            means = (accelerator.reduce(gradient, "mean") for gradient in gradients)
            return math.hypot(*(float(mean.norm()) for mean in means))

        return norm(self.gradients["dpo"]), norm(self.gradients["sft"])
