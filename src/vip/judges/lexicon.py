"""A judge that looks words up: quick, deterministic, enough for prompts as plain as the shapes world's."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, final

from vip.errors import UserError
from vip.hashing import content_hash
from vip.judges.base import Judge
from vip.types import PROPERTIES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Lexicons = Mapping[str, Sequence[str]]

COLOURS = ("red", "green", "blue", "yellow", "purple", "cyan", "black", "grey", "white")
LOOKS = (*COLOURS, "crisp", "sharp", "clean", "clear")
THINGS = ("circle", "square", "triangle", "background", "backdrop", "wall")
MOTIONS = (
    "moves", "slides", "drifts", "travels", "rises", "floats", "falls", "sinks", "grows", "bigger", "expands",
    "larger", "shrinks", "smaller", "contracts", "tiny", "still", "not move", "motionless", "rests",
)  # fmt: skip
CONSTANCY = ("keeping", "without changing", "always", "same", "smoothly", "steadily")
DEFAULT: Lexicons = {
    "visual_quality": LOOKS,
    "temporal_consistency": (*CONSTANCY, *MOTIONS),
    "dynamic_degree": MOTIONS,
    "text_alignment": (*COLOURS, *THINGS, *MOTIONS),
}
"""Words and phrases that describe each property."""
NEEDED = {"visual_quality": 2, "temporal_consistency": 1, "dynamic_degree": 1, "text_alignment": 4}
"""How many of them a prompt must hold to describe the property with probability 2/3."""


@final
class Lexicon(Judge):
    """Counts, for each property, how many of its words a prompt holds.

    With n words found and m needed the probability is n / (n + m/2): 0 for none, 2/3 for as many as needed,
    rising towards 1. A prompt describes text alignment when it states several things that can be checked.
    """

    name: ClassVar[str] = "lexicon"
    batch_size = 256

    def __init__(self, words: Lexicons = DEFAULT, needed: Mapping[str, int] = NEEDED) -> None:
        """Take, for each property, its words and how many are needed; UserError for other properties."""
        for option, given in (("words", words), ("needed", needed)):
            if set(given) != set(PROPERTIES):
                raise UserError(
                    f"judge 'lexicon': {option} names {', '.join(sorted(given))}; "
                    f"it must name each of {', '.join(PROPERTIES)}"
                )
        self._words = {name: list(words[name]) for name in PROPERTIES}
        self._needed = {name: int(needed[name]) for name in PROPERTIES}

    @property
    def fingerprint(self) -> str:
        """A hash of the words and of how many are needed."""
        return content_hash(self.name, self._words, self._needed)

    def judge(self, prompts: Sequence[str]) -> "NDArray[np.float64]":
        """Probabilities (B, 4), by the words found."""
        import numpy as np

        rows = [[self._probability(prompt.lower(), name) for name in PROPERTIES] for prompt in prompts]
        return np.array(rows, dtype=np.float64).reshape(-1, len(PROPERTIES))

    def _probability(self, prompt: str, name: str) -> float:
        found = sum(bool(re.search(rf"\b{re.escape(word)}\b", prompt)) for word in self._words[name])
        return found / (found + self._needed[name] / 2)
