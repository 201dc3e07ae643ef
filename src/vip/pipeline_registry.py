"""The table of contents: every pipeline that `kedro run --pipeline=<name>` knows."""

from functools import cache, partial
from typing import TYPE_CHECKING

from kedro.pipeline import Pipeline

from vip.config_loader import number_of_stages, parameters_now
from vip.deferred import DeferredPipeline
from vip.pipelines.alignment import pipeline as alignment
from vip.pipelines.classifier_training import pipeline as classifier_training
from vip.pipelines.comparison import pipeline as comparison
from vip.pipelines.comparison.arms import runs_of
from vip.pipelines.comparison.run_parameters import opinions_of
from vip.pipelines.prompt_filtering import pipeline as prompt_filtering
from vip.pipelines.reporting import pipeline as reporting
from vip.pipelines.stage import pipeline as stage
from vip.pipelines.step_distillation import pipeline as step_distillation
from vip.pipelines.sweep import pipeline as sweep
from vip.pipelines.sweep.arms import plan_of
from vip.pipelines.teacher_training import pipeline as teacher_training
from vip.pipelines.user_study import pipeline as user_study
from vip.pipelines.vbench import pipeline as vbench

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = (
    "block_pruning",
    "video_generation",
    "scoring",
    "pair_curation",
    "redpo_training",
    "evaluation",
)


def register_pipelines() -> dict[str, Pipeline]:
    """All pipelines by name, each made when it is looked at; `__default__` is the whole method."""
    count = number_of_stages()
    numbers = range(1, count + 1)
    prompts = cache(prompt_filtering.create_pipeline)
    single_stage = cache(stage.create_pipeline)

    @cache
    def every_stage() -> Pipeline:
        return prompts() + sum(map(single_stage, numbers), Pipeline([]))

    @cache
    def whole_method() -> Pipeline:
        return every_stage() + reporting.create_pipeline(count)

    makers: dict[str, Callable[[], Pipeline]] = {
        "__default__": whole_method,
        "stage": every_stage,
        **{f"stage_{number}": partial(lambda n: prompts() + single_stage(n), number) for number in numbers},
        "prompt_filtering": prompts,
        **{step: partial(lambda tag: whole_method().only_nodes_with_tags(tag), step) for step in STEPS},
        "reporting": lambda: reporting.create_pipeline(count),
        "user_study": lambda: sum(map(user_study.create_pipeline, numbers), Pipeline([])),
        "teacher_training": lambda: prompts() + teacher_training.create_pipeline(),
        "classifier_training": classifier_training.create_pipeline,
        "step_distillation": lambda: prompts() + step_distillation.create_pipeline(),
        "vbench": lambda: vbench.create_pipeline(count),
        "alignment": lambda: prompts() + alignment.create_pipeline(opinions_of(parameters_now())),
        "comparison": lambda: (
            prompts() + comparison.create_pipeline(runs_of(parameters_now()), opinions_of(parameters_now()))
        ),
        "sweep": lambda: (
            prompts() + sweep.create_pipeline(plan_of(parameters_now()).runs, opinions_of(parameters_now()))
        ),
    }
    return {name: DeferredPipeline(make) for name, make in makers.items()}
