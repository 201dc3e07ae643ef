"""What the micro-batches of a step add up to in one process."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vip.training.curve import measured
from vip.training.sharding import part_of_gradient

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from torch import Tensor, nn

    from vip.losses.methods import Terms


@dataclass
class Sums:
    """Sums over so many micro-batches, each counted by its share; means over processes are global means.

    `sharded` gradients are this process's parts of global ones already.
    """

    batches: int
    accelerator: Any
    sharded: bool = False
    measured: "dict[str, Tensor]" = field(default_factory=dict)
    broken: list[bool] = field(default_factory=list)
    """For each pair in turn, whether its logit is NaN or infinite."""
    gradients: "dict[str, list[Tensor]]" = field(default_factory=dict)
    """Of each term alone, a tensor a parameter; never in one piece, for they are as large as the model."""
    norms: dict[str, float] = field(default_factory=dict)
    """Of each term's gradient, averaged over processes, once the last micro-batch is added."""
    added: int = 0
    """Micro-batches whose gradients are counted."""

    def add(self, found: "Terms", loss: "Tensor", share: float) -> None:
        """Count a micro-batch's quantities, those of the training curve."""
        for name, value in measured(found, loss).items():
            self.measured[name] = self.measured.get(name, 0.0) + share * value
        self.broken += (~found.dpo.logits.detach().isfinite()).tolist()

    def add_gradients(self, found: "Terms", share: float, parameters: "Sequence[nn.Parameter]") -> None:
        """Count the gradients of L_diff-dpo and of L_SFT, unweighted, without touching `.grad`.

        Those of the last micro-batch are not kept, nor is then what was: of them all the norm is left.
        """
        self.added += 1
        for term, loss in (("dpo", found.dpo.loss), ("sft", found.sft)):
            self._count(term, self._gradient(share * loss, parameters))

    def _count(self, term: str, gradients: "list[Tensor]") -> None:
        earlier = self.gradients.pop(term, [])
        sums = _added(earlier, gradients) if earlier else gradients
        if self.added < self.batches:
            self.gradients[term] = list(sums)
        else:
            self.norms[term] = self._norm(sums)

    def _gradient(self, loss: "Tensor", parameters: "Sequence[nn.Parameter]") -> "list[Tensor]":
        import torch

        if self.sharded:
            return part_of_gradient(loss, parameters)
        return list(torch.autograd.grad(loss, parameters, retain_graph=True))

    def _norm(self, gradients: "Iterable[Tensor]") -> float:
        import torch

        if not self.sharded:  # one at a time: what accelerate reduces it clones
            gradients = (self.accelerator.reduce(gradient, "mean") for gradient in gradients)
        square = torch.stack([gradient.square().sum() for gradient in gradients]).sum()
        return float((self.accelerator.reduce(square, "sum") if self.sharded else square).sqrt())


def _added(earlier: "list[Tensor]", gradients: "list[Tensor]") -> "Iterator[Tensor]":
    """Sums that take the earlier ones' places one by one, so that no third list of them is ever whole."""
    for place, gradient in enumerate(gradients):
        earlier[place] = earlier[place] + gradient  # not in place: autograd's own may share memory
        yield earlier[place]
