"""The parameters of the user study."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from vip.evaluation.bootstrap import Bootstrap


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class UserStudy:
    """What is compared on the study's page, whose votes count, and how sure their sum is."""

    models: Annotated[list[Literal["full", "pruned", "student", "rival"]], Field(min_length=2, max_length=3)]
    """Two or three models whose clips stand side by side; `rival` is the student of another run."""
    prompts: Annotated[int, Field(ge=1, le=500)]
    """Comparisons a person is asked for, at most: one an evaluation prompt."""
    minimum_seconds: Annotated[float, Field(ge=0)]
    """Who votes faster, by the median, has not looked: all votes of that person are left out."""
    maximum_share: Annotated[float, Field(gt=0, le=1)]
    """Who votes for one place (always left, say) more often than this is left out as well."""
    resamples: Annotated[int, Field(ge=100, le=100_000)]
    """Bootstrap resamples of the comparisons behind each interval."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    """How often such intervals hold the true value."""
    seed: Annotated[int, Field(ge=0)]
    """Seed of the choice of prompts and of the bootstrap."""

    @property
    def bootstrap(self) -> Bootstrap:
        """How intervals are made."""
        return Bootstrap(self.resamples, self.confidence, self.seed)

    @model_validator(mode="after")
    def _check_models(self) -> "UserStudy":
        if len(set(self.models)) != len(self.models):
            raise ValueError(f"models are {', '.join(self.models)}: name each of them once")
        return self
