"""Allegro (Rhymes AI, 2024): variance-preserving diffusion with noise as the target, on rotary positions.

Its stock scheduler adds noise at each step: that noise follows from a clip's initial noise, so that sampling
is deterministic. Its VAE decodes in tiles only (diffusers' pipelines/allegro/pipeline_allegro.py).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from vip.families.clips import ClipSize, Compression
from vip.families.diffusion import PREDICTION_TYPES
from vip.families.transformers.base import MASKED_EMBEDDINGS, DiffusionTransformer
from vip.families.transformers.stacks import StackSpec
from vip.pruning.flops import attention_flops, linear_flops
from vip.types import Conditioning, Sampler

if TYPE_CHECKING:
    from torch import Tensor, nn

WORDS = 512
"""Tokens that the pipeline pads a prompt to."""


class Allegro(DiffusionTransformer):
    """Text to video with Allegro."""

    name: ClassVar[str] = "allegro"
    pipeline_class: ClassVar[str] = "AllegroPipeline"
    transformer_class: ClassVar[str] = "AllegroTransformer3DModel"
    stack_specs: ClassVar[tuple[StackSpec, ...]] = (StackSpec(("transformer_blocks",), "num_layers"),)
    schedulers: ClassVar[tuple[str, ...]] = (
        "EulerAncestralDiscreteScheduler",
        "EulerDiscreteScheduler",
        "DDIMScheduler",
    )
    prediction_types: ClassVar[tuple[str, ...]] = PREDICTION_TYPES
    frames_per_second = 15

    def default_clip(self) -> ClipSize:
        """The size in the transformer's configuration, which counts latent frames and pixels."""
        config, scale = self.transformer.config, self.compression.pixels
        frames = config.sample_frames * self.vae.config.temporal_compression_ratio
        return ClipSize(int(frames), config.sample_height * scale, config.sample_width * scale)

    @staticmethod
    def compression_of(vae: Any, transformer: Any) -> Compression:
        """Groups of frames, the first no exception."""
        config = transformer.config
        return Compression(
            int(vae.config.temporal_compression_ratio),
            2 ** (len(vae.config.block_out_channels) - 1),
            first_alone=False,
            patch_frames=config.patch_size_t,
            patch_pixels=config.patch_size,
        )

    def block_flops(self, block: "nn.Module", blocks: str) -> int:
        """Self-attention, attention to the prompt, feed-forward."""
        del blocks
        patches, parts = self.compression.patches(self.clip), cast("Any", block)
        to_words = attention_flops(parts.attn2, patches, WORDS)
        return attention_flops(parts.attn1, patches, patches) + to_words + linear_flops(parts.ff, patches)

    def encode(self, prompts: Sequence[str]) -> Conditioning:
        """T5 embeddings (B, tokens, width) with masks (B, tokens), of the prompts and of empty ones.

        Captions are not cleaned, which would depend on the packages that are installed.
        """
        return self.run_encoder(prompts, MASKED_EMBEDDINGS, max_sequence_length=WORDS, clean_caption=False)

    def sample(self, conditioning: Conditioning, noise: "Tensor", sampler: Sampler) -> "Tensor":
        """The stock pipeline."""
        frames = self.clip.frames
        return self.run_pipeline(noise, sampler, num_frames=frames, negative_prompt=None, **conditioning)

    def decode_clip(self, latents: "Tensor") -> "Tensor":
        """In overlapping tiles."""
        self.vae.enable_tiling()
        pipeline: Any = self.to_pipeline()
        return cast("Tensor", pipeline.decode_latents(latents))

    def predict(
        self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", conditioning: Conditioning
    ) -> "Tensor":
        """Call the transformer with the pipeline's own rotary positions."""
        pipeline: Any = self.to_pipeline()
        positions = pipeline._prepare_rotary_positional_embeddings(
            len(noisy), self.clip.height, self.clip.width, self.latent_shape[1], noisy.device
        )
        called = denoiser(
            hidden_states=noisy,
            encoder_hidden_states=conditioning["prompt_embeds"].unsqueeze(1),
            encoder_attention_mask=conditioning["prompt_attention_mask"],
            timestep=timesteps.to(noisy.device),
            image_rotary_emb=positions,
            return_dict=False,
        )
        return cast("Tensor", called[0])
