"""Whether all stages' budgets can be met one after the other, and how many units each stage searches."""

from collections.abc import Sequence
from dataclasses import dataclass

from vip.errors import UserError
from vip.families.base import Granularity
from vip.pruning.selection import choose_count, choose_target
from vip.types import Unit


@dataclass(frozen=True)
class BudgetStep:
    """One stage's budget: units that go, or prunable parameters that may be left."""

    blocks_per_stage: int | None
    target_parameters: int | None


def units_of_stages(
    units: Sequence[Unit], budgets: Sequence[BudgetStep], granularity: Granularity
) -> list[int]:
    """How many removable units each stage has to search, at most; UserError naming the stage that cannot be.

    Which units go is not known before the scores are; that the largest go leaves the most to search.
    """
    left, searched = list(units), []
    for number, budget in enumerate(budgets, 1):
        searched.append(sum(unit.removable for unit in left))
        try:
            gone = set(_largest_first(left, budget, granularity))
        except UserError as error:
            raise UserError(f"stage_{number}.budget: {error}") from None
        left = [unit for unit in left if unit.name not in gone]
    return searched


def _largest_first(units: Sequence[Unit], budget: BudgetStep, granularity: Granularity) -> list[str]:
    losses = {unit.name: -float(unit.parameters) for unit in units}
    if budget.target_parameters is not None:
        return choose_target(units, losses, budget.target_parameters, granularity)
    assert budget.blocks_per_stage is not None, "a budget is exactly one of its two fields"
    return choose_count(units, losses, budget.blocks_per_stage, granularity)
