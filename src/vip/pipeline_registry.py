"""The table of contents: every pipeline that `kedro run --pipeline=<name>` knows."""

from kedro.pipeline import Pipeline

from vip.config_loader import number_of_stages, parameters_now
from vip.pipelines.comparison import pipeline as comparison
from vip.pipelines.comparison.arms import runs_of
from vip.pipelines.prompt_filtering import pipeline as prompt_filtering
from vip.pipelines.reporting import pipeline as reporting
from vip.pipelines.stage import pipeline as stage
from vip.pipelines.teacher_training import pipeline as teacher_training
from vip.pipelines.user_study import pipeline as user_study
from vip.pipelines.vbench import pipeline as vbench

STEPS = (
    "block_pruning",
    "video_generation",
    "scoring",
    "pair_curation",
    "redpo_training",
    "evaluation",
)


def register_pipelines() -> dict[str, Pipeline]:
    """All pipelines by name; `__default__` is the whole method."""
    count = number_of_stages()
    prompts = prompt_filtering.create_pipeline()
    stages = {f"stage_{number}": stage.create_pipeline(number) for number in range(1, count + 1)}

    every_stage = prompts + sum(stages.values(), Pipeline([]))
    whole_method = every_stage + reporting.create_pipeline(count)

    return {
        "__default__": whole_method,
        "stage": every_stage,
        **{name: prompts + single for name, single in stages.items()},
        "prompt_filtering": prompts,
        **{step: whole_method.only_nodes_with_tags(step) for step in STEPS},
        "reporting": reporting.create_pipeline(count),
        "user_study": sum(map(user_study.create_pipeline, range(1, count + 1)), Pipeline([])),
        "teacher_training": prompts + teacher_training.create_pipeline(),
        "vbench": vbench.create_pipeline(count),
        "comparison": prompts + comparison.create_pipeline(runs_of(parameters_now())),
    }
