"""A run continues from its own checkpoints alone; one with other settings is shown, not passed over."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from vip.errors import UserError
from vip.training.settings_diff import differences

if TYPE_CHECKING:
    from vip.training.checkpoints import CheckpointFolder

logger = logging.getLogger(__name__)

INPUTS = ("model", "pairs")
"""What a run trains, and on what: not the user's settings, but part of what a checkpoint is of."""


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
