"""The parameters of sweeps."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.errors import UserError
from vip.evaluation.swept import Scale, label_of
from vip.pipelines.comparison.arms import BLOCKS, SEEDED
from vip.pipelines.comparison.budgets import BUDGETS
from vip.pipelines.comparison.config import Name, Seeds


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Sweep:
    """One setting and the values it is given, all else as it is."""

    setting: str | list[str]
    """What is changed, as an arm says it: `redpo_training.beta`; of several settings, each has the value."""
    values: Annotated[list[Any], Field(min_length=1)]
    """What it is changed to. The value it has without a sweep is always among them."""
    scale: Scale = "steps"
    """How values are spaced on the page: `linear`, `log`, or alike, in `steps`."""

    def __post_init__(self) -> None:
        """Refuse settings that are none, or the run's own, and values that stand twice."""
        if not self.settings:
            raise ValueError("setting names nothing to change")
        for setting in self.settings:
            block, _, rest = setting.partition(".")
            if not (setting in BUDGETS or (block in BLOCKS and rest)):
                raise ValueError(
                    f"{setting} cannot be swept, but settings of {', '.join(BLOCKS)}, such as "
                    f"redpo_training.beta, and {' and '.join(BUDGETS)}, lists with a number a stage"
                )
            if setting in [f"{block}.seed" for block in SEEDED]:
                raise ValueError(f"{setting} is the run's; sweep.seeds has all seeds")
        if twice := [label_of(value) for value in self.values if self.values.count(value) > 1]:
            raise ValueError(f"values are {', '.join(twice)} more than once; write each of them once")

    @property
    def settings(self) -> list[str]:
        """The settings, one or several."""
        return [self.setting] if isinstance(self.setting, str) else self.setting


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Sweeps:
    """Which settings are swept, from which arm, on which seeds; how sure to be, `comparison` says."""

    base: str
    """The arm of the comparison whose settings are changed, one at a time; its runs are the comparison's."""
    sweeps: dict[Name, Sweep]
    """What is swept, by name."""
    only: list[str]
    """Sweeps of a partial run; empty for all."""
    seeds: Seeds
    """Each repeats every value with other noise, draws and data order."""

    def check(self) -> None:
        """UserError where a name is of no sweep, or a seed stands twice."""
        for name in self.only:
            if name not in self.sweeps:
                raise UserError(f"{name!r} is no sweep; sweeps are {', '.join(self.sweeps)}")
        if len(set(self.seeds)) < len(self.seeds):
            raise UserError(f"seeds are {self.seeds}; write each of them once")
