"""What the report knows about each stage, gathered from the flat inputs of a node, and about all of them."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from vip.evaluation.arguments import argument_name, parts_of
from vip.families.folder import ModelFolder
from vip.types import Clip, Items, Table


@dataclass(frozen=True)
class Evidence:
    """Everything one stage left behind, by the names of its datasets; `stage` counts from 1."""

    stage: int
    pruned: ModelFolder
    student: ModelFolder
    pruning_record: Mapping[str, Any]
    block_importance: Table
    target_properties: list[str]
    pair_counts: Table
    training_curve: Table
    metrics: Table
    costs: Table
    full_evaluation_scores: Table
    pruned_evaluation_scores: Table
    student_evaluation_scores: Table
    full_evaluation_clips: Items[Clip]
    pruned_evaluation_clips: Items[Clip]
    student_evaluation_clips: Items[Clip]

    def scores(self, model: str) -> Table:
        """The scores of `full`, `pruned` or `student`."""
        return cast("Table", getattr(self, f"{model}_evaluation_scores"))

    def clips(self, model: str) -> Items[Clip]:
        """The clips of `full`, `pruned` or `student`."""
        return cast("Items[Clip]", getattr(self, f"{model}_evaluation_clips"))

    @property
    def removed(self) -> tuple[str, ...]:
        """Names of the units that went in this stage."""
        stages = {entry["stage"]: entry for entry in self.pruning_record["stages"]}
        return tuple(stages[self.stage]["removed"])


@dataclass(frozen=True)
class Run:
    """What all stages share: the teacher, how prompts were filtered, every parameter, and VBench's tables.

    `vbench` has the table of `full` (the teacher) and of `student` (of the last stage), None where VBench has
    not been run.
    """

    teacher: ModelFolder
    filtering_counts: Table
    judging_counts: Table
    parameters: Mapping[str, Any]
    vbench: Mapping[str, Table | None]


DATASETS = tuple(field.name for field in dataclasses.fields(Evidence) if field.name != "stage")
"""Names, inside a stage's namespace, of the datasets that the report reads."""


def gather(arguments: Mapping[str, Any]) -> tuple[Evidence, ...]:
    """Sort a node's keyword arguments, such as `stage_1__metrics`, into one `Evidence` a stage, in order."""
    numbers = sorted({int(parts_of(name)[0].removeprefix("stage_")) for name in arguments})
    return tuple(
        Evidence(
            stage=number, **{name: arguments[argument_name(f"stage_{number}", name)] for name in DATASETS}
        )
        for number in numbers
    )
