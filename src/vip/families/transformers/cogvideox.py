"""CogVideoX (Yang et al., 2024): 2B, 5B and 1.5, which also joins frames in patches.

Variance-preserving diffusion with velocity as the target. The pipeline keeps frames before channels, and
gives the larger models rotary positions (diffusers' pipelines/cogvideo/pipeline_cogvideox.py).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from vip.families.clips import ClipSize, Compression
from vip.families.diffusion import PREDICTION_TYPES
from vip.families.transformers.base import EMBEDDINGS, DiffusionTransformer
from vip.families.transformers.stacks import StackSpec
from vip.pruning.flops import attention_flops, linear_flops
from vip.types import Conditioning, Sampler

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

WORDS = 226
"""Tokens that the pipeline pads a prompt to."""


class CogVideoX(DiffusionTransformer):
    """Text to video with CogVideoX; not ConsisID, whose face modules are tied to block numbers."""

    name: ClassVar[str] = "cogvideox"
    pipeline_class: ClassVar[str] = "CogVideoXPipeline"
    transformer_class: ClassVar[str] = "CogVideoXTransformer3DModel"
    stack_specs: ClassVar[tuple[StackSpec, ...]] = (StackSpec(("transformer_blocks",), "num_layers"),)
    schedulers: ClassVar[tuple[str, ...]] = ("CogVideoXDDIMScheduler", "CogVideoXDPMScheduler")
    prediction_types: ClassVar[tuple[str, ...]] = PREDICTION_TYPES
    frames_per_second = 8

    def default_clip(self) -> ClipSize:
        """The size in the transformer's configuration: `sample_frames` counts frames of the video."""
        config, scale = self.transformer.config, self.compression.pixels
        return ClipSize(config.sample_frames, config.sample_height * scale, config.sample_width * scale)

    @staticmethod
    def compression_of(vae: Any, transformer: Any) -> Compression:
        """A causal autoencoder; in 1.5 patches join latent frames, too."""
        pixels = 2 ** (len(vae.config.block_out_channels) - 1)
        config = transformer.config
        return Compression(
            vae.config.temporal_compression_ratio,
            pixels,
            patch_frames=config.patch_size_t or 1,
            patch_pixels=config.patch_size,
        )

    def block_flops(self, block: "nn.Module", blocks: str) -> int:
        """Attention and feed-forward over words and patches together; two modulations of one vector."""
        del blocks
        length, parts = WORDS + self.compression.patches(self.clip), cast("Any", block)
        modulations = linear_flops(parts.norm1, 1) + linear_flops(parts.norm2, 1)
        return attention_flops(parts.attn1, length, length) + linear_flops(parts.ff, length) + modulations

    def encode(self, prompts: Sequence[str]) -> Conditioning:
        """T5 embeddings (B, tokens, width), of the prompts and of empty ones."""
        return self.run_encoder(prompts, EMBEDDINGS, max_sequence_length=WORDS)

    def sample(self, conditioning: Conditioning, noise: "Tensor", sampler: Sampler) -> "Tensor":
        """The stock pipeline, at a constant guidance scale."""
        frames = self.clip.frames
        return _swapped(self.run_pipeline(_swapped(noise), sampler, num_frames=frames, **conditioning))

    def decode_clip(self, latents: "Tensor") -> "Tensor":
        """Without the frames that stand first for padding."""
        padding = self.latent_shape[1] - self.compression.latent_frames(self.clip.frames)
        pipeline: Any = self.to_pipeline()
        return cast("Tensor", pipeline.decode_latents(_swapped(latents[:, :, padding:])))

    def predict(
        self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", conditioning: Conditioning
    ) -> "Tensor":
        """Call the transformer with the pipeline's own rotary positions, where the model uses them."""
        called = denoiser(
            hidden_states=_swapped(noisy),
            encoder_hidden_states=conditioning["prompt_embeds"],
            timestep=timesteps.to(noisy.device),
            image_rotary_emb=self._positions(noisy.device),
            return_dict=False,
        )
        return _swapped(called[0])

    def _positions(self, device: "torch.device") -> Any:
        if not self.transformer.config.use_rotary_positional_embeddings:
            return None
        pipeline: Any = self.to_pipeline()
        height, width, frames = self.clip.height, self.clip.width, self.latent_shape[1]
        return pipeline._prepare_rotary_positional_embeddings(height, width, frames, device)


def _swapped(latents: "Tensor") -> "Tensor":
    """(B, C, F, h, w) to (B, F, C, h, w), or back."""
    return latents.transpose(1, 2)
