"""Whether all stages' budgets can be met one after the other, and how many units each stage searches."""

from collections.abc import Sequence
from dataclasses import dataclass

from vip.errors import UserError
from vip.families.base import Granularity
from vip.pruning.selection import Budget, choose
from vip.types import Unit


@dataclass(frozen=True)
class StageUnits:
    """How many units a stage searches, at most, and which are taken to go: the smallest ones."""

    searched: int
    removed: tuple[str, ...]


def units_of_stages(
    units: Sequence[Unit], budgets: Sequence[Budget], granularity: Granularity
) -> list[StageUnits]:
    """What each stage searches and removes; UserError naming the stage whose budget cannot be met.

    Which units go is not known before the scores are. Both are upper bounds: that the largest went before
    leaves the most to search, that the smallest go leaves the most to compute.
    """
    largest = _walk(units, budgets, granularity, sign=-1)
    smallest = _walk(units, budgets, granularity, sign=1)
    return [
        StageUnits(searched, removed) for (searched, _), (_, removed) in zip(largest, smallest, strict=True)
    ]


def _walk(
    units: Sequence[Unit], budgets: Sequence[Budget], granularity: Granularity, sign: int
) -> list[tuple[int, tuple[str, ...]]]:
    """Stage by stage, how many units can go and which do: the smallest first, or with -1 the largest."""
    left, found = list(units), []
    for number, budget in enumerate(budgets, 1):
        losses = {unit.name: sign * float(unit.parameters) for unit in left}
        try:
            removed = choose(left, losses, budget, granularity)
        except UserError as error:
            raise UserError(f"stage_{number}.budget: {error}") from None
        found.append((sum(unit.removable for unit in left), tuple(removed)))
        left = [unit for unit in left if unit.name not in removed]
    return found
