"""What V.I.P. does with every video model around a `UNet3DConditionModel`: ModelScope's and VideoCrafter's.

The paper removes whole blocks of the U-Net and trains all of what is left (Sec. 4.1), so all parameters are
prunable ones here; those that must stay are units with a reason.
"""

import copy
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from vip.families.base import Granularity
from vip.families.components import check_pipeline_class, read_licence, without_notice
from vip.families.stable_diffusion import StableDiffusionFamily
from vip.families.stable_diffusion_folder import open_components, outline_components
from vip.families.unet3d_flops import unet3d_flops
from vip.families.unet3d_folder import open_unet3d, outline_unet3d, save_unet3d
from vip.families.unet3d_parts import remove_units, units_of
from vip.pruning.record import read_record
from vip.types import PruningRecord, Unit

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline
    from torch import nn


class UNet3DFamily(StableDiffusionFamily):
    """Abstract: a family adds its diffusers classes, its call of the U-Net and the shape of its latents."""

    @classmethod
    @abstractmethod
    def _classes(cls) -> "tuple[Any, Any, Any]":
        """The classes of U-Net, scheduler and pipeline, imported when asked for."""

    def _pipeline_options(self) -> dict[str, Any]:
        """What the pipeline is built with besides its components."""
        return {}

    @classmethod
    def open(cls, folder: Path, device: str = "cpu") -> Self:
        """Load a teacher's or a student's folder, or one written by the pipeline's `save_pretrained`."""
        check_pipeline_class(folder, cls.pipeline_class)
        unet_class, scheduler_class, _ = cls._classes()
        record = read_record(folder) or PruningRecord("", read_licence(folder))
        outline = device == "meta"
        denoiser = (outline_unet3d if outline else open_unet3d)(folder, record, unet_class)
        components = (outline_components if outline else open_components)(folder, scheduler_class)
        for module in (denoiser, components["vae"], components["text_encoder"]):
            module.requires_grad_(requires_grad=False).eval().to(device)
        return cls(folder, denoiser, record, components)

    def save(self, folder: Path) -> None:
        """Write a student's folder; all but the U-Net is copied from where this model was opened."""
        save_unet3d(self.folder, self.denoiser, self.record, folder)

    def to_pipeline(self) -> "DiffusionPipeline":
        """The family's pipeline around the same modules, without diffusers' word that it is an old one."""
        with without_notice("diffusers.pipelines.pipeline_utils", "has been deprecated"):
            pipeline: DiffusionPipeline = self._classes()[2](
                vae=self.vae,
                text_encoder=self.text_encoder,
                tokenizer=self.tokenizer,
                unet=self.denoiser,
                scheduler=copy.deepcopy(self.scheduler),
                **self._pipeline_options(),
            )
        return pipeline

    def units(self, granularity: Granularity) -> tuple[Unit, ...]:
        """Input, middle and output blocks, each alone or by diffusers block; everything else must stay."""
        return units_of(self.denoiser, granularity)

    def remove(self, names: Sequence[str], granularity: Granularity) -> None:
        """Replace the named units by passthroughs; a removed output block drops its skip connection."""
        remove_units(self.denoiser, names, granularity, str(self.folder))

    def trainable(self) -> "dict[str, nn.Parameter]":
        """All parameters of the U-Net that are left."""
        return dict(self.denoiser.named_parameters())

    def flops(self) -> int:
        """FLOPs of what is left of the U-Net, from its weights' shapes."""
        return unet3d_flops(self.denoiser, self.latent_shape, self.tokenizer.model_max_length)

    def flops_of(self, unit: Unit) -> int:
        """FLOPs of its layers; those behind them stay what they are."""
        words = self.tokenizer.model_max_length
        return unet3d_flops(self.denoiser, self.latent_shape, words, unit.paths)
