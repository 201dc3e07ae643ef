"""Errors for the user: one line that says what, where, both numbers and the remedy."""

import re
from collections.abc import Iterable


class UserError(ValueError):
    """Something the user can mend; the command line shows its message alone and exits with 1."""


def no_column(where: str, column: str, columns: Iterable[object]) -> str:
    """What is wrong with a table that lacks a column: what it has instead, and its likely delimiter."""
    names = [str(name) for name in columns]
    line = f"{where} has no column {column!r}, it has {', '.join(names) or 'none'}"
    if len(names) == 1 and re.search(r"[;|\t]", names[0]):
        return f"{line}, which is one column; separate columns by commas"
    return line
