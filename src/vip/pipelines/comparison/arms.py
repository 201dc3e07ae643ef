"""What a comparison consists of: a run for each arm and seed, and the parameters that are a run's own.

Kedro reads parameters before it knows pipelines, so a run's own parameters are put beside the user's, as
`comparison_runs.<arm>_seed_<seed>`, when configuration is read.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RUNS = "comparison_runs"
"""The parameter that holds the runs' own blocks; made here, never written by hand."""
ALIGNMENT = "alignment"
"""A run by itself, no arm, whose training has a block of its own as well."""
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
BUDGETS = ("blocks_per_stage", "target_parameters")
"""What an arm may give its stages to remove, one number a stage, in place of the shared budgets."""

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
    removes everything at once is left out where the stages' budgets cannot be added up.
    """
    comparison = parameters.get("comparison")
    arms = comparison.get("arms") if isinstance(comparison, Mapping) else None
    if not isinstance(comparison, Mapping) or not isinstance(arms, Mapping):
        return []
    chosen = comparison.get("only") or list(arms)
    seeds = comparison.get("seeds")
    if not isinstance(chosen, list) or not isinstance(seeds, list):
        return []
    known = {str(name): arms[name] for name in chosen if isinstance(arms.get(name), Mapping)}
    return repeated(known, seeds, parameters)


def repeated(
    arms: Mapping[str, Mapping[str, Any]], seeds: Iterable[Any], parameters: Mapping[str, Any]
) -> list[ArmRun]:
    """Every arm with every seed, seed by seed; what is no seed is left for others to refuse."""
    pairs = [(name, seed) for seed in seeds if type(seed) is int for name in arms]
    runs = (_run(name, arms[name], seed, parameters) for name, seed in pairs)
    return [run for run in runs if run is not None]


def run_parameters(parameters: Mapping[str, Any], runs: Sequence[ArmRun]) -> dict[str, Any]:
    """The blocks of every run, by its name; under `seed_<seed>` what evaluations share, whatever the arm.

    Under `alignment` the block of its training, where the parameters have both.
    """
    sampling = parameters.get("video_generation") or {}
    noises = {f"seed_{run.seed}": {"video_generation": {**sampling, "seed": run.seed}} for run in runs}
    own = {run.name: dict(run.own) for run in runs if run.stages}
    return own | noises | _of_alignment(parameters)


def _of_alignment(parameters: Mapping[str, Any]) -> dict[str, Any]:
    alignment, base = parameters.get(ALIGNMENT), parameters.get("redpo_training")
    changes = alignment.get("redpo_training") if isinstance(alignment, Mapping) else None
    if not isinstance(changes, Mapping) or not isinstance(base, Mapping):
        return {}
    return {ALIGNMENT: {"redpo_training": merged(base, changes)}}


def run_of(namespace: str | None) -> tuple[str, int] | None:
    """Arm and seed that a namespace stands for; None for any other namespace."""
    found = _NAMESPACE.fullmatch((namespace or "").partition(".")[0])
    return (found["arm"], int(found["seed"])) if found else None


def _run(name: str, arm: Mapping[str, Any], seed: int, parameters: Mapping[str, Any]) -> ArmRun | None:
    budgets = _own_budgets(arm)
    stages = len(budgets) or (parameters["stages"] if arm.get("stages") is None else arm["stages"])
    own: dict[str, Any] = {
        block: merged(parameters.get(block) or {}, arm.get(block) or {})
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
    return ArmRun(name, seed, stages if isinstance(stages, int) else 0, arm.get("trained", True), own)


def _own_budgets(arm: Mapping[str, Any]) -> dict[str, Any]:
    """The blocks `stage_1`, `stage_2`, ... of an arm that has budgets of its own."""
    given = [(kind, arm[kind]) for kind in BUDGETS if isinstance(arm.get(kind), list)]
    return {
        f"stage_{number}": {"budget": {kind: value}}
        for kind, values in given
        for number, value in enumerate(values, start=1)
    }


def budget_at_once(parameters: Mapping[str, Any], stages: int) -> dict[str, int] | None:
    """The budget of all stages together: the last one's parameters to keep, or the sum of their units.

    None where that is not known: a stage without a budget, or one of each kind, the last one in units.
    """
    blocks = [parameters.get(f"stage_{number}") or {} for number in range(1, stages + 1)]
    budgets = [dict(block.get("budget") or {}) for block in blocks]
    if budgets[-1].get("target_parameters") is not None:
        return {"target_parameters": budgets[-1]["target_parameters"]}
    counts = [budget.get("blocks_per_stage") for budget in budgets]
    if not all(isinstance(count, int) for count in counts):
        return None
    return {"blocks_per_stage": sum(count for count in counts if count is not None)}


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The base with an arm's changes, nested ones as well; options of another reward replace the base's."""
    both = dict(base)
    for key, value in changes.items():
        nested = isinstance(value, Mapping) and isinstance(both.get(key), Mapping)
        other_name = nested and value.get("name") not in (None, both[key].get("name"))
        both[key] = merged(both[key], value) if nested and not other_name else value
    return both
