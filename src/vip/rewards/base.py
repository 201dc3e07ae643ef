"""What the method asks of a reward model."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Reward(ABC):
    """Scores clips in `vip.types.PROPERTIES`, in that order; higher is better. Abstract or final."""

    name: ClassVar[str]

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Changes whenever the same clip could get another score (model, revision, settings)."""

    @property
    @abstractmethod
    def provenance(self) -> str:
        """What each score says it comes from, in one line: the name, the model and revision behind it."""

    @abstractmethod
    def score(self, frames: "Sequence[NDArray[np.uint8]]", prompts: Sequence[str]) -> "NDArray[np.float64]":
        """Score B clips, each (F, H, W, 3), against B prompts: (B, 4). Each clip is scored by itself."""
