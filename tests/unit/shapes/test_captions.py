"""What captions say can be read back, and what they leave out is free."""

import numpy as np
import pytest

from vip.shapes.captions import MOTION_PHRASES, Meaning, describe, parse, vocabulary
from vip.shapes.scene import MOTIONS, Scene, all_scenes

SCENE = Scene("red", "circle", "black", "left")


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("a red circle moves left on a black background", Meaning("red", "circle", "black", "left")),
        ("BLUE SQUARE, white wall!", Meaning("blue", "square", "white", None)),
        ("a square that is green rises to the top", Meaning("green", "square", None, "up")),
        ("square that is green rises to top", Meaning("green", "square", None, "up")),
        ("a cyan triangle that travels from right to left", Meaning("cyan", "triangle", None, "left")),
        ("something does not move", Meaning(motion="still")),
        ("a reddish circlet removes leftovers", Meaning()),
        ("", Meaning()),
    ],
)
def test_a_caption_means_the_words_it_states(caption, expected):
    assert parse(caption) == expected


def test_every_way_to_say_a_scene_is_read_back_with_and_without_articles():
    rng = np.random.default_rng(0)
    for scene in all_scenes():
        caption = describe(scene, rng)
        plain = " ".join(word for word in caption.split() if word not in {"a", "an", "the"})
        expected = Meaning(scene.colour, scene.shape, scene.background, scene.motion)
        assert parse(caption) == parse(plain) == expected


def test_a_silent_caption_says_how_the_scene_looks_and_nothing_of_motion():
    rng = np.random.default_rng(0)
    for scene in all_scenes()[::5]:
        assert parse(describe(scene, rng, motion=False)) == Meaning(
            scene.colour, scene.shape, scene.background
        )


@pytest.mark.parametrize(("motion", "phrase"), [(m, p) for m in MOTIONS for p in MOTION_PHRASES[m]])
def test_no_motion_phrase_is_mistaken_for_another(motion, phrase):
    assert parse(f"a red circle {phrase}").motion == motion


def test_the_vocabulary_holds_every_word_of_every_caption_once():
    words = vocabulary()
    assert words == sorted(set(words))
    assert "background" in words
    rng = np.random.default_rng(1)
    said = {word for scene in all_scenes() * 3 for word in describe(scene, rng).split()}
    assert said <= set(words)
