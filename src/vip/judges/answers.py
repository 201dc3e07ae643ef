"""How a language model's yes or no becomes a probability."""

import math
from collections.abc import Iterable

MARKS = " \t\r\n.,;:!?\"'`*_()[]"


def said(text: str) -> str | None:
    """`yes` or `no` where the text is that word, whatever its case and the marks around it, else None."""
    word = text.strip(MARKS).lower()
    return word if word in ("yes", "no") else None


def probability(yes: Iterable[float], no: Iterable[float]) -> float:
    """P(yes) / (P(yes) + P(no)) from the log-probabilities, or logits, of all ways to say either word.

    One of the two may be empty: that word then has no probability at all.
    """
    likes, dislikes = _log_sum(yes), _log_sum(no)
    assert max(likes, dislikes) > -math.inf, "neither word has a probability"
    return 1 / (1 + math.exp(min(dislikes - likes, 700.0)))


def _log_sum(values: Iterable[float]) -> float:
    listed = list(values)
    peak = max(listed, default=-math.inf)
    return peak if math.isinf(peak) else peak + math.log(sum(math.exp(value - peak) for value in listed))
