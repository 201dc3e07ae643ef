"""How a name in a registry becomes a class, and a YAML file's `name` and `options` a reward or a judge."""

from collections.abc import Mapping
from importlib import import_module
from inspect import Parameter, signature
from typing import Any, get_type_hints

from vip.errors import UserError, nearest


def build_named(kind: str, registry: Mapping[str, str], name: str, options: Mapping[str, Any]) -> Any:
    """Build what `registry` lists under `name` as "module:Class"; UserError as `check_named` says."""
    return class_named(kind, registry, name)(**check_named(kind, registry, name, options))


def check_named(
    kind: str, registry: Mapping[str, str], name: str, options: Mapping[str, Any]
) -> dict[str, Any]:
    """The options as their types say (4.0 where 4 stands for a float), without building anything.

    UserError for an unknown name, and for options that are unknown, missing or of another type.
    """
    factory = class_named(kind, registry, name)
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


def class_named(kind: str, registry: Mapping[str, str], name: str) -> Any:
    """Import what `registry` lists under `name` as "module:Class"; UserError for an unknown name."""
    if name not in registry:
        raise UserError(f"{kind} {name!r} is unknown{nearest(name, registry)}")
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
