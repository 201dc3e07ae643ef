"""What the descendants of Stable Diffusion share: CLIP words, DDIM with guidance, a VAE for pictures."""

import copy
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from vip.families.diffusion import DiffusionFamily
from vip.families.frames import decode_clips
from vip.types import Conditioning, PruningRecord, Sampler

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn


class StableDiffusionFamily(DiffusionFamily):
    """Abstract: all verbs that do not depend on which U-Net it is; a family adds `_call` and its surgery."""

    calls_with_guidance: ClassVar[int] = 2

    def __init__(
        self, folder: Path, denoiser: "nn.Module", record: PruningRecord, components: dict[str, Any]
    ) -> None:
        """Bind an opened denoiser to the components around it; `open` is the way in."""
        self.folder = folder
        self.denoiser = denoiser
        self.record = record
        self.vae, self.text_encoder = components["vae"], components["text_encoder"]
        self.tokenizer, self.scheduler = components["tokenizer"], components["scheduler"]

    def _set_shapes(self, frames: int) -> None:
        """Clips of so many frames, of the size in the U-Net's configuration (one number means a square)."""
        config = cast("Any", self.denoiser).config
        size = config.sample_size
        height, width = (size, size) if isinstance(size, int) else size
        factor = 2 ** (len(self.vae.config.block_out_channels) - 1)
        self.latent_shape = (config.in_channels, frames, height, width)
        self.frame_shape = (frames, height * factor, width * factor, 3)

    @abstractmethod
    def _call(self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", words: "Tensor") -> "Tensor":
        """Call the U-Net on latents (B, C, F, h, w), timesteps (B,) or (), words (B, tokens, width)."""

    def feature_paths(self) -> dict[str, str]:
        """The ends of down and up blocks, as in BK-SDM's code: no unit is a whole one, so all stay."""
        blocks = (
            f"{stage}.{number}"
            for stage in ("down_blocks", "up_blocks")
            for number in range(len(getattr(self.denoiser, stage)))
        )
        return {path: path for path in blocks}

    def encode(self, prompts: Sequence[str]) -> Conditioning:
        """Embed B prompts and the empty prompt beside each: two tensors (B, tokens, width)."""
        import torch

        with torch.no_grad():
            return {
                "prompt": embed(self.tokenizer, self.text_encoder, list(prompts)),
                "empty_prompt": embed(self.tokenizer, self.text_encoder, [""] * len(prompts)),
            }

    def sample(self, conditioning: Conditioning, noise: "Tensor", sampler: Sampler) -> "Tensor":
        """DDIM with eta 0 and classifier-free guidance, as the stock pipeline samples."""
        import torch

        def call(noisy: "Tensor", timestep: "Tensor", words: "Tensor") -> "Tensor":
            return self._call(self.denoiser, noisy, timestep, words)

        with torch.inference_mode():
            latents = denoise(call, self.scheduler, conditioning, noise, sampler)
        return latents.clone()

    def decode(self, latents: "Tensor") -> "NDArray[np.uint8]":
        """Decode clip by clip, so that a clip's pixels do not depend on its batch."""
        return decode_clips(self, latents)

    def decode_clip(self, latents: "Tensor") -> "Tensor":
        """All of a clip's frames as a batch of pictures."""
        pictures = self.vae.decode((1 / self.vae.config.scaling_factor * latents[0]).transpose(0, 1)).sample
        return cast("Tensor", pictures.transpose(0, 1)[None])

    def add_noise(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """As the scheduler does it: VideoCrafter's shrinks x_0, too."""
        return cast("Tensor", self.scheduler.add_noise(clean, noise, timesteps))

    def predict(
        self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", conditioning: Conditioning
    ) -> "Tensor":
        """Call the U-Net on contiguous latents (channels_last breaks its backward pass on the CPU)."""
        return self._call(denoiser, noisy.contiguous(), timesteps.to(noisy.device), conditioning["prompt"])


def embed(tokenizer: Any, text_encoder: Any, prompts: list[str]) -> "Tensor":
    """B prompts as CLIP's last hidden states (B, tokens, width), padded or cut to the tokenizer's length."""
    tokens = tokenizer(
        prompts,
        padding="max_length",
        max_length=tokenizer.model_max_length,
        truncation=True,
        return_tensors="pt",
    )
    device = text_encoder.device
    masked = getattr(text_encoder.config, "use_attention_mask", False)
    mask = tokens.attention_mask.to(device) if masked else None
    return cast("Tensor", text_encoder(tokens.input_ids.to(device), attention_mask=mask)[0])


def denoise(
    call: "Callable[[Tensor, Tensor, Tensor], Tensor]",
    scheduler: Any,
    conditioning: Conditioning,
    noise: "Tensor",
    sampler: Sampler,
    progress: Callable[[Any], Iterable[Any]] = iter,
    **step_options: Any,
) -> "Tensor":
    """Noise (B, C, F, h, w) to latents like it, with classifier-free guidance above a scale of 1.

    `call(noisy, timestep, words)` predicts; with guidance it is given 2B latents, those without the prompt
    first. `conditioning` is what `encode` returns. `step_options` (eta, generator) go to the scheduler, of
    which a copy is used.
    """
    import torch

    guided = sampler.guidance_scale > 1
    scheduler = copy.deepcopy(scheduler)
    scheduler.set_timesteps(sampler.steps, device=noise.device)
    words = conditioning["prompt"]
    if guided:
        words = torch.cat([conditioning["empty_prompt"], words])
    latents = noise * scheduler.init_noise_sigma
    for timestep in progress(scheduler.timesteps):
        prediction = call(torch.cat([latents] * 2) if guided else latents, timestep, words)
        if guided:
            without, with_prompt = prediction.chunk(2)
            prediction = without + sampler.guidance_scale * (with_prompt - without)
        latents = scheduler.step(prediction, timestep, latents, **step_options).prev_sample
    return cast("Tensor", latents)
