"""What the stages of an arm remove: budgets of its own, and all of them at once."""

from collections.abc import Mapping
from typing import Any

from vip.pipelines.comparison.blocks import block_of

BUDGETS = ("blocks_per_stage", "target_parameters")
"""What an arm may give its stages to remove, one number a stage, in place of the shared budgets."""


def own_budgets(arm: Mapping[str, Any]) -> dict[str, Any]:
    """The blocks `stage_1`, `stage_2`, ... of an arm that has budgets of its own."""
    given = [(kind, arm[kind]) for kind in BUDGETS if isinstance(arm.get(kind), list)]
    return {
        f"stage_{number}": {"budget": {kind: value}}
        for kind, values in given
        for number, value in enumerate(values, start=1)
    }


def budget_at_once(parameters: Mapping[str, Any], stages: int) -> dict[str, int] | None:
    """The budget of all stages together: the last one's parameters to keep, or the sum of their units.

    None where that is not known: a stage without a budget, or one of each kind, the last one in units.
    """
    blocks = [block_of(parameters, f"stage_{number}") for number in range(1, stages + 1)]
    budgets = [block_of(block, "budget") for block in blocks]
    if budgets[-1].get("target_parameters") is not None:
        return {"target_parameters": budgets[-1]["target_parameters"]}
    counts = [budget.get("blocks_per_stage") for budget in budgets]
    if not all(isinstance(count, int) for count in counts):
        return None
    return {"blocks_per_stage": sum(count for count in counts if count is not None)}
