"""The parameters of scoring."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.rewards.registry import check_reward


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class RewardChoice:
    """A reward model by its name in the registry."""

    name: Annotated[str, Field(min_length=1)]
    """The reward's name, for example `shapes_oracle`."""
    options: dict[str, Any] = Field(default_factory=dict)
    """What the reward is built with; which options there are is the reward's own matter."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Scoring:
    """Which reward scores clips, and how many at once."""

    reward: RewardChoice
    """The reward model; the paper uses VideoScore (Sec. 4.1)."""
    batch_size: Annotated[int, Field(ge=1)] = 16
    """Clips scored in one call of the reward."""

    def check(self) -> None:
        """UserError where the reward is not registered, or not with these options."""
        check_reward(self.reward.name, self.reward.options)
