"""Which units go: greedily those that cost least, until the budget is met (paper Sec. 3.2)."""

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.errors import UserError
from vip.families.base import Granularity
from vip.types import Unit


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Budget:
    """How much one stage removes: exactly one of a number of units and a number of parameters to keep."""

    blocks_per_stage: Annotated[int | None, Field(ge=1)] = None
    """Units removed in this stage."""
    target_parameters: Annotated[int | None, Field(ge=0)] = None
    """Prunable parameters left at most after this stage."""

    def __post_init__(self) -> None:
        """Refuse both, and neither."""
        if (self.blocks_per_stage is None) == (self.target_parameters is None):
            raise ValueError(
                "a budget is exactly one of blocks_per_stage and target_parameters, not blocks_per_stage: "
                f"{self.blocks_per_stage} and target_parameters: {self.target_parameters}; give one of them"
            )


def choose(
    units: Sequence[Unit], losses: Mapping[str, float], budget: Budget, granularity: Granularity
) -> list[str]:
    """Names of the units to remove, cheapest first, until the budget is met; UserError where it cannot be."""
    if budget.target_parameters is not None:
        return choose_target(units, losses, budget.target_parameters, granularity)
    assert budget.blocks_per_stage is not None, "a budget is exactly one of its two fields"
    return choose_count(units, losses, budget.blocks_per_stage, granularity)


def cheapest_first(units: Sequence[Unit], losses: Mapping[str, float]) -> list[Unit]:
    """The removable units, smallest loss first; equal losses in the order of the names."""
    removable = [unit for unit in units if unit.removable]
    return sorted(removable, key=lambda unit: (losses[unit.name], unit.name))


def choose_count(
    units: Sequence[Unit], losses: Mapping[str, float], count: int, granularity: Granularity
) -> list[str]:
    """Names of the `count` cheapest units, cheapest first; UserError where there are not that many."""
    ranked = cheapest_first(units, losses)
    if count > len(ranked):
        raise UserError(
            f"blocks_per_stage is {count}, this model has {len(ranked)} removable units; "
            f"lower it{_or_finer(granularity)}"
        )
    return _with_some_left(ranked[:count], units, f"blocks_per_stage is {count}, lower it")


def choose_target(
    units: Sequence[Unit], losses: Mapping[str, float], target: int, granularity: Granularity
) -> list[str]:
    """Names of units, cheapest first, whose removal leaves at most `target` prunable parameters.

    Units go cheapest first until the target is met. What the last of them made unnecessary is then given
    back, dearest first, so that no unit of the choice could stay without missing the target. UserError where
    the model is that small already, or where even without its removable units it is not.
    """
    current = sum(unit.parameters for unit in units)
    ranked = cheapest_first(units, losses)
    least = current - sum(unit.parameters for unit in ranked)
    if target >= current:
        raise UserError(
            f"target_parameters is {target:,}, this model has only {current:,} prunable parameters; "
            f"set it between {least:,} and {current - 1:,}"
        )
    if target < least:
        raise UserError(
            f"target_parameters is {target:,}, but without all {len(ranked)} removable units this model "
            f"still has {least:,} of {current:,} prunable parameters; raise it{_or_finer(granularity)}"
        )
    left, chosen = current, []
    for unit in ranked:
        if left <= target:
            break
        chosen.append(unit)
        left -= unit.parameters
    for unit in reversed(chosen.copy()):
        if left + unit.parameters <= target:
            chosen.remove(unit)
            left += unit.parameters
    return _with_some_left(chosen, units, f"target_parameters is {target:,}, raise it")


def _with_some_left(chosen: Sequence[Unit], units: Sequence[Unit], remedy: str) -> list[str]:
    """The names of what is chosen; UserError where that is all there is, and nothing is left to train."""
    if len(chosen) == len(units):
        raise UserError(f"the budget would remove all {len(units)} units of this model; {remedy}")
    return [unit.name for unit in chosen]


def _or_finer(granularity: Granularity) -> str:
    """The other remedy, where there is one."""
    return " or choose granularity: module" if granularity == "block" else ""
