"""The parameters of the comparison."""

import re
from itertools import pairwise
from typing import Annotated, Any

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.errors import UserError
from vip.evaluation.bootstrap import Bootstrap
from vip.evaluation.effects import PREFERENCE
from vip.pipelines.comparison.arms import BLOCKS, SEEDED
from vip.pipelines.comparison.evaluators import NAME, REWARD
from vip.pipelines.scoring.config import RewardChoice
from vip.rewards.registry import check_reward

Name = Annotated[str, Field(pattern=f"^{NAME}$")]
Block = dict[str, Any]
# Strict, since pipelines are built from what is written, before anything reads "2" as 2 or "no" as false.
Count = Annotated[int, Field(ge=0, strict=True)]
Switch = Annotated[bool, Field(strict=True)]
Budgets = Annotated[list[Count], Field(min_length=1)] | None
Seeds = Annotated[list[Count], Field(min_length=1)]
READ_UNTRAINED = ("block_pruning", "video_generation", "scoring")
"""Blocks that a stage reads that prunes only."""
READ_BY_STAGES = ("threshold", "stage_prompts", "seed")
"""Parameters of prompt_filtering that choose a stage's prompts; the others make the prompts of all."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Arm:
    """One way to a small model: what differs from the parameters that all arms share."""

    by_default: Switch = True
    """Whether it runs where `only` is empty; otherwise it has to be named there."""
    stages: Count | None = None
    """How many stages it has; None for as many as the method, 0 for the teacher as it is."""
    at_once: Switch = False
    """Remove in a single stage what the others remove in all of theirs."""
    trained: Switch = True
    """Whether stages train what they pruned."""
    blocks_per_stage: Budgets = None
    """Units that its stages remove instead, a number a stage: `[4, 2, 1]` has three stages."""
    target_parameters: Budgets = None
    """Prunable parameters that its stages leave at most instead, a number a stage."""
    block_pruning: Block = Field(default_factory=dict)
    """Parameters of block_pruning that differ."""
    prompt_filtering: Block = Field(default_factory=dict)
    """Parameters of prompt_filtering that differ, of those that a stage reads; other prompts are shared."""
    video_generation: Block = Field(default_factory=dict)
    """Parameters of video_generation that differ; evaluation clips follow the shared ones."""
    scoring: Block = Field(default_factory=dict)
    """Parameters of scoring that differ, such as another reward to search, curate and train with."""
    pair_curation: Block = Field(default_factory=dict)
    """Parameters of pair_curation that differ."""
    redpo_training: Block = Field(default_factory=dict)
    """Parameters of redpo_training that differ."""

    def __post_init__(self) -> None:
        """Refuse two numbers of stages, sizes that do not fall, and changes that would change nothing."""
        given = {
            "stages": self.stages,
            "blocks_per_stage": self.blocks_per_stage,
            "target_parameters": self.target_parameters,
        }
        said = [name for name, value in given.items() if value is not None]
        if len(said) > 1:
            raise ValueError(f"{' and '.join(said)} each say how many stages there are; keep one of them")
        if any(after >= before for before, after in pairwise(self.target_parameters or ())):
            raise ValueError(
                f"target_parameters are {self.target_parameters}, but every stage has to leave fewer than "
                "the one before"
            )
        if unread := sorted(set(self.prompt_filtering) - set(READ_BY_STAGES)):
            raise ValueError(
                f"prompt_filtering.{unread[0]} is used once for all arms, which have their prompts in "
                f"common; an arm may change {', '.join(READ_BY_STAGES)}"
            )
        for block in SEEDED:
            if "seed" in getattr(self, block):
                raise ValueError(f"{block}.seed is the run's; comparison.seeds has the seeds of all arms")
        if idle := [block for block in BLOCKS if getattr(self, block) and block not in self._read_blocks()]:
            what = "is the teacher as it is (stages: 0)" if self.stages == 0 else "does not train"
            raise ValueError(f"{idle[0]} changes nothing of an arm that {what}; take it out")

    def _read_blocks(self) -> tuple[str, ...]:
        if self.stages == 0:
            return ()
        return BLOCKS if self.trained else READ_UNTRAINED


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SecondOpinion:
    """A reward that scores the evaluation clips besides the one of `scoring`."""

    reward: RewardChoice
    """The reward, by its name in the registry."""
    batch_size: Annotated[int, Field(ge=1)] = 16
    """Clips scored in one call of the reward."""
    name: Name | None = None
    """What its columns are called; None for the name of the reward."""

    @property
    def evaluator(self) -> str:
        """What its columns are called."""
        return self.name or self.reward.name

    def check(self) -> None:
        """UserError where the reward is not registered, or not with these options, or names no columns."""
        check_reward(self.reward.name, self.reward.options)
        if not re.fullmatch(NAME, self.evaluator):
            raise UserError(
                f"the second opinion {self.evaluator!r} cannot be called so; give it a name of small "
                "letters, digits and underscores"
            )


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Roster:
    """Who takes part, and how; `vip.pipelines.comparison.run_parameters` makes it of the others."""

    trained_with: dict[str, str]
    """By arm that trains: the evaluator whose reward it searches, curates and trains with, or that reward."""
    left_out: dict[str, str]
    """Arms that cannot be run, and why."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Comparison:
    """Which arms are compared, on which seeds, by which rewards, and how sure that has to be."""

    arms: dict[Name, Arm]
    """What is compared, by name."""
    only: list[str]
    """Arms of a partial comparison; empty for all but those with `by_default: false`."""
    seeds: Seeds
    """Each repeats every arm with other noise, draws and data order."""
    candidate: str
    """The arm whose differences to every other one are asked for."""
    second_opinions: list[SecondOpinion]
    """What scores the evaluation clips besides the reward of `scoring`; none, one or several."""
    resamples: Annotated[int, Field(ge=100, le=1_000_000)]
    """Bootstrap resamples behind each interval."""
    confidence: Annotated[float, Field(gt=0.5, lt=1)]
    """How often such intervals hold the true difference."""
    seed: Annotated[int, Field(ge=0)]
    """Seed of the bootstrap."""
    baseline: str = "pruned"
    """The arm that gains are counted from, by the reward an arm trained with and by the others."""
    control: str = "sft"
    """The arm whose preferences steer it least: what two rewards see differently in it is their scale."""

    @property
    def bootstrap(self) -> Bootstrap:
        """How intervals are made."""
        return Bootstrap(self.resamples, self.confidence, self.seed)

    def check(self) -> None:
        """UserError where a name is of no arm or reward, or a seed, a name or the teacher stands twice."""
        for name in (*self.only, self.candidate, self.baseline, self.control):
            if name not in self.arms:
                raise UserError(f"{name!r} is no arm of the comparison; arms are {', '.join(self.arms)}")
        if len(set(self.seeds)) < len(self.seeds):
            raise UserError(f"seeds are {self.seeds}; write each of them once")
        teachers = [name for name, arm in self.arms.items() if arm.stages == 0]
        if len(teachers) > 1:
            raise UserError(f"the arms {' and '.join(teachers)} are both the teacher (stages: 0); keep one")
        for opinion in self.second_opinions:
            opinion.check()
        evaluators = [REWARD, PREFERENCE, *(opinion.evaluator for opinion in self.second_opinions)]
        for name in evaluators:
            if evaluators.count(name) > 1:
                raise UserError(
                    f"{evaluators.count(name)} evaluators are called {name!r}; give second opinions a name "
                    f"each, other than {REWARD!r} and {PREFERENCE!r}, those of scoring and of alignment"
                )
