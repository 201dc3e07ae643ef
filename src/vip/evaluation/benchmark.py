"""VBench's results as the report shows them: of the models on its page, and of no others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vip.evaluation.wording import MINUS

if TYPE_CHECKING:
    from vip.types import Table

TOTALS = ("quality", "semantic", "total")


@dataclass(frozen=True)
class Score:
    """A score in percent, and what the revised dynamic degree makes of it; empty where that is the same."""

    published: str
    revised: str = ""


@dataclass(frozen=True)
class Row:
    """A dimension or total: the models' scores in their order, and the student's minus the teacher's."""

    measure: str
    scores: tuple[Score | None, ...]
    difference: Score | None
    total: bool


@dataclass(frozen=True)
class Benchmark:
    """What VBench says of the teacher and of the last student, and which of them it has not seen."""

    models: tuple[str, ...]
    rows: tuple[Row, ...]
    outdated: tuple[str, ...]


def benchmark(tables: Mapping[str, "Table | None"], fingerprints: Mapping[str, str]) -> Benchmark | None:
    """The tables by model, totals first; None where there is none.

    A table tells in `model` whose videos it is about. One of another model than `fingerprints` names, as left
    behind by an earlier student, is not shown, and the model is listed in `outdated`.
    """
    made = {name: table for name, table in tables.items() if table is not None}
    if not made:
        return None
    current = {name: table for name, table in made.items() if set(table["model"]) == {fingerprints[name]}}
    values = {name: _values(table) for name, table in current.items()}
    measures = [measure for scores in values.values() for measure in scores]
    ordered = dict.fromkeys([*(name for name in TOTALS if name in measures), *measures])
    rows = tuple(_row(measure, values) for measure in ordered)
    return Benchmark(tuple(current), rows, tuple(name for name in made if name not in current))


Values = dict[str, tuple[float, float]]


def _values(table: "Table") -> Values:
    """By measure: the published and the revised score."""
    pairs = zip(table["published"].map(float), table["revised"].map(float), strict=True)
    return dict(zip(table["measure"], pairs, strict=True))


def _row(measure: str, values: Mapping[str, Values]) -> Row:
    pairs = [scores.get(measure) for scores in values.values()]
    known = [pair for pair in pairs if pair is not None]
    difference = None
    if len(known) == 2:
        (full, full_revised), (student, student_revised) = known
        difference = _score(student - full, student_revised - full_revised, sign="+")
    scores = tuple(None if pair is None else _score(*pair) for pair in pairs)
    return Row(measure, scores, difference, measure in TOTALS)


def _score(published: float, revised: float, sign: str = "-") -> Score:
    first, second = (f"{100 * value:{sign}.2f}".replace("-", MINUS) for value in (published, revised))
    return Score(first, second if second != first else "")
