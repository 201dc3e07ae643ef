"""The parameters of the classifier's training."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.shapes.teacher.loop import Loop


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class ClassifierTraining:
    """How the network behind the reward `shapes_classifier` is made."""

    loop: Loop
    """How long and how fast it learns; a batch is of single frames."""
    clips: Annotated[int, Field(ge=1)]
    """Renderings of held-out scenes behind each row of its accuracy."""
    seed: Annotated[int, Field(ge=0)]
    """Seed of the initial weights and of all draws."""
