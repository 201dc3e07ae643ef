"""The reward hands each clip to the search."""

import numpy as np
import pytest

from vip.rewards.inverse_rendering import InverseRendering
from vip.rewards.shapes_oracle import ShapesOracle
from vip.shapes.inverse_rendering import score_clip
from vip.shapes.renderer import render_random
from vip.shapes.scene import Scene

CLIPS = [render_random(Scene("red", "circle", "black", motion), 3) for motion in ("left", "still")]
PROMPTS = ["a red circle moves left", "a red circle moves left"]


def test_scores_are_those_of_the_search_in_order():
    scores = InverseRendering().score(CLIPS, PROMPTS)
    assert scores.tolist() == [
        score_clip(clip, prompt).tolist() for clip, prompt in zip(CLIPS, PROMPTS, strict=True)
    ]
    assert scores[0] == pytest.approx([4, 4, 4, 4], abs=0.05)
    assert scores[1] == pytest.approx([4, 4, 1, 3], abs=0.05)


def test_the_fingerprint_changes_with_the_revision_and_is_not_the_oracles(monkeypatch):
    before = InverseRendering().fingerprint
    monkeypatch.setattr(InverseRendering, "revision", ShapesOracle.revision)
    assert len({before, InverseRendering().fingerprint, ShapesOracle().fingerprint}) == 3


def test_a_revision_answers_for_its_scores():
    """If these numbers change, raise `InverseRendering.revision`, or stored scores pass for the new ones."""
    noise = np.random.default_rng(0).normal(0, 6, CLIPS[0].shape)
    noisy = np.clip(np.round(CLIPS[0] + noise), 0, 255).astype(np.uint8)
    scores = InverseRendering().score([noisy], ["a red square moves left"])[0]
    assert InverseRendering.revision == 1
    assert scores == pytest.approx([3.883, 3.956, 3.998, 2.999], abs=2e-3)
