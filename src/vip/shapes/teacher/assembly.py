"""Puts the trained parts together as an ordinary AnimateDiff folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diffusers import AutoencoderKL, DDIMScheduler, MotionAdapter, UNet2DConditionModel
    from torch import nn
    from transformers import CLIPTextModel, CLIPTokenizer


@dataclass(frozen=True)
class Teacher:
    """A trained teacher in memory; `save` writes what stock `AnimateDiffPipeline.from_pretrained` loads."""

    vae: "AutoencoderKL"
    tokenizer: "CLIPTokenizer"
    text_encoder: "CLIPTextModel"
    unet: "UNet2DConditionModel"
    motion_adapter: "MotionAdapter"
    scheduler: "DDIMScheduler"
    name: str = "animatediff"

    def save(self, folder: Path) -> None:
        """Write safetensors in half precision, which is all the precision these weights need."""
        from vip.families.storage import save_components

        for module in (self.vae, self.text_encoder, self.unet, self.motion_adapter):
            module.half()
        components = {
            "vae": self.vae,
            "tokenizer": self.tokenizer,
            "text_encoder": self.text_encoder,
            "unet": self.unet,
            "motion_adapter": self.motion_adapter,
            "scheduler": self.scheduler,
        }
        save_components(folder, "AnimateDiffPipeline", components)


def split_motion(denoiser: "nn.Module", spatial: "UNet2DConditionModel", motion: "MotionAdapter") -> None:
    """Put the weights of a UNetMotionModel back into the U-Net and the adapter it was made from."""
    trained = denoiser.state_dict()
    spatial.load_state_dict({name: trained[name] for name in spatial.state_dict()})
    motion.load_state_dict({name: trained[name] for name in motion.state_dict()})
