"""The reward hands each clip to the network, and goes by its weights."""

import numpy as np
import pytest

from vip.rewards.shapes_classifier import ShapesClassifier
from vip.shapes.classifier import score_clip
from vip.shapes.renderer import render_random
from vip.shapes.scene import Scene

CLIPS = [render_random(Scene("red", "circle", "black", motion), 3) for motion in ("left", "still")]
PROMPTS = ["a red circle moves left", "a red circle moves left"]


def test_scores_are_those_of_the_network_in_order():
    scores = ShapesClassifier().score(CLIPS, PROMPTS)
    assert scores.tolist() == [
        score_clip(clip, prompt).tolist() for clip, prompt in zip(CLIPS, PROMPTS, strict=True)
    ]
    assert scores[0] == pytest.approx([4, 4, 4, 4], abs=0.4)
    assert scores[1] == pytest.approx([4, 4, 1, 3], abs=0.4)


def test_the_fingerprint_changes_with_the_revision_and_the_weights(monkeypatch, tmp_path):
    before = ShapesClassifier().fingerprint
    assert ShapesClassifier().provenance.startswith("shapes_classifier revision 1, weights ")
    monkeypatch.setattr(ShapesClassifier, "revision", 2)
    revised = ShapesClassifier().fingerprint
    (tmp_path / "weights").write_bytes(b"other weights")
    monkeypatch.setattr("vip.shapes.classifier.reading.WEIGHTS", tmp_path / "weights")
    assert len({before, revised, ShapesClassifier().fingerprint}) == 3


def test_a_revision_answers_for_its_scores():
    """If these numbers change with the same weights, raise `ShapesClassifier.revision`."""
    noise = np.random.default_rng(0).normal(0, 6, CLIPS[0].shape)
    noisy = np.clip(np.round(CLIPS[0] + noise), 0, 255).astype(np.uint8)
    scores = ShapesClassifier().score([noisy], ["a red square moves left"])[0]
    assert ShapesClassifier.revision == 1
    assert scores == pytest.approx([2.822, 3.88, 3.996, 3.003], abs=2e-3)
