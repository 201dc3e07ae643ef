"""Whether all parameters are known, present and possible: asked before anything runs, answered at once."""

import dataclasses
import typing
from collections.abc import Collection, Iterator, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any

from vip.config_loader import MAXIMUM_STAGES, stages_of
from vip.errors import UserError, nearest
from vip.hooks.config import Tracking
from vip.pipelines.alignment.config import Alignment
from vip.pipelines.comparison.arms import left_out
from vip.pipelines.comparison.blocks import block_of
from vip.pipelines.comparison.config import Comparison
from vip.pipelines.comparison.run_parameters import RUNS
from vip.pipelines.scoring.config import Scoring
from vip.pipelines.sweep.arms import plan_of
from vip.pipelines.sweep.config import Sweeps

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline
    from pydantic_core import ErrorDetails

PREFIX = "params:"
SHELL_PARAMETERS: dict[str, Any] = {
    "tracking": Tracking,
    "alignment": Alignment,
    "preference": Scoring,
    "comparison": Comparison,
    "sweep": Sweeps,
}
"""What the shell itself reads, besides `stages`, and the blocks of the pipelines in `ON_REQUEST`."""
ON_REQUEST = ("alignment", "comparison", "sweep")
"""Pipelines that are made only where asked for: their runs' parameters follow from all others, so that what
is right for a stage may be wrong for one of them."""


def check_parameters(parameters: Mapping[str, Any], pipelines: "Mapping[str, Pipeline]") -> None:
    """Refuse parameters that no pipeline reads, that one misses, or that cannot be: all in one line."""
    stages_of(dict(parameters))
    types = SHELL_PARAMETERS | typed_parameters(pipelines)
    names = {name for pipeline in pipelines.values() for name in _read_by(pipeline)}
    problems = [
        *_unknown(parameters, names | set(types) | {"stages"}),
        *(problem for name in sorted(names | set(types)) for problem in _wrong(parameters, name, types)),
        *(_named_but_left_out(parameters) if "comparison" in pipelines else ()),
        *(_swept_wrongly(parameters) if "sweep" in pipelines else ()),
    ]
    if problems:
        raise UserError(f"{_count(len(problems), 'parameter')} cannot be used: {'; '.join(problems)}")


def worth_making(pipelines: "Mapping[str, Pipeline]", asked: Collection[str] = ()) -> "dict[str, Pipeline]":
    """The pipelines whose parameters are checked before a run: of those in `ON_REQUEST` what is asked for."""
    return {name: pipelines[name] for name in pipelines if name not in ON_REQUEST or name in asked}


def typed_parameters(pipelines: "Mapping[str, Pipeline]") -> dict[str, Any]:
    """The class of each parameter that a node reads, by the parameter's dotted name."""
    from kedro.validation.type_extractor import TypeExtractor

    return dict(TypeExtractor(dict(pipelines)).extract_types_from_pipelines())


def _read_by(pipeline: "Pipeline") -> set[str]:
    return {name.removeprefix(PREFIX) for name in pipeline.inputs() if name.startswith(PREFIX)}


def _unknown(parameters: Mapping[str, Any], names: set[str]) -> Iterator[str]:
    later_stages = {f"stage_{number}" for number in range(1, MAXIMUM_STAGES + 1)}
    for key, value in parameters.items():
        if key == RUNS or (key in names and key not in later_stages):
            continue
        children = {name.partition(".")[2] for name in names if name.startswith(f"{key}.")}
        if children and isinstance(value, Mapping):
            for child in [child for child in value if child not in children]:
                yield f"{key}.{child} is unknown{nearest(child, children)}"
        elif key not in names | later_stages:
            yield f"{key} is unknown{nearest(key, {name.partition('.')[0] for name in names})}"


def _wrong(parameters: Mapping[str, Any], name: str, types: Mapping[str, Any]) -> Iterator[str]:
    from pydantic import TypeAdapter, ValidationError

    value: Any = parameters
    for key in name.split("."):
        if not isinstance(value, Mapping) or key not in value:
            yield f"{name} is missing; parameters.yml has to set it"
            return
        value = value[key]
    if name in types:
        try:
            settings = TypeAdapter(types[name]).validate_python(value)
        except ValidationError as error:
            yield from (_describe(name, types[name], details) for details in error.errors())
        else:
            yield from _refused_by_itself(name, settings)


def _refused_by_itself(name: str, settings: Any) -> Iterator[str]:
    """What a class finds that no type can say: its method `check`, where it has one, raises a UserError."""
    check = getattr(settings, "check", None)
    try:
        if check is not None:
            check()
    except UserError as error:
        yield f"{name}: {error}"


def _named_but_left_out(parameters: Mapping[str, Any]) -> Iterator[str]:
    """Arms that the user asks for by name and cannot have."""
    if block_of(parameters, "comparison").get("only"):
        for arm, reason in left_out(parameters).items():
            yield f"comparison.only names {arm}: {reason}"


def _swept_wrongly(parameters: Mapping[str, Any]) -> Iterator[str]:
    """Why there are no sweeps, where values make no arms, or the base is none to sweep from."""
    if refused := plan_of(parameters).refused:
        yield refused


def _describe(name: str, kind: Any, details: "ErrorDetails") -> str:
    path = ".".join(map(str, (name, *details["loc"])))
    if details["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"{path} is unknown{nearest(str(details['loc'][-1]), _fields(kind, details['loc'][:-1]))}"
    if details["type"] in ("missing", "missing_argument"):
        return f"{path} is missing"
    reason = details["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if details["type"] == "value_error":
        return f"{path}: {reason}"
    return f"{path} is {details['input']!r}: {reason}"


def _fields(kind: Any, path: tuple[int | str, ...]) -> set[str]:
    """The names that a configuration class has at a path below it; empty where no class is found."""
    for key in path:
        kind = _below(kind, str(key))
    return {field.name for field in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else set()


def _below(kind: Any, key: str) -> Any:
    """What a class has under a name, None for none; what a dict or list holds; without `| None`."""
    found = typing.get_type_hints(kind).get(key) if dataclasses.is_dataclass(kind) else None
    if typing.get_origin(kind) in (dict, list):
        found = typing.get_args(kind)[-1]
    return typing.get_args(found)[0] if NoneType in typing.get_args(found) else found


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + "s" * (number != 1)
