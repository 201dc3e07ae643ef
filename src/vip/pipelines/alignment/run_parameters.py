"""The parameters of the alignment's own training, beside those of the comparison's runs."""

from collections.abc import Mapping
from typing import Any

from vip.pipelines.comparison.blocks import merged

ALIGNMENT = "alignment"
"""The pipeline, its namespace and tag, its block of parameters, and its run: no arm, but one by itself."""


def run_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Under `alignment` the block of its training; nothing where the parameters lack a half of it."""
    alignment, base = parameters.get(ALIGNMENT), parameters.get("redpo_training")
    changes = alignment.get("redpo_training") if isinstance(alignment, Mapping) else None
    if not isinstance(changes, Mapping) or not isinstance(base, Mapping):
        return {}
    return {ALIGNMENT: {"redpo_training": merged(base, changes)}}
