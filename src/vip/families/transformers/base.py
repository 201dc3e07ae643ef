"""What all transformer families share: folders, units, surgery, and sampling by the stock pipeline itself.

- A unit is a whole transformer block, at either granularity: a block without its attention or feed-forward
  would not load with plain `from_pretrained`. Removing it deletes it and corrects the configuration.
- Its name is its place in the unpruned model, for good (`vip.families.transformers.stacks`).
- All of the denoiser's parameters are trained; those of the blocks are the prunable ones.
- Sampling calls the stock pipeline with the embeddings that the pipeline's own `encode_prompt` made.
"""

import copy
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from vip.errors import UserError
from vip.families.base import Granularity, VideoFamily
from vip.families.clips import ClipSize, Compression, clip_size
from vip.families.components import check_pipeline_class, check_scheduler, read_licence
from vip.families.diffusion import DiffusionFamily, coefficients
from vip.families.frames import decode_clips
from vip.families.transformers.folder import (
    TRANSFORMERS,
    open_components,
    pipeline_settings,
    save_folder,
)
from vip.families.transformers.stacks import StackSpec, open_stacks
from vip.families.transformers.two_transformers import join
from vip.hashing import content_hash
from vip.pruning.record import check_parameters, read_record
from vip.types import Conditioning, PruningRecord, Sampler, Unit

if TYPE_CHECKING:
    import numpy as np
    import torch
    from diffusers import DiffusionPipeline
    from numpy.typing import NDArray
    from torch import Tensor, nn


EMBEDDINGS = ("prompt_embeds", "negative_prompt_embeds")
MASKED_EMBEDDINGS = (
    "prompt_embeds",
    "prompt_attention_mask",
    "negative_prompt_embeds",
    "negative_prompt_attention_mask",
)
"""What `encode_prompt` returns, in its order, and what the pipelines call it: the names in a conditioning."""


