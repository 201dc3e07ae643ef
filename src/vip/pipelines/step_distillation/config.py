"""The parameters of step distillation."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.shapes.teacher.loop import Loop


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class StepDistillation:
    """How a teacher of few steps is made; how many they are, `video_generation.steps` says."""

    teacher_steps: Annotated[int, Field(ge=1)]
    """Steps in which the teacher goes the same way: a multiple of the student's, dividing the schedule's."""
    guidance_scale: Annotated[float, Field(ge=1)]
    """The guidance that the teacher is sampled with, and that the student learns to do without."""
    loop: Loop
    """How long and how fast it learns."""
    placements: Annotated[int, Field(ge=1)]
    """Clips rendered of each training scene."""
    silent_share: Annotated[float, Field(ge=0, le=1)]
    """Share of captions that say nothing of motion."""
    caption_dropout: Annotated[float, Field(ge=0, le=1)]
    """Share of captions that are empty; without guidance nobody asks for these."""
    seed: Annotated[int, Field(ge=0)]
    """Seed of all draws."""
