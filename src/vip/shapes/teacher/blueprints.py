"""The list of teachers that can be made here, and what each must say of itself."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, get_args

if TYPE_CHECKING:
    from torch import Tensor, nn

    from vip.shapes.teacher.assembly import Teacher
    from vip.shapes.teacher.objectives import Objective
    from vip.shapes.teacher.words import Words

Architecture = Literal["animatediff", "modelscope", "wan"]
"""A teacher's family; its blueprint stands in the module of that name."""


@dataclass(frozen=True)
class Learner:
    """What learns in one round; parameters whose names hold one of `asleep` do not."""

    denoiser: "nn.Module"
    words: "Words"
    asleep: tuple[str, ...] = ()


class Blueprint(ABC):
    """An untrained teacher, its weights drawn from the global seed."""

    objective: "Objective"

    @abstractmethod
    def begin_with(self, teacher: Any) -> None:
        """Take over the weights that an opened teacher has for the same layers, if any."""

    @abstractmethod
    def for_pictures(self) -> Learner:
        """What learns from pictures, which are clips of one frame.

        Its text side is thrown away: having seen no motion, it passes over the words of it.
        """

    @abstractmethod
    def for_clips(self) -> Learner:
        """What learns from clips; asked for once, after the pictures."""

    def predict(
        self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", words: "Tensor"
    ) -> "Tensor":
        """Call a learner's denoiser: noisy (B, C, F, h, w), timesteps (B,), words (B, tokens, width)."""
        predicted: Tensor = denoiser(noisy, timesteps, words).sample
        return predicted

    def own_autoencoder(self) -> Any:
        """An untrained autoencoder of the pipeline's own class; None where that is AutoencoderKL."""
        return None

    @abstractmethod
    def assemble(self, autoencoder: Any) -> "Teacher":
        """The trained parts together."""


def blueprint(architecture: Architecture) -> Blueprint:
    """A teacher of this family, untrained."""
    assert architecture in get_args(Architecture), architecture
    module = import_module(f"vip.shapes.teacher.{architecture}")
    made: Blueprint = module.TeacherBlueprint()
    return made
