"""Which clips a person should look at: the best, the typical and the worst, never only the best."""

from dataclasses import dataclass
from typing import Any, Literal

from vip.errors import UserError
from vip.evaluation.comparison import DIMENSIONS, PAIR
from vip.evaluation.stages import Evidence
from vip.types import Table

Kind = Literal["best", "typical", "worst"]
KINDS: tuple[Kind, ...] = ("best", "typical", "worst")
MODELS = ("full", "pruned", "student")


@dataclass(frozen=True)
class Shown:
    """A model's clip (its key) and scores by dimension."""

    model: str
    clip: str
    scores: dict[str, float]


@dataclass(frozen=True)
class Case:
    """One prompt and seed as the three models filmed it; `difference` is student minus teacher on average."""

    kind: Kind
    prompt: str
    seed: int
    difference: float
    shown: tuple[Shown, ...]


def choose_cases(evidence: Evidence, count: int) -> list[Case]:
    """At most `count` cases of each kind, best first, by student minus teacher; no clip appears twice.

    Worst and best are the ends of the order, typical are those around the median. Of few clips, worst get the
    first choice, then best.
    """
    table = _joined(evidence).sort_values(["difference", *PAIR], kind="stable", ignore_index=True)
    chosen = choose_rows(len(table), count)
    return [
        _case(kind, table.iloc[row].to_dict()) for kind in KINDS for row in sorted(chosen[kind], reverse=True)
    ]


def choose_rows(total: int, count: int) -> dict[Kind, list[int]]:
    """Positions, in an order from worst to best, of the cases of each kind."""
    worst = list(range(min(count, total)))
    best = list(range(max(total - count, len(worst)), total))
    middle = sorted(range(len(worst), total - len(best)), key=lambda row: (abs(row - (total - 1) / 2), row))
    return {"best": best, "typical": middle[:count], "worst": worst}


def _joined(evidence: Evidence) -> Table:
    """One row a prompt and seed: the three models' clips and scores, in columns such as `clip_full`."""
    columns = ["clip", *DIMENSIONS]
    joined = evidence.scores("full").set_index(PAIR)[["prompt"]]
    for model in MODELS:
        table = evidence.scores(model).set_index(PAIR)[columns].add_suffix(f"_{model}")
        joined = joined.join(table, how="inner", validate="one_to_one")
    if len(joined) == 0:
        raise UserError(
            f"stage {evidence.stage}: 0 clips of the three models share prompt and seed; "
            "run its evaluation again"
        )
    return joined.assign(difference=joined["average_student"] - joined["average_full"]).reset_index()


def _case(kind: Kind, row: dict[Any, Any]) -> Case:
    shown = tuple(
        Shown(model, row[f"clip_{model}"], {name: float(row[f"{name}_{model}"]) for name in DIMENSIONS})
        for model in MODELS
    )
    return Case(kind, str(row["prompt"]), int(row["seed"]), float(row["difference"]), shown)
