"""What a comparison consists of: a run for each arm and seed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vip.pipelines.comparison.blocks import block_of, merged
from vip.pipelines.comparison.budgets import budget_at_once, own_budgets

SEEDED = ("video_generation", "redpo_training")
"""Blocks whose seed is the run's."""
BLOCKS = (
    "block_pruning",
    "prompt_filtering",
    "video_generation",
    "scoring",
    "pair_curation",
    "redpo_training",
)
"""Blocks that an arm may change."""
_NAMESPACE = re.compile(r"(?P<arm>\w+)_seed_(?P<seed>\d+)(_stage_\d+)?")


@dataclass(frozen=True)
class ArmRun:
    """One arm with one seed: how many stages it has, whether they train, which parameters are its own."""

    arm: str
    seed: int
    stages: int
    trained: bool
    own: Mapping[str, Any]

    @property
    def name(self) -> str:
        """`sft_seed_0`."""
        return f"{self.arm}_seed_{self.seed}"

    def namespace(self, stage: int) -> str:
        """`sft_seed_0_stage_1`; stage 0 is the teacher."""
        return f"{self.name}_stage_{stage}"


def runs_of(parameters: Mapping[str, Any]) -> list[ArmRun]:
    """All runs of the comparison, seed by seed, as the parameters say; none where they say nothing of it.

    What is no comparison at all gives none, too: `Comparison` refuses it, in the user's words. An arm that
    removes everything at once is left out where the stages' budgets cannot be added up (`left_out`).
    """
    seeds = block_of(parameters, "comparison").get("seeds")
    return repeated(chosen_arms(parameters), seeds if isinstance(seeds, list) else [], parameters)


def repeated(
    arms: Mapping[str, Mapping[str, Any]], seeds: Iterable[Any], parameters: Mapping[str, Any]
) -> list[ArmRun]:
    """Every arm with every seed, seed by seed; what is no seed is left for others to refuse."""
    pairs = [(name, seed) for seed in seeds if type(seed) is int for name in arms]
    runs = (_run(name, arms[name], seed, parameters) for name, seed in pairs)
    return [run for run in runs if run is not None]


def known_arms(parameters: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """All arms by name, chosen or not; without those that are no mapping."""
    arms = block_of(block_of(parameters, "comparison"), "arms")
    return {str(name): arm for name, arm in arms.items() if isinstance(arm, Mapping)}


def chosen_arms(parameters: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The arms that `only` names; without it, all but those that want to be named (`by_default: false`)."""
    known, only = known_arms(parameters), block_of(parameters, "comparison").get("only")
    if not isinstance(only or [], list):
        return {}
    usual = [name for name, arm in known.items() if arm.get("by_default", True)]
    return {name: known[name] for name in map(str, only or usual) if name in known}


def left_out(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Chosen arms that cannot be run, and why: those at once of budgets that do not add up."""
    return {
        name: f"it removes at once what {stages} stages remove, but their budgets cannot be added up; "
        "give the last stage target_parameters, or every stage blocks_per_stage"
        for name, arm in chosen_arms(parameters).items()
        if (stages := _stages(arm, parameters)) and arm.get("at_once")
        if budget_at_once({**parameters, **own_budgets(arm)}, stages) is None
    }


def run_of(namespace: str | None) -> tuple[str, int] | None:
    """Arm and seed that a namespace stands for; None for any other namespace."""
    found = _NAMESPACE.fullmatch((namespace or "").partition(".")[0])
    return (found["arm"], int(found["seed"])) if found else None


def _run(name: str, arm: Mapping[str, Any], seed: int, parameters: Mapping[str, Any]) -> ArmRun | None:
    budgets, stages = own_budgets(arm), _stages(arm, parameters)
    own: dict[str, Any] = {
        block: merged(block_of(parameters, block), block_of(arm, block))
        | ({"seed": seed} if block in SEEDED else {})
        for block in BLOCKS
        if block in SEEDED or arm.get(block)
    }
    if arm.get("at_once") and stages:
        budget = budget_at_once({**parameters, **budgets}, stages)
        if budget is None:
            return None
        budgets, stages = {"stage_1": {"budget": budget}}, 1
    own |= budgets
    return ArmRun(name, seed, stages, arm.get("trained", True), own)


def _stages(arm: Mapping[str, Any], parameters: Mapping[str, Any]) -> int:
    """How many stages an arm asks for; none where it says so in no number."""
    given = parameters.get("stages") if arm.get("stages") is None else arm["stages"]
    return len(own_budgets(arm)) or (max(given, 0) if isinstance(given, int) else 0)
