"""Errors for the user: one line that says what, where, both numbers and the remedy."""

import re
from collections.abc import Iterable
from difflib import get_close_matches


class UserError(ValueError):
    """Something the user can mend; the command line shows its message alone and exits with 1."""


def causes_of(error: BaseException | None) -> list[BaseException]:
    """An error, what caused it, what caused that."""
    causes: list[BaseException] = []
    while error is not None and error not in causes:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes


def nearest(name: object, known: Iterable[str]) -> str:
    """How the refusal of an unknown name ends: with the known one that is likely meant, or with all."""
    names = sorted(known)
    return likely_meant(name, names) or (f"; known are {', '.join(names)}" if names else "")


def likely_meant(name: object, known: Iterable[str]) -> str:
    """How it ends where all known names stand in it already: with the likely one, or with nothing."""
    near = get_close_matches(str(name).lower(), sorted(known), n=1, cutoff=0.5)
    return f"; did you mean {near[0]}?" if near else ""


def no_column(where: str, column: str, columns: Iterable[object]) -> str:
    """What is wrong with a table that lacks a column: what it has instead, and its likely delimiter."""
    names = [str(name) for name in columns]
    line = f"{where} has no column {column!r}, it has {', '.join(names) or 'none'}"
    if len(names) == 1 and re.search(r"[;|\t]", names[0]):
        return f"{line}, which is one column; separate columns by commas"
    return line
