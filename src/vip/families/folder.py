"""A model on disk: where it is and what it is, without its weights in memory."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vip.families.loading import Loading

if TYPE_CHECKING:
    from vip.families.base import VideoFamily

AS_IT_IS = Loading()
"""Everything in float32 on the device."""


@dataclass(frozen=True)
class ModelFolder:
    """A verified diffusers folder; `fingerprint` is the hash of all its files, `source` where it is from."""

    path: Path
    family: str
    fingerprint: str
    source: str = ""

    def open(
        self, device: str = "cpu", loading: Loading = AS_IT_IS, *, training: bool = False
    ) -> "VideoFamily":
        """Load the model in eval mode, held as `loading` says; its `removed` units are passthroughs again.

        With `training`, what V.I.P. trains keeps its float32 weights and stays on the device.
        """
        from vip.families.registry import family_named

        family = family_named(self.family)
        if loading == AS_IT_IS:
            return family.open(self.path, device)
        model = family.open(self.path)
        loading.apply(model, device, training=training)
        return model
