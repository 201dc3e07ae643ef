"""The arm of the comparison that sweeps put their values into, and what its settings are without them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from vip.errors import UserError
from vip.evaluation.swept import label_of
from vip.pipelines.comparison.arms import ArmRun, repeated
from vip.pipelines.comparison.blocks import block_of
from vip.pipelines.comparison.budgets import BUDGETS
from vip.pipelines.sweep.config import Sweep


@dataclass(frozen=True)
class Base:
    """The arm that values are put into, a run of it, and all parameters as they are in that run."""

    arm: Mapping[str, Any]
    run: ArmRun
    parameters: Mapping[str, Any]

    def value_of(self, setting: str) -> Any:
        """None where it is not set; of budgets a list, with None for stages that have the other kind."""
        if setting in BUDGETS:
            stages = range(1, self.run.stages + 1)
            return [self.value_of(f"stage_{number}.budget.{setting}") for number in stages]
        return self._block_of(setting).get(setting.rpartition(".")[2])

    def says(self, setting: str) -> bool:
        """Whether parameters say what it is, if only null."""
        return setting in BUDGETS or setting.rpartition(".")[2] in self._block_of(setting)

    def default_of(self, sweep: Sweep) -> Any:
        """What the settings are without the sweep; in words where several settings are not the same."""
        found: list[Any] = []
        for value in map(self.value_of, sweep.settings):
            found += [] if value in found else [value]
        return found[0] if len(found) == 1 else ", ".join(map(label_of, found))

    @property
    def budgets(self) -> str:
        """What its stages have, in words: `target_parameters 210,000 / 93,000`."""
        found = {kind: self.value_of(kind) for kind in BUDGETS}
        return ", ".join(f"{kind} {label_of(has)}" for kind, has in found.items() if any(map(bool, has)))

    def _block_of(self, setting: str) -> Mapping[str, Any]:
        return reduce(block_of, setting.split(".")[:-1], self.parameters)


def base_of(name: str, arms: Mapping[str, Mapping[str, Any]], parameters: Mapping[str, Any]) -> Base:
    """The arm of that name; UserError where there is none, where it cannot be run or trains nothing."""
    if name not in arms:
        raise UserError(f"sweep.base is {name!r}, no arm of the comparison; its arms are {', '.join(arms)}")
    run = next(iter(repeated({name: arms[name]}, [0], parameters)), None)
    if run is None:
        raise UserError(
            f"sweep.base is {name!r}, an arm at once of budgets that cannot be added up; choose another one"
        )
    if not (run.stages and run.trained):
        raise UserError(f"sweep.base is {name!r}, an arm that trains nothing; choose one that does")
    return Base(arms[name], run, {**parameters, **run.own})
