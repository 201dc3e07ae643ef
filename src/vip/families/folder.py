"""A model on disk: where it is and what it is, without its weights in memory."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vip.families.base import VideoFamily


@dataclass(frozen=True)
class ModelFolder:
    """A verified diffusers folder; `fingerprint` is the hash of all its files."""

    path: Path
    family: str
    fingerprint: str

    def open(self, device: str = "cpu") -> "VideoFamily":
        """Load the model in eval mode; its `removed` units are passthroughs again."""
        from vip.families.registry import family_named

        return family_named(self.family).open(self.path, device)
