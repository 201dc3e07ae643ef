"""The paper's rules for prompts: 5 to 25 words without articles, each prompt once (Sec. 3.3)."""

import heapq
import html
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from vip.seeding import seed_of
from vip.types import RawPrompt

ARTICLES = {"a", "an", "the"}


@dataclass(frozen=True)
class Verdict:
    """What became of a raw prompt, and what is left of it."""

    REASONS: ClassVar = ("kept", "empty", "too short", "too long", "duplicate")

    prompt: str
    reason: str


@dataclass(frozen=True)
class Cleaned:
    """The prompts that are kept, in their source's order, and how many rows met which fate."""

    prompts: list[str]
    counts: Counter[str]


def clean(
    rows: Iterable[RawPrompt], minimum_words: int, maximum_words: int, most: int | None = None, seed: int = 0
) -> Cleaned:
    """Every fit prompt once; of several that differ in case, spaces or articles the first is kept.

    Of more than `most` different ones, those are kept that the seed draws, whatever their order: memory is
    needed for `most` prompts, however many rows there are. A row that repeats a prompt which was not drawn
    counts as not drawn.
    """
    drawn = _Draw(most, seed)
    counts: Counter[str] = Counter()
    for verdict in verdicts(rows, minimum_words, maximum_words):
        counts.update(drawn.add(verdict.prompt) if verdict.reason == "kept" else {verdict.reason: 1})
    return Cleaned(drawn.prompts(), counts)


def first_fit(rows: Iterable[RawPrompt], minimum_words: int, maximum_words: int, count: int) -> Cleaned:
    """The first `count` different fit prompts; the rest of the source is not read."""
    kept: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for verdict in verdicts(rows, minimum_words, maximum_words):
        new = verdict.reason == "kept" and verdict.prompt.lower() not in kept
        counts["duplicate" if verdict.reason == "kept" and not new else verdict.reason] += 1
        if new:
            kept[verdict.prompt.lower()] = verdict.prompt
        if len(kept) == count:
            break
    return Cleaned(list(kept.values()), counts)


def verdicts(rows: Iterable[RawPrompt], minimum_words: int, maximum_words: int) -> Iterator[Verdict]:
    """One verdict a row, in order, each row by itself: whether it is kept, or why not."""
    for row in rows:
        prompt = without_articles(row.text)
        yield Verdict(prompt, row.reason or _length(prompt, minimum_words, maximum_words))


def without_articles(text: str) -> str:
    """The text in one line: odd characters and HTML entities resolved, spaces single, articles gone."""
    plain = unicodedata.normalize("NFKC", html.unescape(text))
    printable = "".join(
        " " if unicodedata.category(character) in {"Cc", "Cf"} else character for character in plain
    )
    return " ".join(word for word in printable.split() if word.lower() not in ARTICLES)


def _length(prompt: str, minimum_words: int, maximum_words: int) -> str:
    words = len(prompt.split())
    if words == 0:
        return "empty"
    if words < minimum_words:
        return "too short"
    return "too long" if words > maximum_words else "kept"


class _Draw:
    """Different prompts, at most so many: those to which the seed gives the lowest ranks."""

    def __init__(self, most: int | None, seed: int) -> None:
        self._most = most
        self._seed = seed
        self._prompts: dict[str, str] = {}
        self._highest: list[tuple[int, str]] = []  # a heap of (-rank, prompt in lower case)

    def add(self, prompt: str) -> dict[str, int]:
        """Take a prompt, or not: by how much the counts change."""
        lower = prompt.lower()
        if lower in self._prompts:
            return {"duplicate": 1}
        self._prompts[lower] = prompt
        if self._most is None:
            return {"kept": 1}
        entry = (-seed_of("draw", self._seed, lower), lower)
        if len(self._prompts) <= self._most:
            heapq.heappush(self._highest, entry)
            return {"kept": 1}
        _, last = heapq.heappushpop(self._highest, entry)
        del self._prompts[last]
        return {"not drawn": 1}

    def prompts(self) -> list[str]:
        """Those drawn, in the order in which each came first."""
        return list(self._prompts.values())
