"""The AnimateDiff-type teacher: a spatial U-Net that learns from pictures, and motion modules for clips."""

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
    from diffusers import MotionAdapter, UNet2DConditionModel
    from torch import Tensor, nn


class TeacherBlueprint(Blueprint):
    """Stock `AnimateDiffPipeline` around a `UNet2DConditionModel` and a `MotionAdapter`."""

    def __init__(self) -> None:
        """Untrained: both text sides, the spatial U-Net, the motion modules."""
        self.picture_words, self.clip_words = build_clip_words(2)
        self.spatial, self.motion = build_spatial_denoiser(), build_motion_adapter()
        self.scheduler = build_scheduler()
        self.objective = Velocity(self.scheduler)
        self.joined: nn.Module | None = None

    def begin_with(self, teacher: Any) -> None:
        """It learns everything itself."""

    def for_pictures(self) -> Learner:
        """The spatial U-Net alone."""
        return Learner(self.spatial, self.picture_words)

    def for_clips(self) -> Learner:
        """A UNetMotionModel of both."""
        from diffusers import UNetMotionModel

        self.joined = UNetMotionModel.from_unet2d(self.spatial, self.motion)
        return Learner(self.joined, self.clip_words)

    def predict(
        self, denoiser: "nn.Module", noisy: "Tensor", timesteps: "Tensor", words: "Tensor"
    ) -> "Tensor":
        """Words are repeated for every frame; the spatial U-Net knows no frames."""
        if denoiser is self.spatial:
            pictures: Tensor = denoiser(noisy[:, :, 0], timesteps, words).sample
            return pictures[:, :, None]
        repeated = words.repeat_interleave(noisy.shape[2], dim=0)
        return cast("Tensor", denoiser(noisy, timesteps, repeated).sample)

    def assemble(self, autoencoder: Any) -> Teacher:
        """The denoiser as the two that it was made from."""
        assert self.joined is not None, "the teacher has not been trained on clips"
        split_motion(self.joined, self.spatial, self.motion)
        words = self.clip_words
        return animatediff_teacher(
            autoencoder, words.tokenizer, words.encoder, self.spatial, self.motion, self.scheduler
        )


def animatediff_teacher(
    autoencoder: Any, tokenizer: Any, text_encoder: Any, spatial: Any, motion: Any, scheduler: Any
) -> Teacher:
    """These parts as an AnimateDiff-type teacher."""
    components = {
        "vae": autoencoder,
        "tokenizer": tokenizer,
        "text_encoder": text_encoder,
        "unet": spatial,
        "motion_adapter": motion,
        "scheduler": scheduler,
    }
    return Teacher("animatediff", "AnimateDiffPipeline", components)


def split_motion(denoiser: "nn.Module", spatial: "UNet2DConditionModel", motion: "MotionAdapter") -> None:
    """Put the weights of a UNetMotionModel back into the U-Net and the adapter it was made from."""
    trained = denoiser.state_dict()
    for part in (spatial, motion):
        part.load_state_dict({name: trained[name] for name in part.state_dict()})


def build_spatial_denoiser() -> "UNet2DConditionModel":
    """The image model under the video model: a U-Net of two widths."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=LATENT_SIZE,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(32, 64),
        layers_per_block=2,
        cross_attention_dim=TEXT_WIDTH,
        attention_head_dim=2,
        norm_num_groups=8,
    )


def build_motion_adapter() -> "MotionAdapter":
    """Eleven motion modules for that U-Net: five on the way down, one in the middle, six on the way up."""
    from diffusers import MotionAdapter

    adapter = MotionAdapter(
        block_out_channels=(32, 64),
        motion_layers_per_block=2,
        motion_mid_block_layers_per_block=1,
        motion_num_attention_heads=2,
        motion_norm_num_groups=8,
        motion_max_seq_length=FRAMES,
        use_motion_mid_block=True,
    )
    tell_frames_apart(adapter)
    return adapter
