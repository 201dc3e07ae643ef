"""What the micro-batches of a step add up to in one process."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vip.training.curve import measured
from vip.training.objective import Terms, gradients_of
from vip.training.sharding import parts_of_gradients

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, nn


@dataclass
class Sums:
    """Sums over micro-batches, each counted by its share; means over processes of them are global means.

    `sharded` gradients are this process's parts of global ones already.
    """

    sharded: bool = False
    measured: Any = 0.0
    gradients: Any = 0.0
    broken: list[bool] = field(default_factory=list)
    """For each pair in turn, whether its logit is NaN or infinite."""

    def add(self, found: Terms, loss: "Tensor", share: float) -> None:
        """Count a micro-batch's quantities, those of the training curve."""
        self.measured = self.measured + share * measured(found, loss)
        self.broken += (~found.dpo.logits.detach().isfinite()).tolist()

    def add_gradients(self, found: Terms, share: float, parameters: "Sequence[nn.Parameter]") -> None:
        """Count the gradient of each term alone."""
        if self.sharded:
            losses = (share * found.dpo.loss, share * found.sft)
            self.gradients = self.gradients + parts_of_gradients(losses, parameters)
        else:
            self.gradients = self.gradients + share * gradients_of(found, parameters)

    def gradient_norms(self, accelerator: Any) -> tuple[float, float]:
        """The norms of the gradients of L_diff-dpo and of L_SFT, unweighted."""
        import torch

        if self.sharded:
            norms = accelerator.reduce(self.gradients.square().sum(dim=1), "sum").sqrt()
        else:
            norms = torch.linalg.vector_norm(accelerator.reduce(self.gradients, "mean"), dim=1)
        dpo, sft = norms.tolist()
        return dpo, sft
