"""VideoCrafter2 (Chen et al., 2024): a UNet3DConditionModel that is told the frame rate.

Its folders come from `kedro convert videocrafter2`; how it differs from ModelScope's is in this package.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast, final

from vip.families.storage import read_json
from vip.families.unet3d import UNet3DFamily
from vip.types import PruningRecord

if TYPE_CHECKING:
    from torch import Tensor, nn


@final
class VideoCrafter2(UNet3DFamily):
    """Folders whose `model_index.json` names our `VideoCrafterPipeline`."""

    name: ClassVar[str] = "videocrafter2"
    pipeline_class: ClassVar[str] = "VideoCrafterPipeline"
    frames_per_second = 10
    """Of the video people see; what the denoiser is told is the folder's `fps`."""

    def __init__(
        self, folder: Path, denoiser: "nn.Module", record: PruningRecord, components: dict[str, Any]
    ) -> None:
        """Bind an opened denoiser to the components around it; `open` is the way in."""
        super().__init__(folder, denoiser, record, components)
        index = read_json(folder / "model_index.json")
        self.fps, frames = int(index["fps"]), int(index["num_frames"])
        self._set_shapes(frames)

    @classmethod
    def _classes(cls) -> "tuple[Any, Any, Any]":
        from vip.families.videocrafter.pipeline import VideoCrafterPipeline
        from vip.families.videocrafter.scheduler import ScaledDDIMScheduler
        from vip.families.videocrafter.unet import VideoCrafterUNet

        return VideoCrafterUNet, ScaledDDIMScheduler, VideoCrafterPipeline

    def _pipeline_options(self) -> dict[str, Any]:
        return {"fps": self.fps, "num_frames": self.latent_shape[1]}

    def _call(self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", words: "Tensor") -> "Tensor":
        return cast("Tensor", denoiser(noisy, timesteps, encoder_hidden_states=words, fps=self.fps).sample)
