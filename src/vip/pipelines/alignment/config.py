"""The parameters of alignment."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.types import Property


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Alignment:
    """Which pairs of a model's own clips teach it what the reward in the block `preference` likes."""

    dimension: Property | Literal["average"]
    """The score of that reward that is preferred."""
    describes: Annotated[list[Property], Field(min_length=1)]
    """Prompts that describe any of these properties make pairs, `prompt_filtering.stage_prompts` at most."""
    samples: Annotated[int, Field(ge=2)]
    """Clips of each prompt, from a noise of their own each: the best one wins, the worst one loses."""
    minimum_margin: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    """Points of the preference that winner and loser must be apart by."""
    redpo_training: dict[str, Any] = Field(default_factory=dict)
    """Parameters of redpo_training that differ."""
