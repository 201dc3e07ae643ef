"""ReDPO: preference learning, regularised by distillation (paper Sec. 3.4.1)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def redpo(dpo_loss: "Tensor", sft_loss: "Tensor", sft_weight: float) -> "Tensor":
    """L_ReDPO = L_diff-dpo + w_SFT * L_SFT."""
    return dpo_loss + sft_weight * sft_loss
