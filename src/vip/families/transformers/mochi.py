"""Mochi 1 (Genmo, 2024): flow matching told backwards, from noise at t = 0 to the clip at t = 1000.

The timesteps of this family are the model's own: sigma = 1 - t / 1000, and the target, the direction in which
t grows, is x_0 - noise (diffusers' pipelines/mochi/pipeline_mochi.py, a scheduler with `invert_sigmas`).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar, cast

from vip.families import flow
from vip.families.clips import ClipSize, Compression
from vip.families.transformers.base import MASKED_EMBEDDINGS, TransformerFamily
from vip.families.transformers.stacks import StackSpec
from vip.pruning.flops import joint_attention_flops, linear_flops
from vip.types import Conditioning, Sampler

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

WORDS = 256
"""Tokens that the pipeline pads a prompt to."""
LAST_STAYS = (
    "Mochi's last block has no layers for the words, and the configuration makes the last block so, "
    "whichever that is; remove another"
)


class Mochi(TransformerFamily):
    """Text to video with Mochi 1."""

    name: ClassVar[str] = "mochi"
    pipeline_class: ClassVar[str] = "MochiPipeline"
    transformer_class: ClassVar[str] = "MochiTransformer3DModel"
    stack_specs: ClassVar[tuple[StackSpec, ...]] = (
        StackSpec(("transformer_blocks",), "num_layers", last_stays=LAST_STAYS),
    )
    schedulers: ClassVar[tuple[str, ...]] = ("FlowMatchEulerDiscreteScheduler",)
    prediction_types: ClassVar[tuple[str, ...]] = flow.PREDICTION_TYPES
    frames_per_second = 30

    def default_clip(self) -> ClipSize:
        """19 frames of 480 x 848, as `MochiPipeline.__call__` has it."""
        return ClipSize(frames=19, height=480, width=848)

    @staticmethod
    def compression_of(vae: Any, transformer: Any) -> Compression:
        """A causal autoencoder; patches within a latent frame."""
        patch = transformer.config.patch_size
        return Compression(vae.temporal_compression_ratio, vae.spatial_compression_ratio, patch_pixels=patch)

    def block_flops(self, block: "nn.Module", blocks: str) -> int:
        """Words and patches attend together, each through layers of its own; all words counted."""
        del blocks
        patches, parts = self.compression.patches(self.clip), cast("Any", block)
        layers = linear_flops(parts.ff, patches)
        if parts.ff_context is not None:
            layers += linear_flops(parts.ff_context, WORDS)
        modulations = linear_flops(parts.norm1, 1) + linear_flops(parts.norm1_context, 1)
        return joint_attention_flops(parts.attn1, patches, WORDS) + layers + modulations

    def encode(self, prompts: Sequence[str]) -> Conditioning:
        """T5 embeddings (B, tokens, width) with masks (B, tokens), of the prompts and of empty ones."""
        return self.run_encoder(prompts, MASKED_EMBEDDINGS, max_sequence_length=WORDS)

    def sample(self, conditioning: Conditioning, noise: "Tensor", sampler: Sampler) -> "Tensor":
        """The stock pipeline, on its linear-quadratic schedule."""
        return self.run_pipeline(noise, sampler, num_frames=self.clip.frames, **conditioning)

    def decode_clip(self, latents: "Tensor") -> "Tensor":
        """Latents were normalised by channel, where the VAE's configuration says how."""
        config, dimensions = self.vae.config, (1, -1, 1, 1, 1)
        latents = latents / config.scaling_factor
        if config.latents_mean is not None and config.latents_std is not None:
            std = latents.new_tensor(config.latents_std).view(dimensions)
            latents = latents * std + latents.new_tensor(config.latents_mean).view(dimensions)
        return cast("Tensor", self.vae.decode(latents, return_dict=False)[0])

    def timesteps(self, generator: "torch.Generator", count: int) -> "Tensor":
        """Uniform."""
        return flow.TRAINING_STEPS - flow.draw_timesteps(generator, count, shift=1.0)

    def add_noise(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """On the line from noise (t = 0) to clip."""
        return flow.interpolate(clean, noise, flow.TRAINING_STEPS - timesteps)

    def target(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """The flow towards the clip: x_0 - noise at every t."""
        del timesteps
        return clean - noise

    def predict(
        self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", conditioning: Conditioning
    ) -> "Tensor":
        """Call the transformer with its own, backward timesteps."""
        with _without_values(self.transformer) if noisy.is_meta else nullcontext():
            called = denoiser(
                hidden_states=noisy,
                encoder_hidden_states=conditioning["prompt_embeds"],
                timestep=timesteps.to(noisy),
                encoder_attention_mask=conditioning["prompt_attention_mask"],
                return_dict=False,
            )
        return cast("Tensor", called[0])


@contextmanager
def _without_values(transformer: Any) -> Iterator[None]:
    """Let the transformer run on the meta device, where no word counts as padding.

    Its attention leaves out padding by the values of a mask, and its positions are computed under autocast,
    which the meta device does not know.
    """
    import torch
    from torch.fx.experimental import _config

    def positions(frequencies: "Tensor", places: "Tensor") -> "tuple[Tensor, Tensor]":
        angles = torch.einsum("nd,dhf->nhf", places.float(), frequencies.float())
        return angles.cos(), angles.sin()

    transformer.rope._create_rope = positions
    with cast("Any", _config).patch(meta_nonzero_assume_all_nonzero=True):
        yield
