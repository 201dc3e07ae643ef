"""Preference pairs, as training reads them from a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vip.errors import UserError

if TYPE_CHECKING:
    from vip.types import Table


@dataclass(frozen=True)
class PreferencePair:
    """A prompt and the keys of two clips of it: the better one (winner) and the worse one (loser)."""

    pair_id: str
    prompt: str
    winner: str
    loser: str


def preference_pairs(table: "Table") -> list[PreferencePair]:
    """The pairs of a table with columns pair_id, prompt, winner, loser; UserError where there is none."""
    fields = ["pair_id", "prompt", "winner", "loser"]
    missing = [field for field in fields if field not in table.columns]
    if missing:
        raise UserError(
            f"the pairs have no column {', '.join(missing)}; they have {', '.join(table.columns)}"
        )
    if not len(table):
        raise UserError("there are 0 pairs to train on; lower the thresholds of pair_curation or add prompts")
    rows = [PreferencePair(*map(str, row)) for row in table[fields].itertuples(index=False)]
    _refuse_duplicates([pair.pair_id for pair in rows])
    return rows


def _refuse_duplicates(pair_ids: Sequence[str]) -> None:
    if len(set(pair_ids)) < len(pair_ids):
        twice = next(pair_id for pair_id in pair_ids if pair_ids.count(pair_id) > 1)
        raise UserError(
            f"pair_id {twice} stands in {pair_ids.count(twice)} rows of the pairs; make it unique"
        )
