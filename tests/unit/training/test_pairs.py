"""Pairs, read from a table or refused in one line."""

import pandas as pd
import pytest

from vip.errors import UserError
from vip.training.pairs import PreferencePair, preference_pairs

TABLE = pd.DataFrame(
    {
        "pair_id": ["x", "y"],
        "margin": [0.1, 0.2],
        "winner": ["w", "v"],
        "loser": ["l", "k"],
        "prompt": ["a", "b"],
    }
)


def test_columns_are_found_by_name() -> None:
    assert preference_pairs(TABLE) == [PreferencePair("x", "a", "w", "l"), PreferencePair("y", "b", "v", "k")]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(UserError, match="no column winner, loser; they have pair_id, margin, prompt"):
        preference_pairs(TABLE.drop(columns=["winner", "loser"]))


def test_no_pairs_are_refused() -> None:
    with pytest.raises(UserError, match="0 pairs"):
        preference_pairs(TABLE.iloc[:0])


def test_pairs_of_one_name_are_refused() -> None:
    with pytest.raises(UserError, match="pair_id x stands in 2 rows"):
        preference_pairs(pd.concat([TABLE, TABLE.iloc[:1]]))
