"""The plan of an experiment: from its settings alone, or one line that says why it cannot work."""

from pathlib import Path

import pytest

from vip import config_loader
from vip.commands.experiment import Experiment
from vip.commands.plan import planned, workload_of
from vip.errors import UserError
from vip.families.loading import Loading
from vip.losses.methods import METHODS

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def forgotten_configuration(monkeypatch):
    """The registry asks the last configuration that was read; other tests must not find these."""
    monkeypatch.setattr(config_loader, "_latest", [])


def test_the_embedded_default_is_planned_stage_by_stage():
    lines = planned(ROOT, None, {}, 1e12).splitlines()
    assert [line.split()[0] for line in lines[1:15]] == ["1"] * 7 + ["2"] * 7
    assert lines[15].split()[0] == "all"


def test_settings_of_one_command_count():
    halved = planned(ROOT, None, {"video_generation": {"guidance_scale": 1.0}}, 1e12)
    assert halved != planned(ROOT, None, {}, 1e12)


@pytest.mark.parametrize(
    ("method", "beside"), [("redpo", None), ("feature_distillation", Loading("bf16", only_denoiser=True))]
)
def test_a_teacher_is_planned_beside_the_student_where_the_method_needs_one(method, beside):
    training = {"method": method, "precision": "bf16", "offload": True}
    experiment = Experiment.read(ROOT, None, {"redpo_training": training})
    work = workload_of(experiment.outline_teacher(), experiment.parameters)
    assert work.teacher_beside == beside


@pytest.mark.parametrize("method", METHODS)
def test_losers_of_methods_of_winners_are_planned_without_a_gradient(method):
    experiment = Experiment.read(ROOT, None, {"redpo_training": {"method": method}})
    work = workload_of(experiment.outline_teacher(), experiment.parameters)
    assert work.learns_from_losers == (method in ("redpo", "dpo"))


@pytest.mark.parametrize("maximum", [None, 7])
def test_the_maximum_of_pairs_is_planned_with(maximum):
    experiment = Experiment.read(ROOT, None, {"pair_curation": {"maximum_pairs": maximum}})
    assert workload_of(experiment.outline_teacher(), experiment.parameters).maximum_pairs == maximum


@pytest.mark.parametrize(
    ("size", "at_once", "in_parts"), [(None, 2, False), (1, 1, True), (2, 2, False), (5, 2, False)]
)
def test_a_micro_batch_is_a_part_of_a_batch_of_two(size, at_once, in_parts):
    settings = {"redpo_training": {"batch_size": 2, "micro_batch_size": size}}
    experiment = Experiment.read(ROOT, None, settings)
    work = workload_of(experiment.outline_teacher(), experiment.parameters)
    assert (work.training_batch, work.in_parts) == (at_once, in_parts)


@pytest.mark.parametrize(
    ("env", "params", "speed", "message"),
    [
        (None, {"stage_2": {"budget": {"target_parameters": 1}}}, 1e12, r"stage_2\.budget: .* all 6 units"),
        (None, {"redpo_training": {"betta": 1}}, 1e12, "did you mean beta"),
        (None, {}, 0.0, "has to be more than 0"),
        ("animatediff", {}, 1e12, r"raw_prompts: .*animatediff_prompts\.csv is missing"),
    ],
)
def test_what_cannot_work_is_refused(env, params, speed, message):
    with pytest.raises(UserError, match=message):
        planned(ROOT, env, params, speed)
