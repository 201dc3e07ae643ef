"""The evaluation pipeline: its datasets, its settings, and its nodes on a tiny model."""

import pytest
from pydantic import TypeAdapter, ValidationError
from tests.tiny.settings import video_generation
from tests.unit.evaluation import synthetic

from vip.evaluation.comparison import DIMENSIONS
from vip.families.folder import ModelFolder
from vip.pipelines.evaluation.config import Evaluation
from vip.pipelines.evaluation.nodes import compare_models, measure_costs
from vip.pipelines.evaluation.pipeline import create_pipeline

SETTINGS = {"resamples": 200, "confidence": 0.95, "examples": 2, "latency_clips": 1, "seed": 0}


def test_reads_models_and_prompts_and_makes_clips_scores_costs_and_metrics() -> None:
    evaluation = create_pipeline()
    assert evaluation.inputs() == {
        "teacher", "pruned", "student", "evaluation_prompts", "rival_evaluation_clips",
        "params:video_generation", "params:scoring", "params:evaluation", "params:user_study",
    }  # fmt: skip
    made = {
        f"{model}_evaluation_{kind}"
        for model in ("full", "pruned", "student")
        for kind in ("clips", "scores")
    }
    assert made | {"costs", "metrics", "study_page", "study_key"} <= evaluation.all_outputs()
    assert all(node.tags - {"alone"} == {"evaluation"} for node in evaluation.nodes)
    assert {node.name for node in evaluation.nodes} == evaluation.all_outputs() - {"study_key"}


def test_nothing_that_is_compared_depends_on_the_clock() -> None:
    assert "costs" not in create_pipeline().to_outputs("metrics").all_outputs()


def test_costs_have_a_row_a_model(tiny_folder: ModelFolder) -> None:
    sampling = video_generation(steps=1, guidance_scale=1.0, batch_size=1, seed=0)
    costs = measure_costs(tiny_folder, tiny_folder, tiny_folder, sampling, Evaluation(**SETTINGS))
    assert list(costs.columns) == ["model", "parameters", "flops", "seconds_per_clip", "peak_memory_bytes"]
    assert list(costs["model"]) == ["full", "pruned", "student"]
    assert (
        costs["parameters"].nunique() == costs["flops"].nunique() == costs["peak_memory_bytes"].nunique() == 1
    )
    assert (costs.drop(columns="model") > 0).all(axis=None)


def test_metrics_have_a_row_a_model_and_dimension_and_repeat_exactly() -> None:
    prompts = synthetic.prompts_of_shapes(6)
    scores = [synthetic.scores_of(model, prompts, offset) for model, offset in synthetic.OFFSETS.items()]
    first, second = (compare_models(*scores, Evaluation(**SETTINGS)) for _ in range(2))
    assert list(zip(first["model"], first["dimension"], strict=True)) == [
        (model, dimension) for model in ("full", "pruned", "student") for dimension in DIMENSIONS
    ]
    assert first.equals(second)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("resamples", 10),
        ("confidence", 1.0),
        ("confidence", 95),
        ("examples", 0),
        ("latency_clips", 0),
        ("seed", -1),
    ],
)
def test_impossible_settings_are_refused(field: str, value: float) -> None:
    with pytest.raises(ValidationError, match=field):
        TypeAdapter(Evaluation).validate_python(SETTINGS | {field: value})


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ValidationError, match="resample"):
        TypeAdapter(Evaluation).validate_python(SETTINGS | {"resample": 100})
