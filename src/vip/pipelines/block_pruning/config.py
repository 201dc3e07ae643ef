"""The parameters of block pruning, and the budget of one stage."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.families.base import Granularity


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class BlockPruning:
    """What counts as a unit, and how its importance is measured."""

    granularity: Granularity = "module"
    """Whether single modules or whole blocks are removed."""
    targets: Literal["damaged", "all"] = "damaged"
    """Which properties pairs are made for: those that pruning damaged, as in the paper, or every one."""
    resamples: Annotated[int, Field(ge=1)] = 1000
    """Bootstrap resamples of an interval."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """The share of intervals that should hold the true mean difference."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the bootstrap; what is generated follows video_generation's."""


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
