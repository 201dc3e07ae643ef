"""Which of those who voted have looked: nobody votes in an instant, or for one place whatever is there."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from vip.evaluation.user_study.votes import Ballot, Vote

FEWEST = 6
"""Decided votes from which on a preference for one place says something."""


@dataclass(frozen=True)
class Rater:
    """One person's votes in numbers, and whether they count."""

    rater: str
    votes: int
    ties: int
    median_seconds: float
    favourite_place: int
    """Counted from 1, from the left: where the clip most often stood that was ranked alone at the top."""
    favourite_share: float
    standing: str
    """`counted`, or why not: `no votes`, `too fast`, `always one place`."""

    @property
    def counts(self) -> bool:
        """Whether the votes are part of the results."""
        return self.standing == "counted"


def look_at(ballot: Ballot, minimum_seconds: float, maximum_share: float) -> Rater:
    """Whether a ballot counts, and what it looks like.

    It does not where the median vote took less than `minimum_seconds`, or where more than `maximum_share` of
    the decided votes (at least six) went to one place.
    """
    decided = [vote.shown.index(vote.ranking[0][0]) for vote in ballot.votes if len(vote.ranking[0]) == 1]
    place, most = _favourite(decided)
    seconds = median(vote.milliseconds / 1000 for vote in ballot.votes) if ballot.votes else 0.0
    share = most / len(decided) if decided else 0.0
    standing = "counted"
    if not ballot.votes:
        standing = "no votes"
    elif seconds < minimum_seconds:
        standing = "too fast"
    elif len(decided) >= FEWEST and share > maximum_share:
        standing = "always one place"
    ties = sum(map(_is_tie, ballot.votes))
    return Rater(ballot.rater, len(ballot.votes), ties, seconds, place + 1, share, standing)


def _favourite(places: Sequence[int]) -> tuple[int, int]:
    """The most frequent place (the leftmost of several) and how often it is; -1 where there is none."""
    return min(Counter(places).items(), key=lambda entry: (-entry[1], entry[0]), default=(-1, 0))


def _is_tie(vote: Vote) -> bool:
    return len(vote.ranking) == 1
