"""Settings that were swept: the values each had, and the arms that stand for them."""

from typing import Any, Literal

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

Scale = Literal["linear", "log", "steps"]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Point:
    """One value of a setting, and the arm that has it."""

    value: Any
    """As in the configuration."""
    arm: str
    """Whose scores are the value's."""

    @property
    def label(self) -> str:
        """How people read it: 10,000; 5 / 2; on; none."""
        return label_of(self.value)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SweptSetting:
    """One setting, or several that had the same value each, with all values in the order of the page."""

    settings: list[str]
    """Dotted names."""
    scale: Scale
    """How values are spaced."""
    points: list[Point]
    """One a value; the arm of one of them is the base."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Swept:
    """All settings that were swept from one arm."""

    base: str
    """The arm that has the default values."""
    sweeps: dict[str, SweptSetting]
    """By name."""
    trained_with: dict[str, str]
    """By arm: the evaluator whose reward it searches, curates and trains with, or that reward."""
    left_out: dict[str, str]
    """Sweeps that were not run, by name, and why."""


def label_of(value: Any) -> str:
    """A value in words: numbers with thousands apart, lists of stages in their order, truth as on and off."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, list):
        return " / ".join(map(label_of, value))
    if isinstance(value, int | float):
        return f"{value:,}" if isinstance(value, int) else f"{value:g}"
    return str(value)
