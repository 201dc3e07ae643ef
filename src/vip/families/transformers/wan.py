"""Wan (Wan Team, 2025): 2.1, and 2.2 with one transformer for high and one for low noise.

Flow matching; the denoiser's own target is noise - x_0. In Wan 2.2's larger models each call goes to one of
two transformers, by its timestep: units are then named `transformer.blocks.3` and `transformer_2.blocks.3`,
else `blocks.3` (diffusers' pipelines/wan/pipeline_wan.py).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from vip.errors import UserError
from vip.families.clips import ClipSize, Compression
from vip.families.components import without_notice
from vip.families.flow import PREDICTION_TYPES, FlowFamily
from vip.families.storage import read_json
from vip.families.transformers.base import EMBEDDINGS, TransformerFamily
from vip.families.transformers.stacks import StackSpec
from vip.pruning.flops import attention_flops, linear_flops
from vip.types import Conditioning, Sampler

if TYPE_CHECKING:
    from torch import Tensor, nn

WORDS = 512
"""Tokens that the pipeline pads a prompt to when it is called with its defaults.

A folder of a model that was trained with fewer says so in `model_index.json`, `"_words": 32`, beside `_clip`.
"""


class Wan(FlowFamily, TransformerFamily):
    """Text to video with Wan 2.1 and 2.2; not Wan VACE or Animate, whose side blocks are tied to numbers."""

    name: ClassVar[str] = "wan"
    pipeline_class: ClassVar[str] = "WanPipeline"
    transformer_class: ClassVar[str] = "WanTransformer3DModel"
    stack_specs: ClassVar[tuple[StackSpec, ...]] = (StackSpec(("blocks",), "num_layers"),)
    schedulers: ClassVar[tuple[str, ...]] = ("UniPCMultistepScheduler", "FlowMatchEulerDiscreteScheduler")
    prediction_types: ClassVar[tuple[str, ...]] = PREDICTION_TYPES
    frames_per_second = 16

    @property
    def words(self) -> int:
        """Tokens that prompts are padded to; UserError where the folder says no such number."""
        stated = read_json(self.folder / "model_index.json").get("_words", WORDS)
        if not isinstance(stated, int) or stated < 1:
            raise UserError(f"{self.folder}/model_index.json: _words is no positive integer; correct it")
        return stated

    def default_clip(self) -> ClipSize:
        """81 frames of 480 x 832, as `WanPipeline.__call__` has it."""
        return ClipSize(frames=81, height=480, width=832)

    @staticmethod
    def compression_of(vae: Any, transformer: Any) -> Compression:
        """A causal autoencoder; patches within a latent frame."""
        config = vae.config
        patch = transformer.config.patch_size[1]
        return Compression(config.scale_factor_temporal, config.scale_factor_spatial, patch_pixels=patch)

    def block_flops(self, block: "nn.Module", blocks: str) -> int:
        """Self-attention, attention to the prompt, feed-forward."""
        del blocks
        patches, parts = self.compression.patches(self.clip), cast("Any", block)
        to_words = attention_flops(parts.attn2, patches, self.words)
        return attention_flops(parts.attn1, patches, patches) + to_words + linear_flops(parts.ffn, patches)

    def encode(self, prompts: Sequence[str]) -> Conditioning:
        """UMT5 embeddings (B, tokens, width), of the prompts and of empty ones."""
        return self.run_encoder(prompts, EMBEDDINGS, max_sequence_length=self.words)

    def sample(self, conditioning: Conditioning, noise: "Tensor", sampler: Sampler) -> "Tensor":
        """The stock pipeline; both transformers at one guidance scale.

        Where the autoencoder leaves time as it is, the pipeline counts one frame more than it is told, and
        says at every call that it rounds the number, where none would suit it.
        """
        frames = self.clip.frames - (1 if self.compression.frames == 1 else 0)
        with without_notice("diffusers.pipelines.wan.pipeline_wan", "num_frames"):
            return self.run_pipeline(noise, sampler, num_frames=frames, **conditioning)

    def decode_clip(self, latents: "Tensor") -> "Tensor":
        """Latents were normalised by channel; the VAE wants them as they were."""
        config, dimensions = self.vae.config, (1, -1, 1, 1, 1)
        mean = latents.new_tensor(config.latents_mean).view(dimensions)
        std = latents.new_tensor(config.latents_std).view(dimensions)
        return cast("Tensor", self.vae.decode(latents * std + mean, return_dict=False)[0])

    def flow_shift(self) -> float:
        """As the scheduler says, whichever of the two it is."""
        config = self.scheduler.config
        return float(config.get("flow_shift", config.get("shift", 1.0)))

    def predict(
        self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", conditioning: Conditioning
    ) -> "Tensor":
        """Call the transformer; Wan 2.2's 5B model wants a timestep for each token."""
        timesteps = timesteps.to(noisy.device)
        if self.settings.get("expand_timesteps"):
            timesteps = timesteps[:, None].expand(-1, self.compression.patches(self.clip))
        called = denoiser(
            hidden_states=noisy,
            timestep=timesteps,
            encoder_hidden_states=conditioning["prompt_embeds"],
            return_dict=False,
        )
        return cast("Tensor", called[0])
