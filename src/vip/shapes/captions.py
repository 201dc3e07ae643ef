"""The language of the shapes world: many ways to say a scene, and the way back from words to meaning.

A caption may leave words out ("a red circle on black" says nothing of motion); what it leaves out is free.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vip.shapes.scene import BACKGROUNDS, COLOURS, MOTIONS, SHAPES, Scene

if TYPE_CHECKING:
    import numpy as np

MOTION_PHRASES: dict[str, tuple[str, ...]] = {
    "left": ("moves left", "slides to the left", "drifts left", "travels from right to left"),
    "right": ("moves right", "slides to the right", "drifts right", "travels from left to right"),
    "up": ("moves up", "rises to the top", "floats up", "travels upwards"),
    "down": ("moves down", "falls to the bottom", "sinks down", "travels downwards"),
    "growing": ("grows", "gets bigger", "expands", "becomes larger"),
    "shrinking": ("shrinks", "gets smaller", "contracts", "becomes tiny"),
    "still": ("stays still", "does not move", "stands motionless", "rests in place"),
}
BACKGROUND_PHRASES = (
    "on a {background} background",
    "over a {background} backdrop",
    "in front of a {background} wall",
    "against a plain {background} background",
)
OPENINGS = ("", "", "", "video of", "footage of", "a short clip of", "a simple animation of")
LOOKS = ("", "", "", "crisp ", "sharp ", "clean ", "clear ")
STEADINESS = ("", "", "", "", "keeping its colour", "without changing its colour", "always looking the same")
MANNERS = ("", "", "", "slowly", "smoothly", "steadily")


@dataclass(frozen=True)
class Meaning:
    """What a caption asks for; None where it leaves the choice free."""

    colour: str | None = None
    shape: str | None = None
    background: str | None = None
    motion: str | None = None


def describe(scene: Scene, rng: "np.random.Generator", *, motion: bool = True) -> str:
    """Say the scene in one of many ways; with motion=False, only how it looks."""
    subject = f"a {_pick(rng, LOOKS)}{scene.colour} {scene.shape}"
    where = _pick(rng, BACKGROUND_PHRASES).format(background=scene.background)
    if not motion:
        return _join(_pick(rng, OPENINGS), subject, where, _pick(rng, STEADINESS))
    action = _pick(rng, MOTION_PHRASES[scene.motion])
    manner = "" if scene.motion == "still" else _pick(rng, MANNERS)
    ending = _pick(rng, STEADINESS)
    orders = (
        (_pick(rng, OPENINGS), subject, action, manner, where, ending),
        (where, subject, manner, action, ending),
        (_pick(rng, OPENINGS), subject, where, "that", action, manner, ending),
        (f"a {scene.shape} that is {scene.colour}", action, manner, where, ending),
    )
    return _join(*orders[rng.integers(len(orders))])


def parse(caption: str) -> Meaning:
    """Read back what a caption asks for; words outside the world's vocabulary are passed over."""
    text = " ".join(re.findall(r"[a-z]+", caption.lower()))
    return Meaning(
        colour=_first(text, COLOURS),
        shape=_first(text, SHAPES),
        background=_first(text, BACKGROUNDS),
        motion=_find_motion(text),
    )


def vocabulary() -> list[str]:
    """Every word that the grammar can utter, sorted."""
    phrases = [
        *COLOURS, *BACKGROUNDS, *SHAPES, *OPENINGS, *LOOKS, *STEADINESS, *MANNERS, *BACKGROUND_PHRASES,
        "that is", *(phrase for motion in MOTIONS for phrase in MOTION_PHRASES[motion]),
    ]  # fmt: skip
    return sorted({word for phrase in phrases for word in re.findall(r"[a-z]+", phrase)})


_ARTICLE = re.compile(r"\b(a|an|the) ")


def _find_motion(text: str) -> str | None:
    text = _ARTICLE.sub("", text)
    for motion, phrases in MOTION_PHRASES.items():
        if any(re.search(rf"\b{_ARTICLE.sub('', phrase)}\b", text) for phrase in phrases):
            return motion
    return None


def _first(text: str, words: "dict[str, tuple[int, int, int]] | tuple[str, ...]") -> str | None:
    found = [(match.start(), word) for word in words if (match := re.search(rf"\b{word}\b", text))]
    return min(found)[1] if found else None


def _pick(rng: "np.random.Generator", choices: tuple[str, ...]) -> str:
    return choices[rng.integers(len(choices))]


def _join(*parts: str) -> str:
    return " ".join(part.strip() for part in parts if part.strip())
