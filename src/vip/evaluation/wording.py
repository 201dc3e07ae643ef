"""How numbers are said: signs, intervals, units, percentages; and how a table is, in a terminal."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

MINUS = "\N{MINUS SIGN}"
PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
BINARY_PREFIXES = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def signed(value: float) -> str:
    """A difference with its sign: +0.130, a true minus for negatives, and 0.000 without one."""
    text = f"{abs(value):.3f}"
    return text if float(text) == 0 else f"{'+' if value > 0 else MINUS}{text}"


def interval_as_text(low: float, high: float) -> str:
    """`[+0.082, +0.172]`, or what to say where one clip tells no spread."""
    if math.isnan(low) or math.isnan(high):
        return "[no interval]"
    return f"[{signed(low)}, {signed(high)}]"


def difference_as_text(metric: Mapping[str, Any], baseline: str, *, plain: bool = False) -> str:
    """A row of metrics against `full` or `pruned`: difference and interval; `plain` keeps to ASCII."""
    difference, low, high = interval_of(metric, baseline)
    text = f"{signed(difference)} {interval_as_text(low, high)}"
    return text.replace(MINUS, "-") if plain else text


def interval_of(metric: Mapping[str, Any], baseline: str) -> tuple[float, float, float]:
    """Difference, low and high of a row of metrics against `full` or `pruned`."""
    name = f"versus_{baseline}"
    return float(metric[name]), float(metric[f"{name}_low"]), float(metric[f"{name}_high"])


def quantity_as_text(value: float) -> str:
    """Three digits and a prefix: 453 M, 4.90 T, 0.00 stays 0."""
    for factor, prefix in PREFIXES:
        if value >= factor:
            return f"{_three_digits(value / factor)} {prefix}"
    return f"{value:.0f}"


def bytes_as_text(value: float) -> str:
    """Three digits and a binary prefix: 12.5 MiB."""
    for factor, prefix in BINARY_PREFIXES:
        if value >= factor:
            return f"{_three_digits(value / factor)} {prefix}"
    return f"{value:.0f} B"


def seconds_as_text(value: float) -> str:
    """Three digits and a unit: 258 ms, 1.92 s."""
    return f"{_three_digits(value * 1000)} ms" if value < 1 else f"{_three_digits(value)} s"


def percent(share: float) -> str:
    """A share of one as whole percents."""
    return f"{100 * share:.0f}%".replace("-", MINUS)


def counted(count: int, noun: str) -> str:
    """`1 stage`, `2 stages`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def spelled(name: str) -> str:
    """`visual_quality` -> `visual quality`."""
    return name.replace("_", " ")


def aligned(rows: Sequence[Sequence[str]], left: Collection[int]) -> list[str]:
    """Rows of equal length as lines: the columns in `left` start, all others end, under each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _three_digits(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"
