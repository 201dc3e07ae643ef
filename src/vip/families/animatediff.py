"""AnimateDiff: a Stable Diffusion U-Net with motion modules between its layers (Guo et al., 2023).

V.I.P. prunes and trains the motion modules only; the spatial U-Net stays frozen (paper Sec. 4.1). How its
folders look is in `animatediff_folder.py`.
"""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from vip.errors import UserError
from vip.families.animatediff_folder import (
    open_components,
    open_denoiser,
    outline_components,
    outline_denoiser,
    save_student,
)
from vip.families.base import Granularity, VideoFamily
from vip.families.components import check_pipeline_class, read_licence
from vip.families.motion_modules import block_of, module_of, motion_flops, remaining_paths
from vip.families.storage import count_parameters
from vip.pruning.record import read_record
from vip.pruning.surgery import remove_modules
from vip.types import Conditioning, PruningRecord, Sampler, Unit

if TYPE_CHECKING:
    import numpy as np
    import torch
    from diffusers import DiffusionPipeline
    from numpy.typing import NDArray
    from torch import Tensor, nn

FRAMES = 16
"""Frames of a clip in the stock pipeline; fewer where the motion modules cannot tell so many apart."""


class AnimateDiff(VideoFamily):
    """Stable Diffusion 1.5 and other spatial U-Nets with an AnimateDiff motion adapter."""

    name: ClassVar[str] = "animatediff"
    pipeline_class: ClassVar[str] = "AnimateDiffPipeline"
    frames_per_second = 8

    def __init__(
        self, folder: Path, denoiser: "nn.Module", record: PruningRecord, components: dict[str, Any]
    ) -> None:
        """Bind an opened denoiser to the components around it; `open` is the way in."""
        self.folder = folder
        self.denoiser = denoiser
        self.record = record
        self.vae, self.text_encoder = components["vae"], components["text_encoder"]
        self.tokenizer, self.scheduler = components["tokenizer"], components["scheduler"]
        config = cast("Any", denoiser).config
        frames = min(FRAMES, config.motion_max_seq_length)
        self.latent_shape = (config.in_channels, frames, config.sample_size, config.sample_size)
        size = config.sample_size * 2 ** (len(self.vae.config.block_out_channels) - 1)
        self.frame_shape = (frames, size, size, 3)

    @classmethod
    def open(cls, folder: Path, device: str = "cpu") -> Self:
        """Load a stock folder, a student's, or one written by `AnimateDiffPipeline.save_pretrained`."""
        check_pipeline_class(folder, cls.pipeline_class)
        record = read_record(folder) or PruningRecord("", read_licence(folder))
        if device == "meta":
            denoiser, components = outline_denoiser(folder, record), outline_components(folder)
        else:
            denoiser, components = open_denoiser(folder, record), open_components(folder)
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
        return motion_flops(self.denoiser, self.latent_shape)

    def encode(self, prompts: Sequence[str]) -> Conditioning:
        """Embed B prompts and the empty prompt beside each: two tensors (B, tokens, width)."""
        import torch

        with torch.no_grad():
            return {"prompt": self._embed(list(prompts)), "empty_prompt": self._embed([""] * len(prompts))}

    def sample(self, conditioning: Conditioning, noise: "Tensor", sampler: Sampler) -> "Tensor":
        """DDIM with eta 0 and classifier-free guidance, as the stock pipeline samples."""
        import torch

        guided = sampler.guidance_scale > 1
        scheduler = copy.deepcopy(self.scheduler)
        scheduler.set_timesteps(sampler.steps, device=noise.device)
        words = conditioning["prompt"]
        if guided:
            words = torch.cat([conditioning["empty_prompt"], words])
        with torch.inference_mode():
            latents = noise * scheduler.init_noise_sigma
            for timestep in scheduler.timesteps:
                doubled = torch.cat([latents] * 2) if guided else latents
                prediction = _call(self.denoiser, doubled, timestep, words)
                if guided:
                    without, with_prompt = prediction.chunk(2)
                    prediction = without + sampler.guidance_scale * (with_prompt - without)
                latents = scheduler.step(prediction, timestep, latents).prev_sample
        return cast("Tensor", latents).clone()

    def decode(self, latents: "Tensor") -> "NDArray[np.uint8]":
        """Decode clip by clip, so that a clip's pixels do not depend on its batch."""
        import numpy as np
        import torch

        with torch.inference_mode():
            clips = [self._decode_clip(clip) for clip in latents]
        return np.stack(clips)

    def timesteps(self, generator: "torch.Generator", count: int) -> "Tensor":
        """Uniform over all training timesteps."""
        import torch

        return torch.randint(self.scheduler.config.num_train_timesteps, (count,), generator=generator)

    def add_noise(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """x_t = alpha_t x_0 + sigma_t noise, by the scheduler's table."""
        return cast("Tensor", self.scheduler.add_noise(clean, noise, timesteps))

    def target(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """The noise, or the velocity where the scheduler says `v_prediction`."""
        if self.scheduler.config.prediction_type == "epsilon":
            return noise
        return cast("Tensor", self.scheduler.get_velocity(clean, noise, timesteps))

    def predict(
        self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", conditioning: Conditioning
    ) -> "Tensor":
        """Call the U-Net with each prompt's embedding repeated for its frames."""
        return _call(denoiser, noisy.contiguous(), timesteps.to(noisy.device), conditioning["prompt"])

    def _embed(self, prompts: list[str]) -> "Tensor":
        tokens = self.tokenizer(
            prompts,
            padding="max_length",
            max_length=self.tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        )
        device = self.text_encoder.device
        masked = getattr(self.text_encoder.config, "use_attention_mask", False)
        mask = tokens.attention_mask.to(device) if masked else None
        return cast("Tensor", self.text_encoder(tokens.input_ids.to(device), attention_mask=mask)[0])

    def _decode_clip(self, latents: "Tensor") -> "NDArray[np.uint8]":
        pictures = self.vae.decode((1 / self.vae.config.scaling_factor * latents).transpose(0, 1)).sample
        pixels = (pictures / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
        return cast("NDArray[np.uint8]", (pixels * 255).round().astype("uint8"))


def _call(denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", prompt: "Tensor") -> "Tensor":
    """Call a UNetMotionModel, which wants each prompt's embedding once a frame."""
    repeated = prompt.repeat_interleave(noisy.shape[2], dim=0)
    return cast("Tensor", denoiser(noisy, timesteps, encoder_hidden_states=repeated).sample)
