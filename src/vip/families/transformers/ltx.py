"""LTX-Video (HaCohen et al., 2024): latents strongly compressed, and packed into a sequence of patches.

Flow matching; the denoiser's own target is noise - x_0. The sampler's shift grows with the number of patches
(diffusers' pipelines/ltx/pipeline_ltx.py).
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from vip.families.clips import ClipSize, Compression
from vip.families.flow import PREDICTION_TYPES, FlowFamily
from vip.families.transformers.base import MASKED_EMBEDDINGS, TransformerFamily
from vip.families.transformers.stacks import StackSpec
from vip.pruning.flops import attention_flops, linear_flops
from vip.types import Conditioning, Sampler

if TYPE_CHECKING:
    from torch import Tensor, nn

WORDS = 128
"""Tokens that the pipeline pads a prompt to."""


class LTXVideo(FlowFamily, TransformerFamily):
    """Text to video with LTX-Video 0.9 and later, in one pass."""

    name: ClassVar[str] = "ltx"
    pipeline_class: ClassVar[str] = "LTXPipeline"
    transformer_class: ClassVar[str] = "LTXVideoTransformer3DModel"
    stack_specs: ClassVar[tuple[StackSpec, ...]] = (StackSpec(("transformer_blocks",), "num_layers"),)
    schedulers: ClassVar[tuple[str, ...]] = ("FlowMatchEulerDiscreteScheduler",)
    prediction_types: ClassVar[tuple[str, ...]] = PREDICTION_TYPES
    frames_per_second = 25

    def default_clip(self) -> ClipSize:
        """161 frames of 512 x 704, as `LTXPipeline.__call__` has it."""
        return ClipSize(frames=161, height=512, width=704)

    @staticmethod
    def compression_of(vae: Any, transformer: Any) -> Compression:
        """A causal autoencoder; a patch is a latent pixel."""
        del transformer
        return Compression(vae.temporal_compression_ratio, vae.spatial_compression_ratio)

    def block_flops(self, block: "nn.Module", blocks: str) -> int:
        """Self-attention, attention to the prompt, feed-forward."""
        del blocks
        patches, parts = self.compression.patches(self.clip), cast("Any", block)
        to_words = attention_flops(parts.attn2, patches, WORDS)
        return attention_flops(parts.attn1, patches, patches) + to_words + linear_flops(parts.ff, patches)

    def encode(self, prompts: Sequence[str]) -> Conditioning:
        """T5 embeddings (B, tokens, width) with masks (B, tokens), of the prompts and of empty ones."""
        return self.run_encoder(prompts, MASKED_EMBEDDINGS, max_sequence_length=WORDS)

    def sample(self, conditioning: Conditioning, noise: "Tensor", sampler: Sampler) -> "Tensor":
        """The stock pipeline, without rescaled guidance."""
        packed = self.run_pipeline(_packed(noise), sampler, num_frames=self.clip.frames, **conditioning)
        return self._unpacked(packed)

    def decode_clip(self, latents: "Tensor") -> "Tensor":
        """Latents were normalised by channel; later VAEs are told how noisy they are (not at all)."""
        dimensions = (1, -1, 1, 1, 1)
        mean = self.vae.latents_mean.to(latents).view(dimensions)
        std = self.vae.latents_std.to(latents).view(dimensions)
        level = latents.new_zeros(1) if self.vae.config.timestep_conditioning else None
        latents = latents * std / self.vae.config.scaling_factor + mean
        return cast("Tensor", self.vae.decode(latents, level, return_dict=False)[0])

    def flow_shift(self) -> float:
        """It follows from the number of patches."""
        from diffusers.pipelines.ltx.pipeline_ltx import calculate_shift

        config = self.scheduler.config
        if not config.use_dynamic_shifting:
            return float(config.shift)
        names = ("base_image_seq_len", "max_image_seq_len", "base_shift", "max_shift")
        mu = calculate_shift(math.prod(self.latent_shape[1:]), *(config[name] for name in names))
        return math.exp(mu)

    def predict(
        self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", conditioning: Conditioning
    ) -> "Tensor":
        """Call the transformer on packed latents, with positions in seconds and pixels."""
        _, frames, height, width = self.latent_shape
        pixels = self.vae.spatial_compression_ratio
        seconds = self.vae.temporal_compression_ratio / self.frames_per_second
        called = denoiser(
            hidden_states=_packed(noisy),
            encoder_hidden_states=conditioning["prompt_embeds"],
            timestep=timesteps.to(noisy.device),
            encoder_attention_mask=conditioning["prompt_attention_mask"],
            num_frames=frames,
            height=height,
            width=width,
            rope_interpolation_scale=(seconds, pixels, pixels),
            return_dict=False,
        )
        return self._unpacked(called[0])

    def _unpacked(self, packed: "Tensor") -> "Tensor":
        """(B, F h w, C) to (B, C, F, h, w)."""
        return packed.transpose(1, 2).reshape(len(packed), *self.latent_shape)


def _packed(latents: "Tensor") -> "Tensor":
    """(B, C, F, h, w) to the transformer's sequence (B, F h w, C): LTX's patches are single latent pixels."""
    return latents.flatten(2).transpose(1, 2)
