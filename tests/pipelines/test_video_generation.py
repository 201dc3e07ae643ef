"""The video generation pipeline: its parameters, its node, and what it is connected to."""

import typing

import pandas as pd
import pydantic
import pytest
from tests.tiny.settings import video_generation

from vip.families.folder import ModelFolder
from vip.pipelines.video_generation import nodes
from vip.pipelines.video_generation.config import VideoGeneration
from vip.pipelines.video_generation.nodes import generate_clips
from vip.pipelines.video_generation.pipeline import create_pipeline
from vip.types import Sampler

PROMPTS = pd.DataFrame({"prompt_id": ["p0", "p1"], "prompt": ["a red circle moves left", "a blue square"]})
SETTINGS = video_generation(steps=2, guidance_scale=3.0, batch_size=2, seed=0)


def test_full_and_pruned_clips_come_from_the_same_prompts() -> None:
    pipeline = create_pipeline()
    assert pipeline.inputs() == {"teacher", "pruned", "stage_prompts", "params:video_generation"}
    assert pipeline.outputs() == {"full_clips", "pruned_clips"}
    assert {node.name for node in pipeline.nodes} == {"full_clips", "pruned_clips"}
    assert all(node.tags == {"video_generation"} for node in pipeline.nodes)


def test_the_node_s_hints_resolve() -> None:
    assert typing.get_type_hints(nodes.generate_clips)["settings"] is VideoGeneration


def test_settings_name_the_sampler() -> None:
    assert SETTINGS.sampler == Sampler(2, 3.0)


@pytest.mark.parametrize(
    "values", [{"steps": 0}, {"guidance_scale": 0.5}, {"batch_size": 0}, {"seed": -1}, {"step": 8}]
)
def test_impossible_settings_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(pydantic.ValidationError, match=next(iter(values))):
        video_generation(**values)


def test_clips_are_promised_by_key_and_made_on_demand(tiny_folder: ModelFolder) -> None:
    clips = generate_clips(tiny_folder, PROMPTS, SETTINGS)
    assert list(clips.table.columns) == ["key", "prompt_id", "prompt", "seed"]
    assert clips.batch_size == 2
    made = clips.make_batch(list(clips.table["key"]))
    assert [clip.frames.shape for clip in made] == [(8, 32, 32, 3)] * 2
