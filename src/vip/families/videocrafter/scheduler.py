"""VideoCrafter's forward process, which shrinks the clip as it adds noise, and DDIM for it."""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from diffusers import ConfigMixin, SchedulerMixin
from diffusers.configuration_utils import register_to_config
from diffusers.schedulers.scheduling_ddim import DDIMSchedulerOutput
from diffusers.utils.torch_utils import randn_tensor

if TYPE_CHECKING:
    from torch import Tensor


class ScaledDDIMScheduler(SchedulerMixin, ConfigMixin):
    """DDIM (Song et al., 2021) for x_t = sqrt(abar_t) s_t x_0 + sqrt(1 - abar_t) noise.

    The scale s_t falls linearly from 1 to `scale_end` over the first `scale_steps` timesteps and stays there;
    abar_t is Stable Diffusion's (square roots of beta linear). The denoiser predicts the noise. Tables are
    computed in float64 and kept in float32, as the original model's are.
    """

    order = 1
    init_noise_sigma = 1.0

    @register_to_config
    def __init__(
        self,
        num_train_timesteps: int = 1000,
        beta_start: float = 0.00085,
        beta_end: float = 0.012,
        scale_end: float = 0.7,
        scale_steps: int = 400,
        prediction_type: str = "epsilon",
    ) -> None:
        if prediction_type != "epsilon":
            raise ValueError(f"prediction_type is {prediction_type!r}; this scheduler knows epsilon only")
        betas = np.linspace(beta_start**0.5, beta_end**0.5, num_train_timesteps) ** 2
        falling = np.linspace(1, scale_end, scale_steps)
        scales = np.append(falling, np.full(num_train_timesteps, scale_end))[:num_train_timesteps]
        self.alphas_cumprod = torch.tensor(np.cumprod(1 - betas), dtype=torch.float32)
        self.scales = torch.tensor(scales, dtype=torch.float32)
        self.num_inference_steps = 0
        self.timesteps = torch.arange(num_train_timesteps - 1, -1, -1)

    def __len__(self) -> int:
        return int(self.config.num_train_timesteps)

    def set_timesteps(self, num_inference_steps: int, device: "str | torch.device | None" = None) -> None:
        """Choose evenly spaced timesteps, the last of them 1; ValueError for as many as were trained."""
        if not 0 < num_inference_steps < len(self):
            raise ValueError(
                f"num_inference_steps is {num_inference_steps}; it has to be between 1 and {len(self) - 1}"
            )
        self.num_inference_steps = num_inference_steps
        spacing = len(self) // num_inference_steps
        self.timesteps = (torch.arange(num_inference_steps).flip(0) * spacing + 1).to(device)

    def scale_model_input(self, sample: "Tensor", *_args: Any, **_named: Any) -> "Tensor":
        """The sample as it is: diffusers' pipelines ask every scheduler."""
        return sample

    def step(
        self,
        model_output: "Tensor",
        timestep: "int | Tensor",
        sample: "Tensor",
        eta: float = 0.0,
        generator: "torch.Generator | None" = None,
        return_dict: bool = True,
    ) -> "DDIMSchedulerOutput | tuple[Tensor, Tensor]":
        """From x_t and the predicted noise to x_s of the step before; `eta` 1 adds as much noise as DDPM.

        Divides the predicted x_0 by s_t and multiplies it by s_s. The last step goes to timestep 0, not to a
        clip without noise. ValueError before `set_timesteps`.
        """
        if not self.num_inference_steps:
            raise ValueError("call set_timesteps before step")
        now = int(timestep)
        then = max(now - len(self) // self.num_inference_steps, 0)
        alpha, alpha_then = self.alphas_cumprod[now], self.alphas_cumprod[then]
        scale, scale_then = self.scales[now], self.scales[then]
        clean = (sample - (1 - alpha).sqrt() * model_output) / alpha.sqrt() / scale
        sigma = eta * ((1 - alpha_then) / (1 - alpha) * (1 - alpha / alpha_then)).sqrt()
        direction = (1 - alpha_then - sigma**2).sqrt() * model_output
        previous = alpha_then.sqrt() * scale_then * clean + direction
        if eta > 0:
            previous = previous + sigma * randn_tensor(
                sample.shape, generator=generator, device=sample.device, dtype=sample.dtype
            )
        return DDIMSchedulerOutput(previous, clean) if return_dict else (previous, clean)

    def add_noise(self, original_samples: "Tensor", noise: "Tensor", timesteps: "Tensor") -> "Tensor":
        """x_t for clips (B, ...), noise like them and timesteps (B,)."""
        shape = (-1, *[1] * (original_samples.dim() - 1))
        on = original_samples.device
        alphas = self.alphas_cumprod.to(on)[timesteps.to(on)].view(shape)
        scales = self.scales.to(on)[timesteps.to(on)].view(shape)
        return alphas.sqrt() * scales * original_samples + (1 - alphas).sqrt() * noise
