"""What the micro-batches of a step add up to in one process."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vip.training.curve import measured
from vip.training.objective import Terms, gradients_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor, nn


@dataclass
class Sums:
    """Sums over micro-batches, each counted by its share; means over processes of them are global means."""

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
        self.gradients = self.gradients + share * gradients_of(found, parameters)

    def gradient_norms(self, accelerator: Any) -> tuple[float, float]:
        """The norms of the gradients of L_diff-dpo and of L_SFT, unweighted."""
        import torch

        dpo, sft = torch.linalg.vector_norm(accelerator.reduce(self.gradients, "mean"), dim=1).tolist()
        return dpo, sft
