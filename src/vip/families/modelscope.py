"""ModelScope's text-to-video model (Wang et al., 2023), and those trained from it: a UNet3DConditionModel."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast, final

from vip.families.clips import ClipSize, Compression, clip_size
from vip.families.unet3d import UNet3DFamily
from vip.types import PruningRecord

if TYPE_CHECKING:
    from torch import Tensor, nn

FRAMES = 16
"""Frames of a clip in the stock pipeline; a folder may ask for others (`vip.families.clips`)."""


@final
class ModelScope(UNet3DFamily):
    """`TextToVideoSDPipeline` folders, whether they predict the noise or the velocity."""

    name: ClassVar[str] = "modelscope"
    pipeline_class: ClassVar[str] = "TextToVideoSDPipeline"
    frames_per_second = 8

    def __init__(
        self, folder: Path, denoiser: "nn.Module", record: PruningRecord, components: dict[str, Any]
    ) -> None:
        """Bind an opened denoiser to the components around it; `open` is the way in."""
        super().__init__(folder, denoiser, record, components)
        self._set_shapes(FRAMES)
        channels, factor = self.latent_shape[0], self.frame_shape[1] // self.latent_shape[2]
        halvings = len(cast("Any", denoiser).config.block_out_channels) - 1
        compression = Compression(frames=1, pixels=factor, patch_pixels=2**halvings)
        clip = clip_size(folder, ClipSize(*self.frame_shape[:3]), compression)
        self.latent_shape = (channels, *compression.latent_size(clip))
        self.frame_shape = (clip.frames, clip.height, clip.width, 3)

    @classmethod
    def _classes(cls) -> "tuple[Any, Any, Any]":
        from diffusers import DDIMScheduler, TextToVideoSDPipeline, UNet3DConditionModel

        return UNet3DConditionModel, DDIMScheduler, TextToVideoSDPipeline

    def _call(self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", words: "Tensor") -> "Tensor":
        return cast("Tensor", denoiser(noisy, timesteps, encoder_hidden_states=words).sample)
