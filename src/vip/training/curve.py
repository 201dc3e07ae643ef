"""The training curve: one row an optimizer step, every quantity one needs to see over-optimisation coming."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from vip.training.objective import Terms
    from vip.types import Table

Row = dict[str, float | None]

CURVE = {
    "step": "int64",
    "epoch": "int64",
    "loss": "float64",
    "dpo_loss": "float64",
    "sft_loss": "float64",
    "weighted_sft_loss": "float64",
    "winner_margin": "float64",
    "loser_margin": "float64",
    "implicit_accuracy": "float64",
    "gradient_norm": "float64",
    "dpo_gradient_norm": "float64",
    "sft_gradient_norm": "float64",
    "learning_rate": "float64",
    "sft_weight": "float64",
}
"""Columns of the curve and their types.

Margins are the paper's d_w and d_l; `loss` is what was minimised; `gradient_norm` is the loss's, before
clipping; the norms of the two terms, unweighted, are NaN on steps where they were not measured.
"""


MEASURED = ("loss", "dpo_loss", "sft_loss", "winner_margin", "loser_margin", "implicit_accuracy")
"""The columns that every batch has a value of."""


def measured(terms: "Terms", loss: "Tensor") -> "Tensor":
    """The values of `MEASURED` (6,) for one batch."""
    import torch

    margins = (terms.dpo.winner_margin.mean(), terms.dpo.loser_margin.mean())
    return torch.stack([loss, terms.dpo.loss, terms.sft, *margins, terms.dpo.accuracy]).detach()


def mean_quantities(sums: "Tensor", accelerator: Any) -> Row:
    """Means over the global batch, from the sum of this process's values, each times its batch's share."""
    return dict(zip(MEASURED, accelerator.reduce(sums, "mean").tolist(), strict=True))


def curve_table(rows: list[Row]) -> "Table":
    """The rows as a table with the columns of `CURVE`."""
    import pandas as pd

    return pd.DataFrame(rows, columns=list(CURVE)).astype(CURVE)
