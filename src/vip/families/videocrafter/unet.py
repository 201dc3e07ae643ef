"""VideoCrafter's U-Net: diffusers' `UNet3DConditionModel`, told the frame rate (Chen et al., 2024)."""

import functools
from typing import Any, cast

import torch
from diffusers import ModelMixin, UNet3DConditionModel
from diffusers.models.embeddings import TimestepEmbedding, Timesteps
from torch import Tensor

__all__ = ["ModelMixin", "TimeAndRateEmbedding", "VideoCrafterUNet"]
# ModelMixin, because diffusers looks in a component's module for the base class that says how to load it.


class TimeAndRateEmbedding(TimestepEmbedding):
    """The timestep's embedding plus that of the frame rate, which goes through layers of its own."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, 4 * channels)
        self.fps_proj = Timesteps(channels, flip_sin_to_cos=True, downscale_freq_shift=0)
        self.fps_embedding = TimestepEmbedding(channels, 4 * channels)

    def forward(self, sample: Tensor, condition: Tensor) -> Tensor:
        """Add the embeddings of the timesteps' sinusoids (B, channels) and of the frame rates (B,)."""
        rates = self.fps_proj(condition).to(sample.dtype)
        return cast("Tensor", super().forward(sample) + self.fps_embedding(rates))


class VideoCrafterUNet(UNet3DConditionModel):
    """A `UNet3DConditionModel` of the same configuration whose time embedding also knows the frame rate.

    The stock forward code runs unchanged: the frame rate travels as its `timestep_cond`.
    """

    # wrapped, so that diffusers finds the configuration's keys in the signature
    @functools.wraps(UNet3DConditionModel.__init__)  # type: ignore[misc]
    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.time_embedding = TimeAndRateEmbedding(self.config.block_out_channels[0])

    def forward(
        self,
        sample: Tensor,
        timestep: Tensor | float,
        encoder_hidden_states: Tensor,
        fps: Tensor | float,
        return_dict: bool = True,  # noqa: FBT001, FBT002, RUF100 - diffusers' own signature
    ) -> Any:
        """Predict the noise in latents (B, C, F, h, w) at a frame rate, one for all or one a clip (B,)."""
        rates = torch.as_tensor(fps, device=sample.device).expand(sample.shape[0])
        return super().forward(
            sample, timestep, encoder_hidden_states, timestep_cond=rates, return_dict=return_dict
        )
