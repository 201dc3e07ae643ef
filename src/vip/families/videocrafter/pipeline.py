"""VideoCrafter as a diffusers pipeline: called like `TextToVideoSDPipeline`, and told a frame rate."""

from dataclasses import dataclass
from typing import Any

import torch
from diffusers import AutoencoderKL, DiffusionPipeline
from diffusers.utils import BaseOutput
from diffusers.video_processor import VideoProcessor
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from vip.families.stable_diffusion import denoise, embed
from vip.families.videocrafter.scheduler import ScaledDDIMScheduler
from vip.families.videocrafter.unet import VideoCrafterUNet
from vip.types import Sampler


@dataclass
class VideoCrafterPipelineOutput(BaseOutput):
    """`frames`: videos in the asked output type, or latents (B, C, F, h, w)."""

    frames: Any


class VideoCrafterPipeline(DiffusionPipeline):
    """Text to video with VideoCrafter2; `fps` and `num_frames` are what a call uses unless told otherwise."""

    model_cpu_offload_seq = "text_encoder->unet->vae"

    def __init__(
        self,
        vae: AutoencoderKL,
        text_encoder: CLIPTextModel,
        tokenizer: CLIPTokenizer,
        unet: VideoCrafterUNet,
        scheduler: ScaledDDIMScheduler,
        fps: int = 28,
        num_frames: int = 16,
    ) -> None:
        super().__init__()
        self.register_modules(
            vae=vae, text_encoder=text_encoder, tokenizer=tokenizer, unet=unet, scheduler=scheduler
        )
        self.register_to_config(fps=fps, num_frames=num_frames)
        self.vae_scale_factor = 2 ** (len(vae.config.block_out_channels) - 1)
        self.video_processor = VideoProcessor(do_resize=False, vae_scale_factor=self.vae_scale_factor)

    @torch.no_grad()
    def __call__(
        self,
        prompt: str | list[str],
        height: int | None = None,
        width: int | None = None,
        num_frames: int | None = None,
        num_inference_steps: int = 50,
        guidance_scale: float = 12.0,
        negative_prompt: str = "",
        fps: int | None = None,
        eta: float = 0.0,
        generator: torch.Generator | None = None,
        latents: Tensor | None = None,
        output_type: str = "np",
        return_dict: bool = True,
    ) -> VideoCrafterPipelineOutput | tuple[Any]:
        """Make one clip a prompt. `fps` is what the denoiser is told; the original script sets `eta` to 1.

        Height and width in pixels and the number of frames count only where no `latents` (B, C, F, h, w) of
        standard normal noise are given. ValueError where pixels do not divide into latents.
        """
        prompts = [prompt] if isinstance(prompt, str) else prompt
        device = self._execution_device
        if latents is None:
            latents = torch.randn(
                self._latent_shape(len(prompts), num_frames, height, width),
                generator=generator,
                device=generator.device if generator else device,
                dtype=self.unet.dtype,
            )
        conditioning = {
            "prompt": embed(self.tokenizer, self.text_encoder, prompts),
            "empty_prompt": embed(self.tokenizer, self.text_encoder, [negative_prompt] * len(prompts)),
        }
        rate = self.config.fps if fps is None else fps

        def call(noisy: Tensor, timestep: Tensor, words: Tensor) -> Any:
            return self.unet(noisy, timestep, encoder_hidden_states=words, fps=rate).sample

        latents = denoise(
            call,
            self.scheduler,
            conditioning,
            latents.to(device),
            Sampler(num_inference_steps, guidance_scale),
            progress=self.progress_bar,
            eta=eta,
            generator=generator,
        )
        frames = latents if output_type == "latent" else self._pictures(latents, output_type)
        self.maybe_free_model_hooks()
        return VideoCrafterPipelineOutput(frames) if return_dict else (frames,)

    def decode_latents(self, latents: Tensor) -> Tensor:
        """Latents (B, C, F, h, w) to pixels (B, 3, F, H, W) between -1 and 1."""
        batch, _, frames, _, _ = latents.shape
        pictures = self.vae.decode(latents.transpose(1, 2).flatten(0, 1) / self.vae.config.scaling_factor)
        video: Tensor = pictures.sample.unflatten(0, (batch, frames)).transpose(1, 2).float()
        return video

    def _pictures(self, latents: Tensor, output_type: str) -> Any:
        return self.video_processor.postprocess_video(self.decode_latents(latents), output_type=output_type)

    def _latent_shape(
        self, count: int, frames: int | None, height: int | None, width: int | None
    ) -> tuple[int, ...]:
        pixels = [size * self.vae_scale_factor for size in self.unet.config.sample_size]
        asked = (height or pixels[0], width or pixels[1])
        if any(size % self.vae_scale_factor for size in asked):
            raise ValueError(f"height and width are {asked}; both have to divide by {self.vae_scale_factor}")
        sizes = [size // self.vae_scale_factor for size in asked]
        return (count, self.unet.config.in_channels, frames or self.config.num_frames, *sizes)
