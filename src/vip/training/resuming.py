"""A run continues from its own checkpoints alone; one with other settings is shown, not passed over."""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from vip.errors import UserError

if TYPE_CHECKING:
    from vip.training.checkpoints import CheckpointFolder

logger = logging.getLogger(__name__)

INPUTS = ("model", "pairs")
"""What a run trains, and on what: not the user's settings, but part of what a checkpoint is of."""


def flat_settings(settings: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of a settings dataclass as JSON gives them back, nested ones as `autoencoder.seed`."""
    fields = json.loads(json.dumps(asdict(settings)))
    return {name: value for name, value in _flat(fields) if name not in without}


def differences(saved: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """`beta is 10.0 there and 20.0 now, ...` for every setting that is not the same; empty for none."""
    names = [name for name in {**wanted, **saved} if saved.get(name) != wanted.get(name)]
    return ", ".join(f"{name} is {saved.get(name)!r} there and {wanted.get(name)!r} now" for name in names)


def check_settings(
    checkpoints: "CheckpointFolder",
    run: str,
    settings: Mapping[str, Any],
    choice: Literal["refuse", "restart"],
) -> None:
    """UserError where the last training here was stopped half way and only settings keep it from going on.

    With `restart` it is left where it is, and another one begins. One that is finished, or that had other
    inputs, cannot be gone on with and is only told of.
    """
    if checkpoints.holds(run):
        return
    other = checkpoints.newest_of_others(run)
    if other is None or not (found := differences(other.settings, settings)):
        return
    same_inputs = all(other.settings.get(name) == settings.get(name) for name in INPUTS)
    unfinished = other.last is not None and other.step < other.last
    if choice == "refuse" and same_inputs and unfinished:
        raise UserError(
            f"{checkpoints.path / other.run} holds {other.step} of {other.last} steps of a training with "
            f"other settings: {found}; put these back to continue it, or set redpo_training.changed_settings "
            "to restart to train afresh"
        )
    logger.info("training begins afresh; the last one here had other settings or inputs: %s", found)


def _flat(fields: Mapping[str, Any], prefix: str = "") -> "list[tuple[str, Any]]":
    pairs: list[tuple[str, Any]] = []
    for name, value in fields.items():
        pairs += _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else [(f"{prefix}{name}", value)]
    return pairs
