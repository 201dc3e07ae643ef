"""What a comparison consists of: a run for each arm and seed, and the parameters that are a run's own.

Kedro reads parameters before it knows pipelines, so a run's own parameters are put beside the user's, as
`comparison_runs.<arm>_seed_<seed>`, when configuration is read. Beside them stand the second opinions by name
(`evaluators.py`), and a roster: with which evaluator each arm trained, and which arms are left out, and why.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vip.pipelines.comparison.evaluators import evaluator_of, second_opinions

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
    removes everything at once is left out where the stages' budgets cannot be added up (`left_out`).
    """
    seeds = block_of(parameters).get("seeds")
    return repeated(chosen_arms(parameters), seeds if isinstance(seeds, list) else [], parameters)


def repeated(
    arms: Mapping[str, Mapping[str, Any]], seeds: Iterable[Any], parameters: Mapping[str, Any]
) -> list[ArmRun]:
    """Every arm with every seed, seed by seed; what is no seed is left for others to refuse."""
    pairs = [(name, seed) for seed in seeds if type(seed) is int for name in arms]
    runs = (_run(name, arms[name], seed, parameters) for name, seed in pairs)
    return [run for run in runs if run is not None]


def block_of(parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    """The user's `comparison`; empty where there is none, or it is no mapping."""
    block = parameters.get("comparison")
    return block if isinstance(block, Mapping) else {}


def chosen_arms(parameters: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The arms that `only` names; without it, all but those that want to be named (`by_default: false`)."""
    arms, only = block_of(parameters).get("arms"), block_of(parameters).get("only")
    if not isinstance(arms, Mapping) or not isinstance(only or [], list):
        return {}
    known = {str(name): arm for name, arm in arms.items() if isinstance(arm, Mapping)}
    usual = [name for name, arm in known.items() if arm.get("by_default", True)]
    return {name: known[name] for name in map(str, only or usual) if name in known}


def left_out(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Chosen arms that cannot be run, and why: those at once of budgets that do not add up."""
    return {
        name: f"it removes at once what {stages} stages remove, but their budgets cannot be added up; "
        "give the last stage target_parameters, or every stage blocks_per_stage"
        for name, arm in chosen_arms(parameters).items()
        if (stages := _stages(arm, parameters)) and arm.get("at_once")
        if budget_at_once({**parameters, **_own_budgets(arm)}, stages) is None
    }


def opinions_of(parameters: Mapping[str, Any]) -> list[str]:
    """The names of the second opinions."""
    return list(second_opinions(block_of(parameters).get("second_opinions")))


def run_parameters(parameters: Mapping[str, Any], runs: Sequence[ArmRun]) -> dict[str, Any]:
    """The blocks of every run, by its name; under `seed_<seed>` what evaluations share, whatever the arm.

    `second_opinions` and `roster` (`vip.pipelines.comparison.config.Roster`) are there even where empty,
    and `alignment`, the block of its training, where the parameters have both.
    """
    own = {run.name: dict(run.own) for run in runs if run.stages}
    return own | _noises(parameters, runs) | _judges(parameters) | _of_alignment(parameters)


def _noises(parameters: Mapping[str, Any], runs: Sequence[ArmRun]) -> dict[str, Any]:
    sampling = parameters.get("video_generation") or {}
    return {f"seed_{run.seed}": {"video_generation": {**sampling, "seed": run.seed}} for run in runs}


def _judges(parameters: Mapping[str, Any]) -> dict[str, Any]:
    opinions = second_opinions(block_of(parameters).get("second_opinions"))
    shared = parameters.get("scoring") or {}
    trained = (run for run in runs_of(parameters) if run.stages and run.trained)
    trained_with = {
        run.arm: evaluator_of(run.own.get("scoring", shared), shared, opinions) for run in trained
    }
    roster = {"trained_with": trained_with, "left_out": left_out(parameters)}
    return {"second_opinions": opinions, "roster": roster}


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
    budgets, stages = _own_budgets(arm), _stages(arm, parameters)
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
    return ArmRun(name, seed, stages, arm.get("trained", True), own)


def _own_budgets(arm: Mapping[str, Any]) -> dict[str, Any]:
    """The blocks `stage_1`, `stage_2`, ... of an arm that has budgets of its own."""
    given = [(kind, arm[kind]) for kind in BUDGETS if isinstance(arm.get(kind), list)]
    return {
        f"stage_{number}": {"budget": {kind: value}}
        for kind, values in given
        for number, value in enumerate(values, start=1)
    }


def _stages(arm: Mapping[str, Any], parameters: Mapping[str, Any]) -> int:
    """How many stages an arm asks for; none where it says so in no number."""
    given = parameters.get("stages") if arm.get("stages") is None else arm["stages"]
    return len(_own_budgets(arm)) or (given if isinstance(given, int) else 0)


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
