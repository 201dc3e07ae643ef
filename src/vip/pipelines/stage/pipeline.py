"""Stage n of the method (paper Alg. 1): one template, instantiated in the namespace `stage_n`."""

from functools import cache

from kedro.pipeline import Pipeline, node, pipeline

from vip.pipelines.block_pruning import pipeline as block_pruning
from vip.pipelines.evaluation import pipeline as evaluation
from vip.pipelines.pair_curation import pipeline as pair_curation
from vip.pipelines.prompt_filtering.nodes import select_stage_prompts
from vip.pipelines.redpo_training import pipeline as redpo_training
from vip.pipelines.scoring import pipeline as scoring
from vip.pipelines.video_generation import pipeline as video_generation

SHARED_INPUTS = ("teacher", "prompts", "scoring_prompts", "evaluation_prompts")
SHARED_PARAMETERS = (
    "params:block_pruning",
    "params:evaluation",
    "params:pair_curation",
    "params:prompt_filtering",
    "params:redpo_training",
    "params:scoring",
    "params:user_study",
    "params:video_generation",
)


def create_pipeline(number: int) -> Pipeline:
    """Stage `number`: prunes what the stage before made of the teacher, and distils the teacher into it."""
    return pipeline(
        distilling() + evaluation.create_pipeline(),
        namespace=f"stage_{number}",
        inputs={name: name for name in SHARED_INPUTS} | {"previous_student": _previous_student(number)},
        parameters=set(SHARED_PARAMETERS),
    )


@cache
def pruning() -> Pipeline:
    """The first half of a stage, without namespace: search, remove, and see what that damaged."""
    return block_pruning.create_pipeline()


@cache
def distilling() -> Pipeline:
    """A stage without namespace and without its evaluation."""
    stage_prompts = node(
        select_stage_prompts,
        inputs=["prompts", "scoring_prompts", "target_properties", "params:prompt_filtering"],
        outputs="stage_prompts",
        name="stage_prompts",
        tags="prompt_filtering",
    )
    return (
        pruning()
        + pipeline([stage_prompts])
        + video_generation.create_pipeline()
        + scoring.create_pipeline()
        + pair_curation.create_pipeline()
        + redpo_training.create_pipeline()
    )


def _previous_student(number: int) -> str:
    return "teacher" if number == 1 else f"stage_{number - 1}.student"
