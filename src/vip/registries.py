"""How a YAML file's `name` and `options` become a reward or a judge."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from inspect import Parameter, signature
from typing import Any, get_type_hints

from vip.errors import UserError


def build_named(kind: str, registry: Mapping[str, str], name: str, options: Mapping[str, Any]) -> Any:
    """Build what `registry` lists under `name` as "module:Class"; UserError as `check_named` says."""
    return _factory(kind, registry, name)(**check_named(kind, registry, name, options))


def check_named(
    kind: str, registry: Mapping[str, str], name: str, options: Mapping[str, Any]
) -> dict[str, Any]:
    """The options as their types say (4.0 where 4 stands for a float), without building anything.

    UserError for an unknown name, and for options that are unknown, missing or of another type.
    """
    factory = _factory(kind, registry, name)
    known = signature(factory).parameters
    unknown = sorted(map(str, set(options) - set(known)))
    if unknown:
        raise UserError(
            f"{kind} {name!r} has no option {', '.join(unknown)} "
            f"(known: {', '.join(sorted(known)) or 'none'})"
        )
    missing = [
        option for option in known if known[option].default is Parameter.empty and option not in options
    ]
    if missing:
        raise UserError(f"{kind} {name!r} needs the option {', '.join(missing)}; set it under options")
    hints = get_type_hints(factory.__init__)
    return {option: _typed(kind, name, option, value, hints[option]) for option, value in options.items()}


def _factory(kind: str, registry: Mapping[str, str], name: str) -> Any:
    if name not in registry:
        near = get_close_matches(name, registry, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UserError(f"{kind} {name!r} is unknown{hint} (known: {', '.join(sorted(registry))})")
    module, _, attribute = registry[name].partition(":")
    return getattr(import_module(module), attribute)


def _typed(kind: str, name: str, option: str, value: Any, hint: Any) -> Any:
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(hint).validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, (option, *first["loc"])))
        reason = first["msg"].removeprefix("Input ")
        raise UserError(f"{kind} {name!r}: option {where} is {first['input']!r}: {reason}") from None
