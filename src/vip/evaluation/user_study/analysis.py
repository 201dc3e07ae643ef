"""What votes come to: win rates, ranking scores, Bradley-Terry strengths, and how far people agree."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from vip.errors import UserError
from vip.evaluation.bootstrap import Bootstrap
from vip.evaluation.user_study.design import Study
from vip.evaluation.user_study.votes import Ballot
from vip.seeding import seed_of
from vip.types import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ITERATIONS = 1000
"""Most steps towards Bradley-Terry strengths."""
PRIOR = 1.0
"""Ties that every two models are given: without any, a model that won every vote has no strength."""


@dataclass(frozen=True)
class Duel:
    """Two models in one vote: `outcome` is 1 where the first was ranked higher, -1 lower, 0 as equal."""

    rater: str
    item: str
    first: str
    second: str
    outcome: int


@dataclass(frozen=True)
class Place:
    """The points of a model in one vote: shares of all that a vote has to give."""

    item: str
    model: str
    points: float


def duels(ballots: Sequence[Ballot], study: Study) -> list[Duel]:
    """Every pair of models in every vote, the models of a pair in the study's order."""
    return [
        Duel(
            ballot.rater, item, first, second, (ranks[second] > ranks[first]) - (ranks[second] < ranks[first])
        )
        for ballot, item, ranks in _ranked(ballots, study)
        for first, second in combinations(study.models, 2)
    ]


def places(ballots: Sequence[Ballot], study: Study) -> list[Place]:
    """The points of every model in every vote.

    Of n models the best gets n points, the last 1, equals the mean of theirs; divided by all points there
    are, so that the scores of all models add up to 1 (as the paper's ranking scores do, Sec. 4.2).
    """
    total = len(study.models) * (len(study.models) + 1) / 2
    found = []
    for _, item, ranks in _ranked(ballots, study):
        for model, rank in ranks.items():
            behind = sum(other > rank for other in ranks.values())
            equals = sum(other == rank for other in ranks.values())
            found.append(Place(item, model, (behind + (equals + 1) / 2) / total))
    return found


def _ranked(ballots: Sequence[Ballot], study: Study) -> Iterator[tuple[Ballot, str, dict[str, int]]]:
    """Each vote with the rank of each model in it, from 0."""
    models = {comparison.item: comparison.models for comparison in study.comparisons}
    for ballot in ballots:
        for vote in ballot.votes:
            named = models[vote.item]
            ranks = {named[clip]: rank for rank, group in enumerate(vote.ranking) for clip in group}
            yield ballot, vote.item, {model: ranks[model] for model in study.models}


def tabulate(ballots: Sequence[Ballot], study: Study, bootstrap: Bootstrap) -> Table:
    """One row a model, each number with `_low` and `_high` of a percentile bootstrap over comparisons.

    `win_rate` counts a tie as half a win; `ranking_score` as in `places`; `strength` is Bradley-Terry's, as
    a share of all models', with one tie added for every two of them. All votes on one comparison are
    resampled together. With a single comparison no spread can be told, and the bounds are NaN. UserError
    where there is no vote.
    """
    import numpy as np
    import pandas as pd

    met, placed = duels(ballots, study), places(ballots, study)
    if not met:
        raise UserError("user study: 0 votes to count; collect some")
    items = sorted({duel.item for duel in met})
    measure = _Measure(study.models, met, placed, items)
    estimate = measure.of(np.ones(len(items)))
    generator = np.random.default_rng(seed_of("user_study", bootstrap.seed))
    draws = generator.integers(len(items), size=(bootstrap.resamples, len(items)))
    spread = np.stack([measure.of(np.bincount(draw, minlength=len(items)).astype(float)) for draw in draws])
    tail = (1 - bootstrap.confidence) / 2
    low, high = np.quantile(spread, [tail, 1 - tail], axis=0)
    if len(items) == 1:
        low = high = np.full_like(estimate, np.nan)
    table: dict[str, Any] = {
        "model": study.models,
        "votes": [len(placed) // len(study.models)] * len(study.models),
    }
    for column, name in enumerate(MEASURES):
        table[name] = estimate[:, column]
        table[f"{name}_low"], table[f"{name}_high"] = low[:, column], high[:, column]
    return pd.DataFrame(table)


MEASURES = ("win_rate", "ranking_score", "strength")


class _Measure:
    """The three numbers of each model as a function of how often each comparison counts."""

    def __init__(
        self, models: Sequence[str], met: Sequence[Duel], placed: Sequence[Place], items: Sequence[str]
    ) -> None:
        import evalica
        import numpy as np
        import pandas as pd

        number = {item: row for row, item in enumerate(items)}
        self._models = list(models)
        self._index = pd.Index(self._models)
        self._first = np.array([self._models.index(duel.first) for duel in met])
        self._second = np.array([self._models.index(duel.second) for duel in met])
        self._wins = np.array([(duel.outcome + 1) / 2 for duel in met])
        self._duel_items = np.array([number[duel.item] for duel in met])
        outcomes = {1: evalica.Winner.X, -1: evalica.Winner.Y, 0: evalica.Winner.Draw}
        self._xs, self._ys = [duel.first for duel in met], [duel.second for duel in met]
        self._winners = [outcomes[duel.outcome] for duel in met]
        for first, second in combinations(self._models, 2):
            self._xs.append(first)
            self._ys.append(second)
            self._winners.append(evalica.Winner.Draw)
        self._prior = [PRIOR] * (len(self._xs) - len(met))
        self._placed = np.array([self._models.index(place.model) for place in placed])
        self._points = np.array([place.points for place in placed])
        self._place_items = np.array([number[place.item] for place in placed])

    def of(self, weights: "NDArray[np.float64]") -> "NDArray[np.float64]":
        """Win rate, ranking score and strength (M, 3) where comparison i counts `weights[i]` times."""
        import evalica
        import numpy as np

        size = len(self._models)
        duels, placed = weights[self._duel_items], weights[self._place_items]
        won = np.bincount(self._first, duels * self._wins, size)
        won += np.bincount(self._second, duels * (1 - self._wins), size)
        fought = np.bincount(self._first, duels, size) + np.bincount(self._second, duels, size)
        points = np.bincount(self._placed, placed * self._points, size)
        counted = [*duels.tolist(), *self._prior]
        fitted = evalica.bradley_terry(
            self._xs, self._ys, self._winners, index=self._index, weights=counted, limit=ITERATIONS
        )
        strengths = fitted.scores.reindex(self._index).to_numpy()
        votes = np.bincount(self._placed, placed, size)
        return np.column_stack([won / fought, points / votes, strengths / strengths.sum()])


def agreement(ballots: Sequence[Ballot], study: Study) -> float | None:
    """Krippendorff's alpha of who wins each duel (a win, a tie and a loss are three labels).

    1 is full agreement, 0 what chance would give; None where no two people voted on the same comparison.
    """
    import evalica
    import pandas as pd

    rows = [
        vars(duel) | {"unit": f"{duel.item} {duel.first} {duel.second}"} for duel in duels(ballots, study)
    ]
    if not rows:
        return None
    table = pd.DataFrame(rows).pivot_table("outcome", "rater", "unit", aggfunc="first")
    if not (table.notna().sum() >= 2).any():
        return None
    return float(evalica.alpha(table, distance="nominal").alpha)
