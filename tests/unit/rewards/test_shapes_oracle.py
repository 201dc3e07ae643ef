"""The reward hands each clip to the oracle."""

import numpy as np
import pytest

from vip.rewards.shapes_oracle import ShapesOracle
from vip.shapes.oracle import score_clip
from vip.shapes.renderer import render_random
from vip.shapes.scene import Scene

CLIPS = [render_random(Scene("red", "circle", "black", motion), 3) for motion in ("left", "still")]
PROMPTS = ["a red circle moves left", "a red circle moves left"]


def test_scores_are_the_oracles_in_order():
    scores = ShapesOracle().score(CLIPS, PROMPTS)
    assert scores.tolist() == [
        score_clip(clip, prompt).tolist() for clip, prompt in zip(CLIPS, PROMPTS, strict=True)
    ]
    assert scores[0] == pytest.approx([4, 4, 4, 4], abs=0.05)
    assert scores[1] == pytest.approx([4, 4, 1, 3], abs=0.05)


def test_clips_without_prompts_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        ShapesOracle().score(CLIPS, PROMPTS[:1])


def test_the_fingerprint_changes_with_the_revision(monkeypatch):
    before = ShapesOracle().fingerprint
    monkeypatch.setattr(ShapesOracle, "revision", -1)
    assert ShapesOracle().fingerprint != before


def test_a_revision_answers_for_its_scores():
    """If these numbers change, raise `ShapesOracle.revision`, or stored scores pass for the new ones."""
    noise = np.random.default_rng(0).normal(0, 6, CLIPS[0].shape)
    noisy = np.clip(np.round(CLIPS[0] + noise), 0, 255).astype(np.uint8)
    scores = ShapesOracle().score([noisy], ["a red square moves left"])[0]
    assert ShapesOracle.revision == 2
    assert scores == pytest.approx([3.479, 3.91, 4.0, 2.992], abs=2e-3)
