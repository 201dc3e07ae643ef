"""Settings as a checkpoint keeps them, and what differs between two of them."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any


def flat_settings(settings: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of a settings dataclass as JSON gives them back, nested ones as `autoencoder.seed`."""
    fields = json.loads(json.dumps(asdict(settings)))
    return {name: value for name, value in _flat(fields) if name not in without}


def differences(saved: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """`beta is 10.0 there and 20.0 now, ...` for every setting that is not the same; empty for none."""
    names = [name for name in {**wanted, **saved} if saved.get(name) != wanted.get(name)]
    return ", ".join(f"{name} is {saved.get(name)!r} there and {wanted.get(name)!r} now" for name in names)


def _flat(fields: Mapping[str, Any], prefix: str = "") -> "list[tuple[str, Any]]":
    pairs: list[tuple[str, Any]] = []
    for name, value in fields.items():
        pairs += _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else [(f"{prefix}{name}", value)]
    return pairs
