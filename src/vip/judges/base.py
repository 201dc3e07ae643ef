"""What the method asks of a judge: which properties does a prompt describe (paper Sec. 3.3)?"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Judge(ABC):
    """Gives the probability that a prompt explicitly describes a property. Abstract or final."""

    name: ClassVar[str]
    batch_size: int
    """Prompts given to `judge` at once, and at most so many are judged again after a kill."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Changes whenever the same prompt could be judged differently."""

    @abstractmethod
    def judge(self, prompts: Sequence[str]) -> "NDArray[np.float64]":
        """Probabilities (B, 4) in the order of `vip.types.PROPERTIES`, each prompt judged by itself."""
