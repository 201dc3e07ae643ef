"""The parameters of video generation."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.families.loading import Loading, Precision
from vip.types import Sampler


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class VideoGeneration:
    """How every model samples its clips; the same for teacher, pruned model and student."""

    steps: Annotated[int, Field(ge=1, le=1000)]
    """Denoising steps of a clip."""
    guidance_scale: Annotated[float, Field(ge=1, le=100, allow_inf_nan=False)]
    """Scale of classifier-free guidance; 1 turns it off and halves the work."""
    batch_size: Annotated[int, Field(ge=1)]
    """Clips made at once. Batches are filled up, so fewer prompts cost as much."""
    seed: Annotated[int, Field(ge=0)]
    """With the prompt, what a clip's initial noise depends on."""
    precision: Precision
    """bf16: half the memory for the denoiser and the text encoders, and quicker; clips differ a little."""
    offload: bool
    """Keep on the GPU only the model at work, the others in the machine's memory."""
    vae_tiling: bool
    """Decode clips in overlapping tiles and frame by frame; pixels differ a little where tiles meet."""

    @property
    def loading(self) -> Loading:
        """How models are held in memory."""
        return Loading(self.precision, self.offload, self.vae_tiling)

    @property
    def sampler(self) -> Sampler:
        """The part of the settings that a model's sampler needs."""
        return Sampler(self.steps, self.guidance_scale)
