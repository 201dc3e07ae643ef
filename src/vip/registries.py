"""How a YAML file's `name` and `options` become a reward or a judge."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from inspect import signature
from typing import Any

from vip.errors import UserError


def build_named(kind: str, registry: Mapping[str, str], name: str, options: Mapping[str, Any]) -> Any:
    """Build what `registry` lists under `name` as "module:Class"; UserError for unknown names and options."""
    if name not in registry:
        near = get_close_matches(name, registry, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UserError(f"{kind} {name!r} is unknown{hint} (known: {', '.join(sorted(registry))})")
    module, _, attribute = registry[name].partition(":")
    factory = getattr(import_module(module), attribute)
    known = set(signature(factory).parameters)
    unknown = sorted(set(options) - known)
    if unknown:
        raise UserError(
            f"{kind} {name!r} has no option {', '.join(unknown)} "
            f"(known: {', '.join(sorted(known)) or 'none'})"
        )
    return factory(**options)
