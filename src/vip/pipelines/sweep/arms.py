"""What sweeps consist of: the base arm, and for each other value of a setting that arm with the value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache, reduce
from typing import Any

from vip.errors import UserError
from vip.evaluation.swept import label_of
from vip.pipelines.comparison.arms import SEEDED, ArmRun, known_arms, merged, repeated
from vip.pipelines.comparison.budgets import BUDGETS
from vip.pipelines.comparison.config import Arm
from vip.pipelines.sweep.config import Sweep, Sweeps

SWEPT = "swept"
"""The parameter, among the runs' own, that tells nodes which arm stands for which value."""


@dataclass(frozen=True)
class Plan:
    """All arms by name, the base first; and the values they stand for, as `vip.evaluation.swept.Swept`."""

    arms: Mapping[str, Mapping[str, Any]]
    swept: Mapping[str, Any]


def runs_of(parameters: Mapping[str, Any]) -> list[ArmRun]:
    """All runs of all chosen sweeps, seed by seed; the base arm's once. None where there is no sweep."""
    settings = _settings(parameters)
    return repeated(plan_of(parameters).arms, settings.seeds, parameters) if settings else []


def plan_of(parameters: Mapping[str, Any]) -> Plan:
    """The arms of all chosen sweeps. Without arms where parameters are none: `Sweeps` says what is wrong.

    UserError where the base trains nothing or is no arm, or where two arms would have one name.
    """
    settings, known = _settings(parameters), known_arms(parameters)
    if settings is None or not known:
        return Plan({}, {"base": "", "sweeps": {}})
    base = _base(settings.base, known, parameters)
    arms: dict[str, Mapping[str, Any]] = {settings.base: base}
    swept = {}
    for name in settings.only or settings.sweeps:
        if (sweep := settings.sweeps.get(name)) is None:
            continue
        own = _default(sweep, base, parameters)
        points = []
        for value in _ordered([*sweep.values, *([] if own in sweep.values else [own])]):
            arm = settings.base if value == own else f"{name}_{_slug(value)}"
            if value != own:
                _refuse_twice(arm, {**known, **arms}, name, value)
                arms[arm] = _changed(base, name, sweep.settings, value)
            points.append({"value": value, "arm": arm})
        swept[name] = {"settings": sweep.settings, "scale": sweep.scale, "points": points}
    return Plan(arms, {"base": settings.base, "sweeps": swept})


def _settings(parameters: Mapping[str, Any]) -> Sweeps | None:
    from pydantic import ValidationError

    try:
        settings: Sweeps = _adapter(Sweeps).validate_python(parameters.get("sweep"))
    except ValidationError:
        return None
    return settings


@cache
def _adapter(kind: type) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _base(name: str, arms: Mapping[str, Any], parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    arm = arms.get(name)
    if not isinstance(arm, Mapping):
        raise UserError(f"sweep.base is {name!r}, no arm of the comparison; its arms are {', '.join(arms)}")
    if not all(run.stages and run.trained for run in repeated({name: arm}, [0], parameters)):
        raise UserError(f"sweep.base is {name!r}, an arm that trains nothing; choose one that does")
    return arm


def _refuse_twice(arm: str, arms: Mapping[str, Any], sweep: str, value: Any) -> None:
    if arm in arms:
        raise UserError(
            f"sweep.sweeps.{sweep}: the value {label_of(value)} would be the arm {arm}, which there is "
            "already; take one of the two out, or give the sweep another name"
        )


def _default(sweep: Sweep, base: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    """What the settings are in the base arm; in words where several settings are not the same."""
    found: list[Any] = []
    for setting in sweep.settings:
        value = _value_of(setting, base, parameters)
        found += [] if value in found else [value]
    return found[0] if len(found) == 1 else ", ".join(map(label_of, found))


def _value_of(setting: str, base: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    """None where it is not set; of budgets a list, or words where stages have budgets of the other kind."""
    block, *path = setting.split(".")
    if block in BUDGETS:
        stages = range(1, parameters["stages"] + 1)
        found = base.get(block) or [_reached(parameters, [f"stage_{n}", "budget", block]) for n in stages]
        return "the stages' budgets" if None in found else found
    return _reached(merged(parameters.get(block) or {}, base.get(block) or {}), path)


def _reached(block: Any, path: list[str]) -> Any:
    return reduce(lambda part, key: part.get(key) if isinstance(part, Mapping) else None, path, block)


def _changed(base: Mapping[str, Any], sweep: str, settings: list[str], value: Any) -> Mapping[str, Any]:
    """The arm with a value in these settings; UserError where it is no arm any more."""
    from pydantic import ValidationError

    arm = base
    for setting in settings:
        if setting in [f"{block}.seed" for block in SEEDED]:
            raise UserError(
                f"sweep.sweeps.{sweep} changes {setting}, which is the run's; sweep.seeds has all seeds"
            )
        arm = merged(arm, reduce(lambda inner, key: {key: inner}, reversed(setting.split(".")), value))
    try:
        _adapter(Arm).validate_python(arm)
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f"{part}: " for part in first["loc"][:1])
        reason = first["msg"].removeprefix("Value error, ")
        raise UserError(
            f"sweep.sweeps.{sweep} makes no arm with {label_of(value)}: {place}{reason}; "
            f"settings begin with one of {', '.join(field.name for field in fields(Arm))}"
        ) from error
    return arm


def _ordered(values: list[Any]) -> list[Any]:
    """Numbers by size; anything else as it is written, the default last where it is not among them."""
    numbers = all(isinstance(value, int | float) for value in values)
    return sorted(values) if numbers else values


def _slug(value: Any) -> str:
    """The value as a part of an arm's name."""
    return re.sub(r"[^a-z0-9]+", "_", str(value).lower()).strip("_")
