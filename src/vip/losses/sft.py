"""Supervised fine-tuning: match the teacher's prediction on the winner (paper Sec. 3.4.1)."""

from typing import TYPE_CHECKING

from vip.losses.squared_error import squared_error

if TYPE_CHECKING:
    from torch import Tensor


def sft(student_winner: "Tensor", reference_winner: "Tensor") -> "Tensor":
    """L_SFT = E ||eps_theta(x_t^w, t) - eps_ref(x_t^w, t)||^2, from predictions (B, ...); a scalar.

    The mean over pairs of each pair's mean over all other dimensions.
    """
    return squared_error(student_winner, reference_winner).mean()
