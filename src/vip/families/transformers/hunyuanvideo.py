"""HunyuanVideo (Kong et al., 2024): double-stream blocks, then single-stream ones; two text encoders.

Flow matching; the denoiser's own target is noise - x_0. The model was distilled to predict *guided* flow: it
is told a guidance scale and called once a step. Training tells it the stock pipeline's default, where its
clips are sampled (diffusers' pipelines/hunyuan_video/pipeline_hunyuan_video.py).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from vip.families.clips import ClipSize, Compression
from vip.families.flow import PREDICTION_TYPES, FlowFamily
from vip.families.transformers.base import TransformerFamily
from vip.families.transformers.stacks import StackSpec
from vip.pruning.flops import joint_attention_flops, linear_flops
from vip.types import Conditioning, Sampler

if TYPE_CHECKING:
    from torch import Tensor, nn

WORDS = 256
"""Tokens that the pipeline pads a prompt to, after its template."""
GUIDANCE = 6.0
"""The guidance scale that the model is told in training: the default of `HunyuanVideoPipeline.__call__`."""


class HunyuanVideo(FlowFamily, TransformerFamily):
    """Text to video with HunyuanVideo; a guidance scale in sampling is what the model is told."""

    name: ClassVar[str] = "hunyuanvideo"
    pipeline_class: ClassVar[str] = "HunyuanVideoPipeline"
    calls_with_guidance: ClassVar[int] = 1
    transformer_class: ClassVar[str] = "HunyuanVideoTransformer3DModel"
    stack_specs: ClassVar[tuple[StackSpec, ...]] = (
        StackSpec(("transformer_blocks",), "num_layers"),
        StackSpec(("single_transformer_blocks",), "num_single_layers"),
    )
    schedulers: ClassVar[tuple[str, ...]] = ("FlowMatchEulerDiscreteScheduler",)
    prediction_types: ClassVar[tuple[str, ...]] = PREDICTION_TYPES
    frames_per_second = 24

    def default_clip(self) -> ClipSize:
        """129 frames of 720 x 1280, as `HunyuanVideoPipeline.__call__` has it."""
        return ClipSize(frames=129, height=720, width=1280)

    @staticmethod
    def compression_of(vae: Any, transformer: Any) -> Compression:
        """A causal autoencoder."""
        config = transformer.config
        return Compression(
            vae.temporal_compression_ratio,
            vae.spatial_compression_ratio,
            patch_frames=config.patch_size_t,
            patch_pixels=config.patch_size,
        )

    def block_flops(self, block: "nn.Module", blocks: str) -> int:
        """Words and patches attend together; in double-stream blocks each through layers of its own."""
        patches, parts = self.compression.patches(self.clip), cast("Any", block)
        length = patches + WORDS
        if blocks == "single_transformer_blocks":
            layers = linear_flops(parts.proj_mlp, length) + linear_flops(parts.proj_out, length)
            attention = linear_flops(parts.attn, length) + 4 * length**2 * int(parts.attn.to_q.out_features)
            return attention + layers + linear_flops(parts.norm, 1)
        layers = linear_flops(parts.ff, patches) + linear_flops(parts.ff_context, WORDS)
        modulations = linear_flops(parts.norm1, 1) + linear_flops(parts.norm1_context, 1)
        return joint_attention_flops(parts.attn, patches, WORDS) + layers + modulations

    def encode(self, prompts: Sequence[str]) -> Conditioning:
        """Llama's embeddings (B, tokens, width) with masks (B, tokens), and CLIP's pooled ones (B, width)."""
        names = ("prompt_embeds", "pooled_prompt_embeds", "prompt_attention_mask")
        return self.run_encoder(prompts, names, max_sequence_length=WORDS)

    def sample(self, conditioning: Conditioning, noise: "Tensor", sampler: Sampler) -> "Tensor":
        """The stock pipeline, one denoiser call a step."""
        return self.run_pipeline(noise, sampler, num_frames=self.clip.frames, **conditioning)

    def decode_clip(self, latents: "Tensor") -> "Tensor":
        """Latents were scaled for the denoiser."""
        return cast("Tensor", self.vae.decode(latents / self.vae.config.scaling_factor, return_dict=False)[0])

    def flow_shift(self) -> float:
        """As the scheduler says."""
        return float(self.scheduler.config.shift)

    def predict(
        self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", conditioning: Conditioning
    ) -> "Tensor":
        """Call the transformer, telling it the stock guidance scale."""
        called = denoiser(
            hidden_states=noisy,
            timestep=timesteps.to(noisy),
            encoder_hidden_states=conditioning["prompt_embeds"],
            encoder_attention_mask=conditioning["prompt_attention_mask"].to(noisy),
            pooled_projections=conditioning["pooled_prompt_embeds"],
            guidance=noisy.new_full((len(noisy),), GUIDANCE * 1000),
            return_dict=False,
        )
        return cast("Tensor", called[0])
