"""AnimateDiff: a Stable Diffusion U-Net with motion modules between its layers (Guo et al., 2023).

V.I.P. prunes and trains the motion modules only; the spatial U-Net stays frozen (paper Sec. 4.1). How its
folders look is in `animatediff_folder.py`.
"""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from vip.errors import UserError
from vip.families.animatediff_folder import open_denoiser, outline_denoiser, save_student
from vip.families.base import Granularity
from vip.families.components import check_pipeline_class, read_licence
from vip.families.motion_modules import block_of, module_of, motion_flops, remaining_paths
from vip.families.stable_diffusion import StableDiffusionFamily
from vip.families.stable_diffusion_folder import open_components, outline_components
from vip.families.storage import count_parameters
from vip.pruning.record import read_record
from vip.pruning.surgery import remove_modules
from vip.types import PruningRecord, Unit

if TYPE_CHECKING:
    from diffusers import DiffusionPipeline
    from torch import Tensor, nn

FRAMES = 16
"""Frames of a clip in the stock pipeline; fewer where the motion modules cannot tell so many apart."""


class AnimateDiff(StableDiffusionFamily):
    """Stable Diffusion 1.5 and other spatial U-Nets with an AnimateDiff motion adapter."""

    name: ClassVar[str] = "animatediff"
    pipeline_class: ClassVar[str] = "AnimateDiffPipeline"
    frames_per_second = 8

    def __init__(
        self, folder: Path, denoiser: "nn.Module", record: PruningRecord, components: dict[str, Any]
    ) -> None:
        """Bind an opened denoiser to the components around it; `open` is the way in."""
        super().__init__(folder, denoiser, record, components)
        frames = min(FRAMES, cast("Any", denoiser).config.motion_max_seq_length)
        self._set_shapes(frames)

    @classmethod
    def open(cls, folder: Path, device: str = "cpu") -> Self:
        """Load a stock folder, a student's, or one written by `AnimateDiffPipeline.save_pretrained`."""
        from diffusers import DDIMScheduler

        check_pipeline_class(folder, cls.pipeline_class)
        record = read_record(folder) or PruningRecord("", read_licence(folder))
        outline = device == "meta"
        denoiser = (outline_denoiser if outline else open_denoiser)(folder, record)
        components = (outline_components if outline else open_components)(folder, DDIMScheduler)
        for module in (denoiser, components["vae"], components["text_encoder"]):
            module.requires_grad_(requires_grad=False).eval().to(device)
        return cls(folder, denoiser, record, components)

    def save(self, folder: Path) -> None:
        """Write a student's folder; what is frozen is copied from the folder this model was opened from."""
        save_student(self.folder, self.denoiser, self.record, folder)

    def to_pipeline(self) -> "DiffusionPipeline":
        """An AnimateDiffPipeline around the same modules; its `motion_adapter` is inside its `unet`."""
        from diffusers import AnimateDiffPipeline

        return AnimateDiffPipeline(
            vae=self.vae,
            text_encoder=self.text_encoder,
            tokenizer=self.tokenizer,
            unet=self.denoiser,
            motion_adapter=None,
            scheduler=copy.deepcopy(self.scheduler),
        )

    def units(self, granularity: Granularity) -> tuple[Unit, ...]:
        """Motion modules one by one, or those of a whole down, middle or up block together."""
        groups: dict[str, list[str]] = {}
        for path in remaining_paths(self.denoiser):
            groups.setdefault(path if granularity == "module" else block_of(path), []).append(path)
        return tuple(
            Unit(
                name, tuple(paths), sum(count_parameters(self.denoiser.get_submodule(path)) for path in paths)
            )
            for name, paths in groups.items()
        )

    def remove(self, names: Sequence[str], granularity: Granularity) -> None:
        """Replace the named units' motion modules by passthroughs."""
        units = {unit.name: unit for unit in self.units(granularity)}
        unknown = sorted(set(names) - set(units))
        if unknown:
            raise UserError(
                f"{self.folder}: cannot remove {', '.join(unknown)} at granularity {granularity}: "
                f"the {len(units)} units present are {', '.join(units)}"
            )
        remove_modules(self.denoiser, (path for name in dict.fromkeys(names) for path in units[name].paths))

    def trainable(self) -> "dict[str, nn.Parameter]":
        """All parameters of the motion modules that are left."""
        return {name: value for name, value in self.denoiser.named_parameters() if module_of(name)}

    def flops(self) -> int:
        """FLOPs of the motion modules that are left, from their weights' shapes."""
        return motion_flops(self.denoiser, self.latent_shape, remaining_paths(self.denoiser))

    def flops_of(self, unit: Unit) -> int:
        """FLOPs of its motion modules."""
        return motion_flops(self.denoiser, self.latent_shape, unit.paths)

    def _call(self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", words: "Tensor") -> "Tensor":
        """A UNetMotionModel wants each prompt's embedding once a frame."""
        repeated = words.repeat_interleave(noisy.shape[2], dim=0)
        return cast("Tensor", denoiser(noisy, timesteps, encoder_hidden_states=repeated).sample)
