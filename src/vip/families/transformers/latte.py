"""Latte (Ma et al., 2024): spatial and temporal blocks in turn, which come and go in pairs.

Variance-preserving diffusion with noise as the target; the denoiser also predicts a variance, which sampling
does not use and which is dropped here (diffusers' pipelines/latte/pipeline_latte.py).
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
    from torch import Tensor, nn

WORDS = 120
"""Tokens that the pipeline pads a prompt to."""
STRETCH = 14
"""Frames that the pipeline decodes at once unless told otherwise."""


class Latte(DiffusionTransformer):
    """Text to video with Latte-1. A unit is a spatial block and the temporal one behind it."""

    name: ClassVar[str] = "latte"
    pipeline_class: ClassVar[str] = "LattePipeline"
    transformer_class: ClassVar[str] = "LatteTransformer3DModel"
    stack_specs: ClassVar[tuple[StackSpec, ...]] = (
        StackSpec(("transformer_blocks", "temporal_transformer_blocks"), "num_layers"),
    )
    schedulers: ClassVar[tuple[str, ...]] = ("DDIMScheduler",)
    prediction_types: ClassVar[tuple[str, ...]] = PREDICTION_TYPES
    frames_per_second = 8

    def default_clip(self) -> ClipSize:
        """The size in the transformer's configuration; its positions in time are made for `video_length`."""
        config, scale = self.transformer.config, self.compression.pixels
        return ClipSize(config.video_length, config.sample_size * scale, config.sample_size * scale)

    @staticmethod
    def compression_of(vae: Any, transformer: Any) -> Compression:
        """An autoencoder of pictures; patches within a frame."""
        pixels = 2 ** (len(vae.config.block_out_channels) - 1)
        return Compression(1, pixels, patch_pixels=transformer.config.patch_size)

    def block_flops(self, block: "nn.Module", blocks: str) -> int:
        """Each frame's patches attend to each other and to the words; then each place's frames do."""
        frames, parts = self.latent_shape[1], cast("Any", block)
        patches = self.compression.patches(self.clip) // frames
        layers = linear_flops(parts.ff, frames * patches)
        if blocks == "temporal_transformer_blocks":
            return layers + patches * attention_flops(parts.attn1, frames, frames)
        to_words = attention_flops(parts.attn2, patches, WORDS)
        return layers + frames * (attention_flops(parts.attn1, patches, patches) + to_words)

    def encode(self, prompts: Sequence[str]) -> Conditioning:
        """T5 embeddings (B, tokens, width), zero behind a prompt's end, and those of empty prompts.

        A prompt more than asked for, since the pipeline cuts a single prompt short instead; captions are not
        cleaned, which would depend on the packages that are installed.
        """
        asked = [*prompts, prompts[0]]
        encoded = self.run_encoder(
            asked, EMBEDDINGS, clean_caption=False, mask_feature=True, negative_prompt=""
        )
        return {name: values[:-1] for name, values in encoded.items()}

    def sample(self, conditioning: Conditioning, noise: "Tensor", sampler: Sampler) -> "Tensor":
        """The stock pipeline, with eta 0."""
        frames = self.clip.frames
        return self.run_pipeline(noise, sampler, video_length=frames, negative_prompt=None, **conditioning)

    def decode_clip(self, latents: "Tensor") -> "Tensor":
        """So many frames at once as the stock pipeline: a temporal decoder sees no further."""
        pipeline: Any = self.to_pipeline()
        return cast("Tensor", pipeline.decode_latents(latents, latents.shape[2], decode_chunk_size=STRETCH))

    def predict(
        self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", conditioning: Conditioning
    ) -> "Tensor":
        """Call the transformer and drop the predicted variance."""
        called = denoiser(
            hidden_states=noisy,
            encoder_hidden_states=conditioning["prompt_embeds"],
            timestep=timesteps.to(noisy.device),
            return_dict=False,
        )
        return cast("Tensor", called[0][:, : noisy.shape[1]])
