"""What is asked of everything that scores clips of the shapes world, whatever it measures by."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.shapes_clips import DAMAGES, DYNAMICS, FEW, caption, slowed

from vip.shapes import classifier, inverse_rendering, oracle
from vip.shapes.renderer import render_random

SCORERS = (oracle, inverse_rendering, classifier)


def named(value):
    return value.__name__.rpartition(".")[2] if value in SCORERS else None


@pytest.mark.parametrize("scorer", SCORERS, ids=named)
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), frames=st.integers(1, 9), levels=st.integers(1, 256))
def test_any_clip_gets_finite_scores_from_one_to_four(scorer, seed, frames, levels):
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, levels, (frames, 4, 4, 3), dtype=np.uint8)
    scores = scorer.score_clip(blocks.repeat(8, axis=1).repeat(8, axis=2), "a red circle grows")
    assert np.isfinite(scores).all()
    assert ((scores >= 1) & (scores <= 4)).all()


@pytest.mark.parametrize(("scorer", "tolerance"), [(inverse_rendering, 0.1), (classifier, 0.3)], ids=named)
@pytest.mark.parametrize(
    "scene", [scene for scene in FEW if scene.motion != "still"], ids=lambda scene: scene.motion
)
def test_dynamic_degree_rises_with_the_speed_and_falls_where_stillness_is_asked_for(scorer, tolerance, scene):
    clips = [slowed(scene, share) for share in (0, 1 / 3, 2 / 3, 1)]
    moving = [scorer.score_clip(clip, caption(scene))[DYNAMICS] for clip in clips]
    still = [scorer.score_clip(clip, caption(replace(scene, motion="still")))[DYNAMICS] for clip in clips]
    assert moving == sorted(moving)
    assert still == sorted(still, reverse=True)
    assert (moving[0], moving[-1]) == pytest.approx((1, 4), abs=tolerance)
    assert (still[-1], still[0]) == pytest.approx((1, 4), abs=tolerance)


@pytest.mark.parametrize("scorer", [inverse_rendering, classifier], ids=named)
@pytest.mark.parametrize("first_seed", [0, 10_000])
def test_it_ranks_damaged_clips_as_the_oracle_does_without_agreeing_on_the_points(scorer, first_seed):
    """Evaluators that measure differently: ranks correlate, values do not coincide."""
    clips = {scene: render_random(scene, first_seed + place) for place, scene in enumerate(FEW)}
    ours, theirs = [], []
    for damage, dimension, amounts in DAMAGES:
        for scene in FEW:
            damaged = damage(clips[scene], amounts[-2])
            ours.append(scorer.score_clip(damaged, caption(scene))[dimension])
            theirs.append(oracle.score_clip(damaged, caption(scene))[dimension])
    ranks = [np.argsort(np.argsort(scores)) for scores in (ours, theirs)]
    assert np.corrcoef(ranks)[0, 1] > 0.5
    assert np.abs(np.subtract(ours, theirs)).mean() > 0.1
