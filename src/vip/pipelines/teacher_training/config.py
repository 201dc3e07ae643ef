"""The parameters of an embedded teacher's training."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.shapes.teacher.autoencoder import AutoencoderTraining
from vip.shapes.teacher.blueprints import Architecture
from vip.shapes.teacher.denoiser import DenoiserTraining
from vip.shapes.teacher.loop import Loop


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class TeacherTraining:
    """How an embedded teacher is made."""

    denoiser: DenoiserTraining
    autoencoder: AutoencoderTraining | None
    """None takes that of the dataset `first_teacher`."""
    architecture: Architecture
    placements: Annotated[int, Field(ge=1)]
    """Clips rendered of each training scene, each at another place and size."""
    seed: int
    """Seed of the initial weights."""
    own_autoencoder: Loop | None = None
    """How the pipeline's own class of autoencoder learns the same latents, where it is no AutoencoderKL."""
