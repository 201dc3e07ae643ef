"""The ModelScope-type teacher: one 3D U-Net whose temporal layers sleep while it learns from pictures.

As ModelScope's began with the weights of a picture model, it can begin with those of the AnimateDiff-type
teacher: its U-Net has the same spatial layers, and its temporal attention the same weights, but for the
numbers of the frames.
"""

from typing import TYPE_CHECKING, Any, cast

from vip.shapes.scene import FRAMES
from vip.shapes.teacher.architecture import (
    LATENT_CHANNELS,
    LATENT_SIZE,
    TEXT_WIDTH,
    build_clip_words,
    build_scheduler,
    tell_frames_apart,
)
from vip.shapes.teacher.assembly import Teacher
from vip.shapes.teacher.blueprints import Blueprint, Learner
from vip.shapes.teacher.objectives import Velocity

if TYPE_CHECKING:
    from diffusers import UNet3DConditionModel
    from torch import nn

TEMPORAL = ("temp_convs", "temp_attentions", "transformer_in")
"""What the names of its temporal layers hold."""


class TeacherBlueprint(Blueprint):
    """Stock `TextToVideoSDPipeline` around a `UNet3DConditionModel`."""

    def __init__(self) -> None:
        """Untrained: both text sides and the U-Net."""
        self.picture_words, self.clip_words = build_clip_words(2)
        self.denoiser = build_denoiser()
        self.scheduler = build_scheduler()
        self.objective = Velocity(self.scheduler)
        self.begun = False

    def begin_with(self, teacher: Any) -> None:
        """Take an AnimateDiff-type teacher's text encoder, spatial layers and motion modules."""
        self.clip_words.encoder.load_state_dict(teacher.text_encoder.state_dict())
        own = self.denoiser.state_dict()
        given = {
            name.replace("motion_modules", "temp_attentions"): value
            for name, value in teacher.denoiser.state_dict().items()
        }
        taken = {name: value.reshape(own[name].shape) for name, value in given.items() if name in own}
        missing = {name for name in own if name not in taken and not _is_new(name)}
        assert not missing, f"the teacher to begin with lacks {sorted(missing)[:3]}"
        self.denoiser.load_state_dict({**own, **taken})
        self.begun = True

    def for_pictures(self) -> Learner:
        """The U-Net, its temporal layers asleep."""
        return Learner(self.denoiser, self.picture_words, asleep=TEMPORAL)

    def for_clips(self) -> Learner:
        """The U-Net; its temporal layers awake, unless they brought what others had learned."""
        if not self.begun:
            wake_temporal_layers(self.denoiser)
        return Learner(self.denoiser, self.clip_words)

    def assemble(self, autoencoder: Any) -> Teacher:
        """The parts as they are."""
        components = {
            "vae": autoencoder,
            "tokenizer": self.clip_words.tokenizer,
            "text_encoder": self.clip_words.encoder,
            "unet": self.denoiser,
            "scheduler": self.scheduler,
        }
        return Teacher("modelscope", "TextToVideoSDPipeline", components, {"_clip": {"frames": FRAMES}})


def build_denoiser() -> "UNet3DConditionModel":
    """A 3D U-Net with the AnimateDiff-type teacher's spatial layers; temporal layers change nothing yet.

    Without dropout, which diffusers builds into temporal convolutions: a training that was stopped would not
    go on with the same draws.
    """
    import torch
    from diffusers import UNet3DConditionModel

    denoiser = UNet3DConditionModel(
        sample_size=LATENT_SIZE,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        down_block_types=("CrossAttnDownBlock3D", "CrossAttnDownBlock3D"),
        up_block_types=("CrossAttnUpBlock3D", "CrossAttnUpBlock3D"),
        block_out_channels=(32, 64),
        layers_per_block=2,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=8,
        norm_num_groups=8,
    )
    for module in denoiser.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    for attention in _temporal_attentions(denoiser):
        torch.nn.init.zeros_(attention.proj_out.weight)
        torch.nn.init.zeros_(attention.proj_out.bias)
    return denoiser


def wake_temporal_layers(denoiser: "nn.Module") -> None:
    """Let temporal convolutions pass on what they find, and temporal attention tell frames apart.

    The attention knows no frame numbers: where a frame stands it has from the convolutions, which see the
    ends of a clip.
    """
    for name, module in denoiser.named_modules():
        if name.endswith(".conv4.3"):
            cast("Any", module).reset_parameters()
    for attention in _temporal_attentions(denoiser):
        tell_frames_apart(attention)


def _is_new(name: str) -> bool:
    """Whether a layer of that name has no counterpart in an AnimateDiff-type teacher."""
    return name.startswith("transformer_in") or "temp_convs" in name


def _temporal_attentions(denoiser: "nn.Module") -> "list[Any]":
    from diffusers.models.transformers.transformer_temporal import TransformerTemporalModel

    return [module for module in denoiser.modules() if isinstance(module, TransformerTemporalModel)]
