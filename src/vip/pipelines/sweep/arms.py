"""What sweeps consist of: the base arm, and for each other value of a setting that arm with the value."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from typing import Any

from vip.errors import UserError
from vip.evaluation.swept import label_of
from vip.pipelines.comparison.arms import ArmRun, known_arms, repeated
from vip.pipelines.comparison.blocks import merged
from vip.pipelines.comparison.budgets import BUDGETS
from vip.pipelines.comparison.config import Arm
from vip.pipelines.comparison.evaluators import NAME
from vip.pipelines.comparison.run_parameters import trained_with
from vip.pipelines.sweep.base import Base, base_of
from vip.pipelines.sweep.config import Sweep, Sweeps

SWEPT = "swept"
"""The parameter, among the runs' own, that tells nodes which arm stands for which value."""
NOTHING: Mapping[str, Any] = {"base": "", "sweeps": {}, "trained_with": {}, "left_out": {}}
"""That parameter where nothing is swept."""
STAGED = ("stages", "at_once", *BUDGETS)
"""What says how many stages an arm has and what they remove; swept budgets take the place of all of it."""


@dataclass(frozen=True)
class Plan:
    """All arms by name, the base first; the values they stand for, as `vip.evaluation.swept.Swept`."""

    arms: Mapping[str, Mapping[str, Any]]
    swept: Mapping[str, Any]
    runs: Sequence[ArmRun] = ()
    """All runs of all arms, seed by seed; the base arm's once."""
    refused: str = ""
    """Why there are none, in the user's words, where sweeps cannot be."""


def plan_of(parameters: Mapping[str, Any]) -> Plan:
    """The arms of all chosen sweeps; none where they cannot be, which stops nobody who asks for no sweep.

    Where parameters are none at all, `Sweeps` and `Comparison` say what is wrong.
    """
    settings, known = _settings(parameters), known_arms(parameters)
    if settings is None or not known:
        return Plan({}, NOTHING)
    try:
        return _planned(settings, known, parameters)
    except UserError as error:
        return Plan({}, NOTHING, refused=str(error))


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


def _planned(settings: Sweeps, known: Mapping[str, Mapping[str, Any]], parameters: Mapping[str, Any]) -> Plan:
    """UserError where the base cannot be swept from, where a value makes no arm, or two have one name."""
    base = base_of(settings.base, known, parameters)
    names = settings.only or settings.sweeps
    chosen = {name: settings.sweeps[name] for name in names if name in settings.sweeps}
    left_out = _left_out(chosen, base, named=bool(settings.only))
    arms, sweeps = {settings.base: base.arm}, {}
    for name in [name for name in chosen if name not in left_out]:
        sweep, points = chosen[name], []
        _refuse_unsaid(base, name, sweep)
        for value, arm, changed in _variants(name, sweep, base):
            if changed is not base.arm:
                _refuse_name(arm, {**known, **arms}, name, value)
            arms[arm] = changed
            points.append({"value": value, "arm": arm})
        sweeps[name] = {"settings": sweep.settings, "scale": sweep.scale, "points": points}
    runs = repeated(arms, settings.seeds, parameters)
    rewards = trained_with(parameters, runs)
    swept = {"base": settings.base, "sweeps": sweeps, "trained_with": rewards, "left_out": left_out}
    return Plan(arms, swept, runs)


def _left_out(chosen: Mapping[str, Sweep], base: Base, *, named: bool) -> dict[str, str]:
    """Sweeps of budgets for other stages than the base's, by name, and why they are left out.

    What is left out by default is refused where it is named, or where nothing is left.
    """
    found = {
        name: f"its budgets are not for the stages of {base.run.arm}, which have {base.budgets}; give it "
        "values with that among them"
        for name, sweep in chosen.items()
        if set(sweep.settings) & set(BUDGETS) and base.default_of(sweep) not in sweep.values
    }
    if len(found) == len(chosen) or (named and found):
        reasons = [f"sweep.sweeps.{name} cannot be run: {reason}" for name, reason in found.items()]
        raise UserError("; ".join(reasons) or "sweep.sweeps has none that can be run")
    return found


def _variants(name: str, sweep: Sweep, base: Base) -> Iterator[tuple[Any, str, Mapping[str, Any]]]:
    """The values in their order, each with its arm's name and its arm; the default's are the base."""
    default = base.default_of(sweep)
    for value in _ordered([*sweep.values, *([] if default in sweep.values else [default])]):
        if value == default:
            yield value, base.run.arm, base.arm
        else:
            yield value, f"{name}_{_slug(value)}", _changed(base.arm, name, sweep.settings, value)


def _refuse_unsaid(base: Base, name: str, sweep: Sweep) -> None:
    for setting in sweep.settings:
        if not base.says(setting):
            raise UserError(
                f"sweep.sweeps.{name}: parameters do not say what {setting} is otherwise; write the value "
                "that it has now into them"
            )


def _refuse_name(arm: str, arms: Mapping[str, Any], sweep: str, value: Any) -> None:
    if arm in arms:
        raise UserError(
            f"sweep.sweeps.{sweep}: the value {label_of(value)} would be the arm {arm}, which there is "
            "already; take one of the two out, or give the sweep another name"
        )
    if not re.fullmatch(NAME, arm):
        raise UserError(
            f"sweep.sweeps.{sweep}: the value {label_of(value)} has no letter or digit to call its arm by; "
            "make it an arm of the comparison, which has a name of yours"
        )


def _changed(base: Mapping[str, Any], sweep: str, settings: list[str], value: Any) -> Mapping[str, Any]:
    """The arm with a value in these settings; UserError where it is no arm any more."""
    from pydantic import ValidationError

    of_budgets = set(settings) & set(BUDGETS)
    arm = {key: kept for key, kept in base.items() if not (of_budgets and key in STAGED)}
    for setting in settings:
        arm = merged(arm, reduce(lambda inner, key: {key: inner}, reversed(setting.split(".")), value))
    try:
        _adapter(Arm).validate_python(arm)
    except ValidationError as error:
        first = error.errors()[0]
        place = "".join(f"{part}: " for part in first["loc"][:1])
        reason = first["msg"].removeprefix("Value error, ")
        raise UserError(
            f"sweep.sweeps.{sweep} makes no arm with {label_of(value)}: {place}{reason}"
        ) from error
    return arm


def _ordered(values: list[Any]) -> list[Any]:
    """Numbers by size; anything else as it is written, the default last where it is not among them."""
    numbers = all(isinstance(value, int | float) for value in values)
    return sorted(values) if numbers else values


def _slug(value: Any) -> str:
    """The value as a part of an arm's name."""
    return re.sub(r"[^a-z0-9]+", "_", str(value).lower()).strip("_")
