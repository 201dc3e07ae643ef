"""The paper's rules for prompts: 5 to 25 words without articles, each prompt once (Sec. 3.3)."""

import html
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

ARTICLES = {"a", "an", "the"}


@dataclass(frozen=True)
class Verdict:
    """What became of a raw prompt, and what is left of it."""

    REASONS: ClassVar = ("kept", "empty", "too short", "too long", "duplicate")

    prompt: str
    reason: str


def clean(texts: Iterable[str], minimum_words: int, maximum_words: int) -> list[Verdict]:
    """One verdict a text, in order; of several that differ in case, spaces or articles the first is kept."""
    seen: set[str] = set()
    verdicts = []
    for text in texts:
        prompt = without_articles(text)
        reason = _length(prompt, minimum_words, maximum_words)
        if reason == "kept" and prompt.lower() in seen:
            reason = "duplicate"
        seen.add(prompt.lower())
        verdicts.append(Verdict(prompt, reason))
    return verdicts


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
