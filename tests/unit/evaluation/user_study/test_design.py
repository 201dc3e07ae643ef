"""A study shows clips under names that give nothing away, and its key tells them apart again."""

import json

import pytest
from tests.unit.evaluation.user_study.voting import MODELS, clips_of, study_of

from vip.errors import UserError
from vip.evaluation.user_study.design import Study, design
from vip.evaluation.user_study.page import render_study


def test_every_comparison_holds_one_clip_a_model_of_one_prompt():
    study, _ = study_of(5)
    assert len(study.comparisons) == 5
    for comparison in study.comparisons:
        assert sorted(comparison.models.values()) == sorted(MODELS)
        numbers = {clip["clip"].removeprefix(clip["model"]) for clip in comparison.clips.values()}
        assert len(numbers) == 1
        assert comparison.prompt.endswith(numbers.pop())


def test_the_key_survives_json():
    study, _ = study_of(3)
    assert Study.from_json(json.loads(json.dumps(study.as_json()))) == study


def test_the_place_of_a_name_says_nothing_of_its_model():
    study, _ = study_of(60)
    firsts = [next(iter(comparison.models.values())) for comparison in study.comparisons]
    assert {model: firsts.count(model) for model in MODELS}.keys() == set(MODELS)
    assert all(8 <= firsts.count(model) <= 34 for model in MODELS)


def test_the_seed_draws_the_prompts_and_names_the_study():
    clips = {model: clips_of(model, 20) for model in MODELS}
    same, again, other = (design(clips, 4, seed) for seed in (0, 0, 1))
    assert same == again
    assert same.study != other.study
    assert {c.prompt for c in same.comparisons} != {c.prompt for c in other.comparisons}


def test_models_without_a_clip_in_common_are_refused():
    clips = {"full": clips_of("full", 3), "student": clips_of("student", 3)}
    clips["student"].table["seed"] += 10
    with pytest.raises(
        UserError, match="0 of 3 clips have a partner of the same prompt and seed in full, student"
    ):
        design(clips, 3, 0)


def test_the_page_names_no_model_and_asks_the_network_for_nothing():
    study, clips = study_of(2)
    page = render_study(study, clips)
    for word in (*MODELS, "teacher", "http://", "https://"):
        assert word not in page.replace("default-src", ""), word
    for comparison in study.comparisons:
        assert page.count(comparison.item) == 1
        assert all(page.count(name) == 1 for name in comparison.clips)
    assert page.count("data:video/mp4;base64,") == 6


def test_prompts_cannot_break_out_of_the_page():
    hostile = '</script><script>alert("x")</script>'
    clips = {model: clips_of(model, 1, prompt=hostile) for model in ("full", "student")}
    assert hostile not in render_study(design(clips, 1, 0), clips)
