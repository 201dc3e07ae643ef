"""Tables as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from vip.evaluation.bootstrap import side_of_zero
from vip.evaluation.wording import interval_as_text, signed, spelled


def said(
    row: Mapping[str, Any] | None, mean: str = "difference", low: str = "low", high: str = "high"
) -> str:
    """A difference and its interval, bold where that misses zero; nothing where nobody judged."""
    if row is None:
        return ""
    text = f"{signed(row[mean])} {interval_as_text(row[low], row[high])}"
    return text if side_of_zero(row[low], row[high]) == "unclear" else f"**{text}**"


def section(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table below its title; nothing where it would be empty."""
    if not rows:
        return ""
    lines = [[*map(spelled, header)], ["---"] * len(header), *rows]
    return "\n".join([f"### {title}", "", *(f"| {' | '.join(line)} |" for line in lines)])
