"""Make the embedded teacher: an autoencoder of the shapes world, then a denoiser of its latents."""

from typing import Any

from vip.pipelines.teacher_training.config import TeacherTraining
from vip.types import Table


def train_teacher(checkpoints: Any, settings: TeacherTraining) -> tuple[Any, Table]:
    """The teacher, and the curves of its trainings one after the other."""
    import pandas as pd

    autoencoder, first = train_teacher_autoencoder(checkpoints, settings)
    teacher, second = train_teacher_denoiser(autoencoder, checkpoints, settings)
    return teacher, pd.concat([first, second], ignore_index=True)


def train_teacher_autoencoder(checkpoints: Any, settings: TeacherTraining) -> tuple[Any, Table]:
    """Train an AutoencoderKL on renderings of the training scenes; it carries its scaling factor."""
    import pandas as pd
    import torch

    from vip.shapes.teacher.architecture import build_autoencoder
    from vip.shapes.teacher.autoencoder import encode_clips, scaling_factor, train_autoencoder, training_clips

    torch.manual_seed(settings.seed)
    autoencoder = build_autoencoder()
    _, clips = training_clips(settings.placements)
    curve = train_autoencoder(autoencoder, clips, settings.autoencoder, checkpoints)
    autoencoder.register_to_config(scaling_factor=scaling_factor(encode_clips(autoencoder, clips[:512])))
    return autoencoder, pd.DataFrame(curve)


def train_teacher_denoiser(
    autoencoder: Any, checkpoints: Any, settings: TeacherTraining
) -> tuple[Any, Table]:
    """Train text encoder and spatial U-Net on frames, then both and the motion modules on clips."""
    import pandas as pd
    import torch
    from diffusers import UNetMotionModel

    from vip.shapes.teacher import architecture
    from vip.shapes.teacher.assembly import Teacher, split_motion
    from vip.shapes.teacher.autoencoder import encode_clips, training_clips
    from vip.shapes.teacher.denoiser import Examples, Words, train_denoiser

    scenes, clips = training_clips(settings.placements)
    examples = Examples(scenes, encode_clips(autoencoder, clips) * autoencoder.config.scaling_factor)
    torch.manual_seed(settings.seed)
    tokenizer = architecture.build_tokenizer()
    words = Words(tokenizer, architecture.build_text_encoder(tokenizer))
    spatial, motion = architecture.build_spatial_denoiser(), architecture.build_motion_adapter()
    scheduler, training = architecture.build_scheduler(), settings.denoiser
    curve = train_denoiser(
        "pictures", spatial, words, scheduler, examples.frames(), training.pictures, training, checkpoints
    )
    denoiser = UNetMotionModel.from_unet2d(spatial, motion)
    for name, loop in {"clips": training.clips, "refinement": training.refinement}.items():
        curve += train_denoiser(name, denoiser, words, scheduler, examples, loop, training, checkpoints)
    split_motion(denoiser, spatial, motion)
    return Teacher(autoencoder, tokenizer, words.encoder, spatial, motion, scheduler), pd.DataFrame(curve)
