"""What an evaluation and its pages are told: the block `evaluation` of the parameters."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.evaluation.bootstrap import Bootstrap


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Evaluation:
    """How sure the comparison has to be, and how much of it the report shows."""

    resamples: Annotated[int, Field(ge=100, le=1_000_000)]
    """Bootstrap resamples behind each interval."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    """How often such intervals hold the true difference."""
    examples: Annotated[int, Field(ge=1, le=12)]
    """Best, typical and worst clips that the report shows a stage: so many of each."""
    latency_clips: Annotated[int, Field(ge=1)]
    """Timed sampling calls a model; the median counts."""
    seed: Annotated[int, Field(ge=0)]
    """Seed of the bootstrap and of the noise that is timed."""

    @property
    def bootstrap(self) -> Bootstrap:
        """How intervals are made."""
        return Bootstrap(self.resamples, self.confidence, self.seed)
