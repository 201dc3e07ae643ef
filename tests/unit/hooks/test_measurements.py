"""Tables as MLflow's metrics."""

import math

import pandas as pd

from vip.hooks.measurements import (
    flatten,
    of_costs,
    of_effects,
    of_gains,
    of_metrics,
    of_sweeps,
    of_training_curve,
    reader_of,
)
from vip.types import PROPERTIES


def test_metrics_are_named_by_model_dimension_comparison_and_bound():
    table = pd.DataFrame(
        {
            "model": ["full", "student"],
            "dimension": ["average", "average"],
            "mean": [3.5, 3.4],
            "versus_full": [math.nan, -0.1],
            "versus_full_low": [math.nan, -0.2],
            "versus_full_high": [math.nan, 0.0],
            "versus_pruned": [math.nan, 0.3],
        }
    )
    assert {each.name: each.value for each in of_metrics(table)} == {
        "full.average": 3.5,
        "student.average": 3.4,
        "student.average.versus_full": -0.1,
        "student.average.versus_full.low": -0.2,
        "student.average.versus_full.high": 0.0,
        "student.average.versus_pruned": 0.3,
    }


def test_costs_are_named_by_model():
    table = pd.DataFrame({"model": ["pruned"], "parameters": [219], "peak_memory_bytes": [math.nan]})
    assert list(of_costs(table)) == [("pruned.parameters", 219.0, 0)]


def test_curves_keep_their_steps():
    table = pd.DataFrame({"step": [1, 2], "loss": [0.7, math.inf], "gradient": [1.0, 2.0]})
    assert list(of_training_curve(table)) == [
        ("training.loss", 0.7, 1),
        ("training.gradient", 1.0, 1),
        ("training.gradient", 2.0, 2),
    ]


def test_of_a_sweep_the_values_differences_from_the_default_are_measured():
    table = pd.DataFrame(
        {
            "sweep": "beta",
            "evaluator": "reward",
            "dimension": "average",
            "arm": ["redpo", "beta_500"],
            "default": [True, False],
            "difference": [0.0, 0.1],
            "low": [0.0, math.nan],
            "high": [0.0, 0.3],
        }
    )
    assert list(of_sweeps(table)) == [
        ("beta.reward.average.beta_500", 0.1, 0),
        ("beta.reward.average.beta_500.high", 0.3, 0),
    ]


def test_scores_of_second_opinions_are_named_after_them_whatever_they_are():
    scores = pd.DataFrame([dict.fromkeys((*PROPERTIES, "average"), 2.5)])
    for dataset, name in (("reward_scores", "reward"), ("second_opinion_my_clip_scores", "my_clip")):
        found = {each.name: each.value for each in reader_of(dataset)(scores)}
        assert found == {f"{name}.{column}": 2.5 for column in (*PROPERTIES, "average")}
    assert reader_of("full_scores") is reader_of("second_opinion_clip_score_items") is None


def test_gains_are_named_by_evaluator_dimension_and_arm_and_own_rewards_have_no_excess():
    row = {"arm": "sft", "evaluator": "clip", "dimension": "average", "gain": 0.2, "low": 0.1, "high": 0.3}
    excess = {"excess": 0.05, "excess_low": math.nan, "excess_high": math.nan}
    assert {each.name: each.value for each in of_gains(pd.DataFrame([row | excess]))} == {
        "clip.average.sft_gain": 0.2,
        "clip.average.sft_gain.low": 0.1,
        "clip.average.sft_gain.high": 0.3,
        "clip.average.sft_excess": 0.05,
    }


def test_effects_are_named_by_who_judges():
    row = {"evaluator": "reward", "dimension": "average", "difference": -0.1, "low": -0.2, "high": 0.0}
    assert {each.name: each.value for each in of_effects(pd.DataFrame([row | {"win_rate": 0.4}]))} == {
        "reward.average.aligned_minus_teacher": -0.1,
        "reward.average.aligned_minus_teacher.low": -0.2,
        "reward.average.aligned_minus_teacher.high": 0.0,
        "reward.average.aligned_minus_teacher.win_rate": 0.4,
    }


def test_parameters_are_flattened_to_dotted_names():
    nested = {"stage": 1, "scoring": {"reward": {"name": "oracle", "options": {}}}}
    assert flatten(nested) == {
        "stage": "1",
        "scoring.reward.name": "oracle",
        "scoring.reward.options": "{}",
    }
