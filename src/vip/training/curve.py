"""The training curve: one row an optimizer step, every quantity one needs to see over-optimisation coming."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from vip.losses.methods import Terms
    from vip.types import Table

Row = dict[str, float | None]

CURVE = {
    "step": "int64",
    "epoch": "int64",
    "loss": "float64",
    "dpo_loss": "float64",
    "sft_loss": "float64",
    "weighted_sft_loss": "float64",
    "feature_loss": "float64",
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
clipping; the norms of the two terms, unweighted, are NaN on steps where they were not measured, and so is
L_FeatKD (`feature_loss`) with methods that have none. BK-SDM's other two terms are d_w, but for a constant,
and `sft_loss`.
"""


def measured(terms: "Terms", loss: "Tensor") -> "dict[str, Tensor]":
    """What one batch says, scalars by their columns."""
    found = {
        "loss": loss,
        "dpo_loss": terms.dpo.loss,
        "sft_loss": terms.sft,
        "winner_margin": terms.dpo.winner_margin.mean(),
        "loser_margin": terms.dpo.loser_margin.mean(),
        "implicit_accuracy": terms.dpo.accuracy,
    }
    if terms.features is not None:
        found["feature_loss"] = terms.features
    return {name: value.detach() for name, value in found.items()}


def mean_quantities(sums: "Mapping[str, Tensor]", accelerator: Any) -> Row:
    """Means over the global batch, from the sums of this process's values, each times its batch's share."""
    import torch

    means = accelerator.reduce(torch.stack(list(sums.values())), "mean").tolist()
    return dict(zip(sums, means, strict=True))


def curve_table(rows: list[Row]) -> "Table":
    """The rows as a table with the columns of `CURVE`."""
    import pandas as pd

    return pd.DataFrame(rows, columns=list(CURVE)).astype(CURVE)
