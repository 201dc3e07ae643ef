"""Models without weights, on the meta device: made once for each configuration, and copied from then on.

A copy takes a third of the time that a library takes to build one, and every node opens its models anew.
"""

import copy
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

KEPT = 8
"""Outlines that are remembered: a model's parts, and those of the student beside it."""


def outline(make: "Callable[..., nn.Module]", *configs: Mapping[str, Any]) -> "nn.Module":
    """What `make`, a function of configurations alone, makes of these; nobody else has the same object."""
    return copy.deepcopy(_made(make, *(json.dumps(config, sort_keys=True) for config in configs)))


@lru_cache(maxsize=KEPT)
def _made(make: "Callable[..., nn.Module]", *configs: str) -> "nn.Module":
    import torch

    with torch.device("meta"):
        return make(*map(json.loads, configs))
