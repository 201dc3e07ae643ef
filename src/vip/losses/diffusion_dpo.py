"""Diffusion-DPO: learn which of two clips is better, against a frozen reference (paper Sec. 3.4.1)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class DiffusionDPO:
    """The loss, a scalar, and what it is made of: one value a pair (B,).

    A margin is the student's error minus the reference's (the paper's d_w and d_l): below zero, the student
    predicts that clip better than the reference does.
    """

    loss: "Tensor"
    logits: "Tensor"
    winner_margin: "Tensor"
    loser_margin: "Tensor"

    @property
    def accuracy(self) -> "Tensor":
        """The implicit accuracy: the share of pairs whose logit is above zero."""
        return (self.logits > 0).float().mean()


def diffusion_dpo(
    student_winner: "Tensor",
    reference_winner: "Tensor",
    student_loser: "Tensor",
    reference_loser: "Tensor",
    beta: float,
) -> DiffusionDPO:
    """L_diff-dpo = -E log sigmoid(-(beta/2) (d_w - d_l)), from the four errors (B,) of `squared_error`.

    The paper's T w(lambda_t) is folded into beta together with the usual 1/2. One sigmoid a pair.
    """
    from torch.nn.functional import logsigmoid

    shapes = {
        tuple(error.shape) for error in (student_winner, reference_winner, student_loser, reference_loser)
    }
    if len(shapes) > 1 or student_winner.ndim != 1:
        raise ValueError(f"Diffusion-DPO takes one error a pair, all of one shape (B,); got {sorted(shapes)}")
    winner_margin = student_winner - reference_winner
    loser_margin = student_loser - reference_loser
    logits = -(beta / 2) * (winner_margin - loser_margin)
    return DiffusionDPO(-logsigmoid(logits).mean(), logits, winner_margin, loser_margin)
