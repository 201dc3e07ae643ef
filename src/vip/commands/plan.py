"""`kedro plan`: what an experiment will cost and whether its settings can work, before anything is loaded."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kedro.framework.cli.utils import CONTEXT_SETTINGS, env_option

from vip.commands.experiment import Experiment, echo
from vip.commands.run import parse_parameters
from vip.errors import UserError

if TYPE_CHECKING:
    from vip.families.base import VideoFamily
    from vip.planning.workload import Workload


@click.command("plan", context_settings=CONTEXT_SETTINGS)
@env_option
@click.option("--params", default="", help="As for kedro run: key=value,...")
@click.option(
    "--flops-per-second",
    default=1e14,
    show_default=True,
    help="What the machine keeps up, in FLOP/s; a GPU does a third to a half of its data sheet's.",
)
def plan(env: str | None, params: str, flops_per_second: float) -> None:
    """Count the clips, denoiser calls, FLOPs, disk and memory of an experiment, from its settings alone."""
    echo(lambda: planned(Path.cwd(), env, parse_parameters(params), flops_per_second))


def planned(project: Path, env: str | None, params: dict[str, Any], flops_per_second: float) -> str:
    """The plan of the experiment `env` as text; UserError where its settings cannot work."""
    from vip.planning.table import plan_as_text
    from vip.planning.workload import plan

    if flops_per_second <= 0:
        raise UserError(f"--flops-per-second is {flops_per_second}; it has to be more than 0")
    experiment = Experiment.read(project, env, params)
    for prompts in ("raw_prompts", "raw_evaluation_prompts"):
        experiment.file_of(prompts)
    model = experiment.outline_teacher()
    work = workload_of(model, experiment.parameters)
    return plan_as_text(plan(experiment.outline_teacher, work), flops_per_second)


def workload_of(model: "VideoFamily", parameters: dict[str, Any]) -> "Workload":
    """The settings that decide how much there is to do; UserError where a stage's budget cannot be met."""
    from pydantic import TypeAdapter

    from vip.pipelines.block_pruning.config import BlockPruning, Budget
    from vip.pipelines.pair_curation.config import PairCuration
    from vip.pipelines.prompt_filtering.config import PromptFiltering
    from vip.pipelines.redpo_training.config import ReDPOTraining
    from vip.pipelines.video_generation.config import VideoGeneration
    from vip.planning.budgets import units_of_stages
    from vip.planning.workload import Workload

    def typed(kind: Any, value: Any) -> Any:
        return TypeAdapter(kind).validate_python(value)

    prompts = typed(PromptFiltering, parameters["prompt_filtering"])
    sampling = typed(VideoGeneration, parameters["video_generation"])
    pairs = typed(PairCuration, parameters["pair_curation"])
    training = typed(ReDPOTraining, parameters["redpo_training"])
    at_once = min(training.micro_batch_size or training.batch_size, training.batch_size)
    granularity = typed(BlockPruning, parameters["block_pruning"]).granularity
    stages = range(1, parameters["stages"] + 1)
    budgets = [typed(Budget, parameters[f"stage_{number}"]["budget"]) for number in stages]
    return Workload(
        stages=units_of_stages(model.units(granularity), budgets, granularity),
        granularity=granularity,
        scoring_prompts=prompts.scoring_prompts,
        stage_prompts=prompts.stage_prompts,
        evaluation_prompts=prompts.evaluation_prompts,
        sampler=sampling.sampler,
        batch_size=sampling.batch_size,
        epochs=training.epochs,
        training_batch=at_once,
        in_parts=at_once < training.batch_size,
        reference_batch=training.reference_batch_size,
        maximum_pairs=pairs.maximum_pairs,
        loading=sampling.loading,
        training_loading=training.loading,
        gradient_checkpointing=training.gradient_checkpointing,
        averaged=training.ema_decay > 0,
        gradient_norm_every=training.gradient_norm_every,
        learns_from_losers=training.learns_from_losers,
        teacher_beside=training.loading_beside if training.with_teacher else None,
    )
