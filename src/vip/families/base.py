"""What the method asks of a video model. Each diffusers family implements it; nothing above knows which."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from vip.types import Conditioning, PruningRecord, Sampler, Unit

if TYPE_CHECKING:
    import numpy as np
    import torch
    from diffusers import DiffusionPipeline
    from numpy.typing import NDArray
    from torch import Tensor, nn

Granularity = Literal["module", "block"]


class VideoFamily(ABC):
    """An opened text-to-video model: its denoiser, and the verbs that hide how its family works.

    Abstract or final: what stands between this class and a family is abstract; families have no subclasses.
    """

    name: ClassVar[str]
    """The family's name in the registry."""
    pipeline_class: ClassVar[str]
    """`_class_name` in the `model_index.json` of the folders it opens."""
    denoiser: "nn.Module"
    record: PruningRecord
    latent_shape: tuple[int, int, int, int]
    """(C, F, h, w) of one clip."""
    frame_shape: tuple[int, int, int, int]
    """(F, H, W, 3) of one clip's frames."""
    frames_per_second: int
    calls_with_guidance: ClassVar[int]
    """Denoiser calls a step and clip at a guidance scale above 1; at 1 it is one."""

    @classmethod
    @abstractmethod
    def open(cls, folder: Path, device: str = "cpu") -> Self:
        """Load a diffusers folder, pruned or not, in eval mode and float32; safetensors only.

        On the device "meta" no weights are read, nor need be there: only shapes and counts are right.
        """

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write a diffusers folder with `pruning_record.json` into an empty folder."""

    @abstractmethod
    def to_pipeline(self) -> "DiffusionPipeline":
        """The same modules as an ordinary diffusers pipeline, ready to be called."""

    @abstractmethod
    def units(self, granularity: Granularity) -> tuple[Unit, ...]:
        """The prunable units still present, in network order; their paths tile the prunable parameters."""

    @abstractmethod
    def remove(self, names: Sequence[str], granularity: Granularity) -> None:
        """Take the named units out in place; ValueError for names that are unknown or not removable."""

    @abstractmethod
    def feature_paths(self) -> "dict[str, str]":
        """In network order, where a student's features can be held against its teacher's.

        By a name that stays when units go, the path that the place has now; a removed unit's is gone.
        """

    @abstractmethod
    def trainable(self) -> "dict[str, nn.Parameter]":
        """The parameters V.I.P. trains, by name; all others stay frozen."""

    @abstractmethod
    def flops(self) -> int:
        """FLOPs (2 x MAC, attention counted) of the prunable part in one denoiser call for one clip."""

    @abstractmethod
    def flops_of(self, unit: Unit) -> int:
        """Its part of `flops()`: what is saved where this present unit goes."""

    @abstractmethod
    def encode(self, prompts: Sequence[str]) -> Conditioning:
        """Embed B prompts."""

    @abstractmethod
    def sample(self, conditioning: Conditioning, noise: "Tensor", sampler: Sampler) -> "Tensor":
        """Denoise noise (B, C, F, h, w) to latents like it; deterministic, as the stock pipeline does."""

    @abstractmethod
    def decode(self, latents: "Tensor") -> "NDArray[np.uint8]":
        """Latents (B, C, F, h, w) to frames (B, F, H, W, 3)."""

    @abstractmethod
    def decode_clip(self, latents: "Tensor") -> "Tensor":
        """Latents (1, C, F, h, w) to a video (1, 3, F, H, W) in -1..1, as the stock pipeline decodes."""

    @abstractmethod
    def timesteps(self, generator: "torch.Generator", count: int) -> "Tensor":
        """Draw `count` training timesteps (count,)."""

    @abstractmethod
    def add_noise(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """The forward process: x_t from x_0, noise and t (paper Sec. 3.1)."""

    @abstractmethod
    def target(self, clean: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """What the denoiser should predict: noise, velocity or flow, as the family was trained."""

    @abstractmethod
    def predict(
        self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", conditioning: Conditioning
    ) -> "Tensor":
        """One denoiser call without guidance: a tensor like `target`'s (B, C, F, h, w)."""
