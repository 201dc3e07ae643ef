"""The prompt files of the shapes world: dirty where they should be, no held-out scene in training."""

import csv
from pathlib import Path

import pytest

from vip.pipelines.prompt_filtering.cleaning import clean
from vip.shapes.captions import parse
from vip.shapes.raw_prompts import held_out_prompts, main, plain, raw_prompts
from vip.shapes.scene import all_scenes, is_held_out
from vip.types import RawPrompt

SHIPPED = Path(__file__).parents[3] / "data" / "01_raw"
HELD_OUT = {purpose: held_out_prompts(purpose) for purpose in ("evaluation", "development")}


def scenes_of(prompts):
    """The scenes described by those prompts that state a motion."""
    meanings = {parse(prompt) for prompt in prompts}
    wanted = [vars(meaning).items() for meaning in meanings if meaning.motion]
    return {
        scene
        for words in wanted
        for scene in all_scenes()
        if all(value in (None, getattr(scene, name)) for name, value in words)
    }


@pytest.mark.parametrize("name", ["raw_prompts.csv", "evaluation_prompts.csv", "development_prompts.csv"])
def test_the_shipped_files_are_what_the_command_writes(tmp_path, name):
    main(tmp_path)
    assert (tmp_path / name).read_bytes() == (SHIPPED / name).read_bytes()


def test_written_prompts_are_read_back_newlines_and_quotes_included(tmp_path):
    main(tmp_path)
    with (tmp_path / "raw_prompts.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["prompt"]
    assert [row[0] for row in rows] == raw_prompts()


def test_raw_prompts_are_as_dirty_as_real_ones():
    prompts = raw_prompts()
    assert len(prompts) >= 2400
    assert {"", "None", "NA", "nan"} <= set(prompts)
    signs = "".join(prompts)
    assert all(
        sign in signs for sign in ("\n", '"', ",", "&quot;", "\u00a0", "\u00e9", "\U0001f3a5", "\u05e2")
    )
    assert len(set(prompts)) < len(prompts)
    assert len({plain(prompt) for prompt in prompts}) < len(set(prompts))


def test_enough_raw_prompts_survive_and_every_reason_to_drop_one_occurs():
    counts = clean(map(RawPrompt, raw_prompts()), 5, 25).counts
    assert counts["kept"] >= 1000
    assert set(counts) == {"kept", "empty", "too short", "too long", "duplicate"}


def test_no_raw_prompt_describes_a_held_out_scene_completely():
    complete = [prompt for prompt in raw_prompts() if None not in vars(parse(prompt)).values()]
    assert len(complete) > 1000
    assert not any(is_held_out(scene) for scene in scenes_of(complete))


def test_held_out_prompts_describe_held_out_scenes_and_most_state_a_motion():
    for prompts in HELD_OUT.values():
        assert len(prompts) == len(set(prompts)) == 96
        moving = [prompt for prompt in prompts if parse(prompt).motion]
        assert 0.7 * 96 <= len(moving) <= 0.9 * 96
        assert all(is_held_out(scene) for scene in scenes_of(prompts))


def test_evaluation_and_development_share_neither_scene_nor_caption():
    evaluation, development = (scenes_of(prompts) for prompts in HELD_OUT.values())
    assert evaluation
    assert development
    assert not evaluation & development


def test_no_evaluation_prompt_is_among_the_raw_ones():
    raw = {plain(prompt) for prompt in raw_prompts()}
    assert not raw & {plain(prompt) for prompts in HELD_OUT.values() for prompt in prompts}
