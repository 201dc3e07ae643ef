"""How often the network is right about renderings of the scenes that no teacher was trained on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vip.seeding import seed_of
from vip.shapes.classifier.damage import DAMAGES, levels
from vip.shapes.classifier.reading import Story, read
from vip.shapes.classifier.scores import motions_of
from vip.shapes.renderer import place, render, trajectory
from vip.shapes.scene import BACKGROUNDS, COLOURS, MOTIONS, SHAPES, Scene, all_scenes, is_held_out

if TYPE_CHECKING:
    from vip.shapes.classifier.network import FrameReader

WORDS: dict[str, tuple[str, ...]] = {
    "shape": SHAPES,
    "colour": tuple(COLOURS),
    "background": tuple(BACKGROUNDS),
}


def accuracy_of(network: "FrameReader", clips: int, seed: int) -> list[dict[str, object]]:
    """One row without damage and one a damage, each frame by frame.

    It tells the number of clips; the shares of frames (shape, colour, background) and of clips (motion)
    whose likeliest word is the true one; the median distance of x, y and radius from the truth, in pixels.
    """
    held_out = [scene for scene in all_scenes() if is_held_out(scene)]
    scenes = [held_out[number % len(held_out)] for number in range(clips)]
    rows: list[dict[str, object]] = []
    for damage in (None, *DAMAGES):
        rng = np.random.default_rng(seed_of("classifier accuracy", seed))
        placements = [place(scene, rng) for scene in scenes]
        shown = [render(*each).astype(np.float32) for each in zip(scenes, placements, strict=True)]
        if damage is not None:
            shown = [np.stack([damage(frame, rng) for frame in clip]) for clip in shown]
        stories = [read(levels(clip), network) for clip in shown]
        paths = np.array([trajectory(*each) for each in zip(scenes, placements, strict=True)])
        name = "none" if damage is None else damage.__name__
        rows.append({"damage": name, "clips": clips} | _right(stories, scenes, paths))
    return rows


def _right(stories: Sequence[Story], scenes: Sequence[Scene], paths: NDArray[np.float64]) -> dict[str, float]:
    right = {}
    for kind, words in WORDS.items():
        truth = np.array([words.index(getattr(scene, kind)) for scene in scenes])
        told = np.array([getattr(story, kind).argmax(axis=1) for story in stories])
        right[kind] = float((told == truth[:, None]).mean())
    motions = [MOTIONS[int(motions_of(story).argmax())] for story in stories]
    right["motion"] = float(
        np.mean([told == scene.motion for told, scene in zip(motions, scenes, strict=True)])
    )
    places = np.array([story.place for story in stories])
    return right | {"pixels": float(np.median(np.abs(places - paths)))}
