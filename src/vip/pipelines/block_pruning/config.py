"""The parameters of block pruning, and the budget of one stage, which is what the selection is told."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.evaluation.bootstrap import Bootstrap
from vip.families.base import Granularity
from vip.pruning.selection import Budget

__all__ = ["BlockPruning", "Budget"]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class BlockPruning:
    """What counts as a unit, and how its importance is measured."""

    granularity: Granularity
    """Whether single modules or whole blocks are removed."""
    targets: Literal["damaged", "all"]
    """Which properties pairs are made for: those that pruning damaged, as in the paper, or every one."""
    resamples: Annotated[int, Field(ge=1)]
    """Bootstrap resamples of an interval."""
    confidence: Annotated[float, Field(gt=0, lt=1)]
    """The share of intervals that should hold the true mean difference."""
    seed: Annotated[int, Field(ge=0)]
    """Seed of the bootstrap; what is generated follows video_generation's."""

    @property
    def bootstrap(self) -> Bootstrap:
        """How intervals are made."""
        return Bootstrap(self.resamples, self.confidence, self.seed)
