"""Blocks of parameters as the user gives them: whatever they are, and with changes."""

from collections.abc import Mapping
from typing import Any


def block_of(parameters: object, name: str) -> Mapping[str, Any]:
    """A block by its name; empty where there is none, or it is no mapping, which others refuse."""
    block = parameters.get(name) if isinstance(parameters, Mapping) else None
    return block if isinstance(block, Mapping) else {}


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The base with an arm's changes, nested ones as well; options of another reward replace the base's."""
    both = dict(base)
    for key, value in changes.items():
        nested = isinstance(value, Mapping) and isinstance(both.get(key), Mapping)
        other_name = nested and value.get("name") not in (None, both[key].get("name"))
        both[key] = merged(both[key], value) if nested and not other_name else value
    return both