class TransformerFamily(VideoFamily):
    """Abstract: a family adds how its model is called and what its noise and its target are."""

    calls_with_guidance: ClassVar[int] = 2
    transformer_class: ClassVar[str]
    """The diffusers class of its denoiser."""
    stack_specs: ClassVar[tuple[StackSpec, ...]]
    """Its block lists, in network order."""
    schedulers: ClassVar[tuple[str, ...]]
    """Scheduler classes it samples with, those whose noise levels `add_noise` knows."""
    prediction_types: ClassVar[tuple[str, ...]]
    """Which `prediction_type` of such a scheduler `target` knows."""

    def __init__(self, folder: Path, components: dict[str, Any], record: PruningRecord) -> None:
        """Bind opened components; `open` is the way in."""
        self.folder, self.record, self.components = folder, record, components
        self.settings = pipeline_settings(folder, _pipeline_class(self.pipeline_class))
        self.transformers = {name: components[name] for name in TRANSFORMERS if name in components}
        self.transformer: Any = components["transformer"]
        self.vae, self.scheduler = components["vae"], components["scheduler"]
        self.denoiser = self._denoiser()
        prefixed = {
            f"{name}." if len(self.transformers) > 1 else "": m for name, m in self.transformers.items()
        }
        self.stacks = open_stacks(folder, prefixed, self.stack_specs, record.removed)
        self.compression = self.compression_of(self.vae, self.transformer)
        self.clip = clip_size(folder, self.default_clip(), self.compression)
        self.latent_shape = (self.transformer.config.in_channels, *self.compression.latent_size(self.clip))
        self.frame_shape = (self.clip.frames, self.clip.height, self.clip.width, 3)

    @classmethod
    def open(cls, folder: Path, device: str = "cpu") -> Self:
        """Load a stock folder or a student's, sharded or not."""
        check_pipeline_class(folder, cls.pipeline_class)
        components = open_components(folder, cls.transformer_class, device)
        scheduler = components["scheduler"]
        found = {**scheduler.config, "_class_name": type(scheduler).__name__}
        check_scheduler(folder, found, cls.schedulers, cls.prediction_types)
        record = read_record(folder)
        family = cls(folder, components, record or PruningRecord("", read_licence(folder)))
        check_parameters(folder, family.record, sum(unit.parameters for unit in family.units("block")))
        return family

    def save(self, folder: Path) -> None:
        """Write a student's folder; what is frozen is copied from the folder this model was opened from."""
        present = {unit.name for unit in self.units("block")}
        prefixed = {stack.prefix: stack.transformer for stack in self.stacks}
        on_record = open_stacks(self.folder, prefixed, self.stack_specs, self.record.removed)
        assert present == {unit.name for stack in on_record for unit in stack.units()}, (
            "the pruning record does not list the blocks that were removed"
        )
        save_folder(self.folder, self.transformers, self.record, folder)

    def to_pipeline(self) -> "DiffusionPipeline":
        """The stock pipeline around the same modules, with a scheduler of its own."""
        parts = self.components | {"scheduler": copy.deepcopy(self.scheduler)}
        return cast("DiffusionPipeline", _pipeline_class(self.pipeline_class)(**parts, **self.settings))

    def units(self, granularity: Granularity) -> tuple[Unit, ...]:
        """The transformer blocks, the same at both granularities."""
        del granularity
        return tuple(unit for stack in self.stacks for unit in stack.units())

    def remove(self, names: Sequence[str], granularity: Granularity) -> None:
        """Delete the named blocks, and what is called in step with them."""
        units = {unit.name: unit for unit in self.units(granularity)}
        for name in names:
            if name not in units:
                raise UserError(
                    f"{self.folder}: cannot remove {name}: the {len(units)} units present are "
                    f"{', '.join(units)}"
                )
            if not units[name].removable:
                raise UserError(f"{self.folder}: cannot remove {name}: {units[name].reason}")
        for stack in self.stacks:
            stack.remove(names)

    def feature_paths(self) -> dict[str, str]:
        """The ends of the blocks that are left; of blocks called in step, that of the last."""
        return {unit.name: unit.paths[-1] for unit in self.units("block")}

    def trainable(self) -> "dict[str, nn.Parameter]":
        """All parameters of the denoiser: what stands around the blocks has to follow when blocks go."""
        return dict(self.denoiser.named_parameters())

    def flops(self) -> int:
        """FLOPs of the blocks that are left; with two transformers, those of both, though a call runs one."""
        return sum(map(self.flops_of, self.units("block")))

    def flops_of(self, unit: Unit) -> int:
        """FLOPs of its block, or of all that come and go together."""
        return sum(
            self.block_flops(self.denoiser.get_submodule(path), path.split(".")[-2]) for path in unit.paths
        )

    def decode(self, latents: "Tensor") -> "NDArray[np.uint8]":
        """Decode clip by clip, so that a clip's pixels do not depend on its batch."""
        return decode_clips(self, latents)

    @abstractmethod
    def default_clip(self) -> ClipSize:
        """The clip that the stock pipeline makes unless told otherwise."""

    @staticmethod
    @abstractmethod
    def compression_of(vae: Any, transformer: Any) -> Compression:
        """How its autoencoder and its transformer join pixels."""

    @abstractmethod
    def block_flops(self, block: "nn.Module", blocks: str) -> int:
        """FLOPs of one block of the list `blocks` in one call for one clip."""

    def run_pipeline(self, latents: "Tensor", sampler: Sampler, **named: Any) -> "Tensor":
        """Latents out of the stock pipeline, from noise and in a layout that are the pipeline's own."""
        pipeline: Any = self.to_pipeline()
        pipeline.set_progress_bar_config(disable=True)
        output = pipeline(
            latents=latents,
            height=self.clip.height,
            width=self.clip.width,
            num_inference_steps=sampler.steps,
            guidance_scale=sampler.guidance_scale,
            generator=step_generators(latents),
            output_type="latent",
            **named,
        )
        return cast("Tensor", output.frames).clone()

    def run_encoder(self, prompts: Sequence[str], names: Sequence[str], **named: Any) -> Conditioning:
        """What the stock pipeline's `encode_prompt` returns, each thing under one of these names."""
        import torch

        with torch.no_grad():
            values = cast("Any", self.to_pipeline()).encode_prompt(prompt=list(prompts), **named)
        return {name: _full(value) for name, value in zip(names, values, strict=True)}

    def _denoiser(self) -> "nn.Module":
        if len(self.transformers) == 1:
            return cast("nn.Module", self.transformer)
        boundary = self.settings.get("boundary_ratio")
        if boundary is None:
            raise UserError(
                f"{self.folder}/model_index.json has two transformers but no boundary_ratio; add it"
            )
        steps = self.scheduler.config.num_train_timesteps
        return join(self.transformer, self.transformers["transformer_2"], boundary * steps)


class DiffusionTransformer(DiffusionFamily, TransformerFamily):
    """Abstract: a transformer family whose noise levels are a table of its scheduler."""

    def add_noise(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """x_t as the denoiser sees it.

        By the table, not by `scheduler.add_noise`: Euler schedulers scale x_t before the denoiser sees it.
        """
        alpha, sigma = coefficients(self.scheduler, timesteps, clean)
        return alpha * clean + sigma * noise


def step_generators(noise: "Tensor") -> "list[torch.Generator]":
    """One generator a clip, for schedulers that add noise at each step.

    Seeded by the clip's initial noise, so that a clip does not depend on its batch.
    """
    import torch

    seeds = [int(content_hash("steps", clip.flatten()[:64].tolist())[:15], 16) for clip in noise]
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def _full(value: "Tensor") -> "Tensor":
    """Embeddings in float32, whatever their encoder's weights are: pipelines compute steps in their dtype."""
    return value.float() if value.is_floating_point() else value


def _pipeline_class(name: str) -> type:
    import diffusers

    return cast("type", getattr(diffusers, name))
