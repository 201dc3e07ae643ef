"""The parameters of VBench."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class VBench:
    """How VBench is run; it pins packages of its own, so it is a program in another environment."""

    command: list[str]
    """What runs one dimension; {videos}, {info}, {output} and {dimension} are filled in. Empty: no VBench."""
    samples: Annotated[int, Field(ge=1, le=5)]
    """Videos a prompt, each from noise of its own; VBench looks for 5, and its published scores rest on 5."""
    frames_per_second: Annotated[int, Field(ge=1)]
    """The rate at which the videos play; the dynamic degree depends on it. Set it in globals.yml."""
    hours: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """How long one dimension may take."""
    batch_size: Annotated[int, Field(ge=1)]
    """Videos measured at once where we measure ourselves."""
