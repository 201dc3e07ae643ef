"""The parameters of prompt filtering."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from vip.judges.registry import check_judge

Count = Annotated[int, Field(ge=1)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class JudgeChoice:
    """A judge by its name in the registry, and what it is built with."""

    name: str
    """Name in `vip.judges.registry`."""
    options: dict[str, Any] = Field(default_factory=dict)
    """Arguments of the judge."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class PromptFiltering:
    """Which prompts are kept, and how many of them are used for what."""

    judge: JudgeChoice
    """What says which properties a prompt describes."""
    minimum_words: Count
    """Fewest words of a prompt, articles not counted."""
    maximum_words: Count
    """Most words of a prompt, articles not counted."""
    maximum_prompts: Count | None
    """Most different prompts that are judged, drawn from all fit ones; None judges them all."""
    threshold: Annotated[float, Field(ge=0, le=1)]
    """Probability from which on a prompt describes a property."""
    scoring_prompts: Count
    """Prompts of the block search."""
    stage_prompts: Count
    """Most prompts that a stage makes pairs from."""
    evaluation_prompts: Count
    """Most prompts of the evaluation: the first ones of their file."""
    seed: Annotated[int, Field(ge=0)]
    """What the choice among equally good prompts depends on."""

    @model_validator(mode="after")
    def _check_words(self) -> "PromptFiltering":
        if self.minimum_words > self.maximum_words:
            raise ValueError(
                f"minimum_words is {self.minimum_words} and maximum_words {self.maximum_words}: "
                "no prompt can have so many; swap them"
            )
        return self

    def check(self) -> None:
        """UserError where the judge is not registered, or not with these options."""
        check_judge(self.judge.name, self.judge.options)
