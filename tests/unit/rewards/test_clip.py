"""The CLIP reward: each measure by its meaning, the scale by hand, and what is refused."""

import numpy as np
import pytest
import torch
from tests.tiny import clip as tiny
from transformers import AutoTokenizer, CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from vip.errors import UserError
from vip.rewards import clip as module
from vip.rewards.clip import RANGES, ClipReward, sharpness
from vip.shapes.renderer import render_random
from vip.shapes.scene import Scene
from vip.types import PROPERTIES

VISUAL, TEMPORAL, DYNAMIC, ALIGNMENT = range(4)
MOVING = render_random(Scene("red", "circle", "black", "left"), 3)
STILL = render_random(Scene("red", "circle", "black", "still"), 3)
PROMPT = "a red circle moves left"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.build(tmp_path_factory.mktemp("models") / "TinyCLIP")


@pytest.fixture(scope="module")
def reward(folder):
    return ClipReward(model=str(folder))


def measured(scores, name):
    """What the reward measured, from what it made of it."""
    low, high = RANGES[name]
    return low + (scores[PROPERTIES.index(name)] - 1) / 3 * (high - low)


def test_similarities_are_those_of_the_stock_model(reward, folder):
    model = CLIPModel.from_pretrained(folder).eval()
    tokens = AutoTokenizer.from_pretrained(folder)(
        [PROMPT], return_tensors="pt", truncation=True, max_length=12
    )
    pixels = CLIPImageProcessorPil.from_pretrained(folder)(list(MOVING), return_tensors="pt")
    with torch.inference_mode():
        told = model(**tokens, **pixels)
    expected = (told.image_embeds @ told.text_embeds.T).mean()
    neighbours = (told.image_embeds[1:] * told.image_embeds[:-1]).sum(dim=1).mean()
    scores = reward.score([MOVING], [PROMPT])[0]
    assert measured(scores, "text_alignment") == pytest.approx(float(expected), abs=1e-5)
    assert measured(scores, "temporal_consistency") == pytest.approx(float(neighbours), abs=1e-5)


def test_a_still_clip_is_consistent_and_does_not_move(reward):
    still, moving = reward.score([STILL, MOVING], [PROMPT, PROMPT])
    assert measured(still, "temporal_consistency") == pytest.approx(1, abs=1e-5)
    assert still[DYNAMIC] == pytest.approx(1, abs=0.01)
    assert moving[TEMPORAL] < still[TEMPORAL]
    assert moving[DYNAMIC] > 1.2


def test_blur_costs_visual_quality(reward):
    blurred = MOVING.astype(float)
    for axis in (1, 2):
        blurred = sum(np.roll(blurred, shift, axis=axis) for shift in range(-2, 3)) / 5
    sharp, dull = reward.score([MOVING, blurred.astype(np.uint8)], [PROMPT] * 2)
    assert dull[VISUAL] < sharp[VISUAL] - 0.3


def test_a_frame_of_one_colour_is_wholly_blurred():
    assert sharpness(np.full((3, 32, 32, 3), 200, np.uint8)) == 0


def test_ranges_are_straight_lines_to_1_and_4(folder, monkeypatch):
    monkeypatch.setattr(ClipReward, "_measure", lambda self, clip, prompt: [0.25, 0.9, 0.0, 0.7])
    scores = ClipReward(model=str(folder), ranges={"text_alignment": [0.1, 0.7]}).score([MOVING], [PROMPT])
    assert scores[0] == pytest.approx([1.75, 2.5, 1.0, 4.0])


def test_the_fingerprint_follows_code_model_and_ranges(reward, folder, tmp_path, monkeypatch):
    other = ClipReward(model=str(tiny.build(tmp_path / "TinyCLIP", seed=1)))
    ranged = ClipReward(model=str(folder), ranges={"dynamic_degree": (0, 1)})
    before = {reward.fingerprint, other.fingerprint, ranged.fingerprint}
    assert len(before) == 3
    assert reward.provenance.startswith("clip revision 1, TinyCLIP@sha256:")
    monkeypatch.setattr(ClipReward, "revision", -1)
    assert reward.fingerprint not in before


def test_prompts_longer_than_the_context_are_cut(reward):
    words = " ".join([PROMPT] * 20)
    np.testing.assert_array_equal(
        reward.score([MOVING], [words])[:, ALIGNMENT], reward.score([MOVING], [words + " blue"])[:, ALIGNMENT]
    )


def test_a_single_frame_is_refused(reward):
    with pytest.raises(UserError, match="has 1 frames, reward 'clip' needs 2 to see motion"):
        reward.score([MOVING[:1]], [PROMPT])


@pytest.mark.parametrize(
    ("ranges", "message"),
    [
        ({"sharpness": (0, 1)}, "ranges names sharpness; name any of visual_quality"),
        ({"visual_quality": (1, 1)}, "the range of visual_quality is"),
        ({"visual_quality": 3}, "the range of visual_quality is 3; give two numbers"),
        ({"visual_quality": ["a", "b"]}, "give two numbers, the lower one first"),
    ],
)
def test_impossible_ranges_are_refused(ranges, message):
    with pytest.raises(UserError, match=message):
        ClipReward(ranges=ranges)


def test_folders_that_are_no_clip_model_are_refused(tmp_path):
    folder = tiny.build(tmp_path / "torn")
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match="cannot be opened as a CLIP model"):
        ClipReward(model=str(folder)).score([MOVING], [PROMPT])


def test_missing_weights_are_named(tmp_path):
    from safetensors.torch import load_file, save_file

    folder = tiny.build(tmp_path / "less")
    weights = load_file(folder / "model.safetensors")
    weights.pop("text_projection.weight")
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match=r"lacks 1 weights of a CLIP model .text_projection.weight"):
        ClipReward(model=str(folder)).score([MOVING], [PROMPT])


def test_this_codes_revision_answers_for_its_scores(monkeypatch):
    """If these numbers change, raise `ClipReward.revision`, or stored scores pass for the new ones."""
    assert module.ClipReward.revision == 1
    from vip.motion import displacements

    assert sharpness(MOVING) == pytest.approx(SHARPNESS, abs=2e-3)
    assert displacements(MOVING).mean() == pytest.approx(DISPLACEMENT, abs=2e-2)


SHARPNESS, DISPLACEMENT = 0.7234, 2.0003
