"""Make the embedded teacher: an autoencoder of the shapes world, then a denoiser of its latents."""

from typing import Any

from vip.pipelines.teacher_training.config import TeacherTraining
from vip.types import Table


def train_teacher(checkpoints: Any, settings: TeacherTraining) -> tuple[Any, Table]:
    """The teacher, and the curves of its trainings one after the other."""
    from dataclasses import replace

    import pandas as pd

    from vip.training.settings_diff import flat_settings

    checkpoints = replace(checkpoints, settings=flat_settings(settings))
    autoencoder, first = train_teacher_autoencoder(checkpoints, settings)
    teacher, second = train_teacher_denoiser(autoencoder, checkpoints, settings)
    return teacher, pd.concat([first, second], ignore_index=True)


def train_teacher_autoencoder(checkpoints: Any, settings: TeacherTraining) -> tuple[Any, Table]:
    """Train an AutoencoderKL on renderings of the training scenes, to latents of unit variance."""
    import pandas as pd
    import torch

    from vip.shapes.teacher.architecture import build_autoencoder
    from vip.shapes.teacher.autoencoder import train_autoencoder
    from vip.shapes.teacher.clips import training_clips

    torch.manual_seed(settings.seed)
    autoencoder = build_autoencoder()
    _, clips = training_clips(settings.placements)
    curve = train_autoencoder(autoencoder, clips, settings.autoencoder, checkpoints)
    return autoencoder, pd.DataFrame(curve)


def train_teacher_denoiser(
    autoencoder: Any, checkpoints: Any, settings: TeacherTraining
) -> tuple[Any, Table]:
    """Train the spatial U-Net on frames, then it and the motion modules on clips, with a text encoder each.

    Words of motion say nothing of a single frame: the text encoder that learned from frames passes them over.
    """
    import pandas as pd
    import torch
    from diffusers import UNetMotionModel

    from vip.shapes.teacher import architecture
    from vip.shapes.teacher.assembly import Teacher, split_motion
    from vip.shapes.teacher.autoencoder import encode_clips
    from vip.shapes.teacher.clips import centred_clips, training_clips
    from vip.shapes.teacher.denoiser import Examples, Words, train_denoiser

    def encoded(clips: tuple[list[int], Any]) -> Examples:
        return Examples(clips[0], encode_clips(autoencoder, clips[1]))

    torch.manual_seed(settings.seed)
    tokenizer, training = architecture.build_tokenizer(), settings.denoiser
    words, later_words = (Words(tokenizer, architecture.build_text_encoder(tokenizer)) for _ in range(2))
    spatial, motion = architecture.build_spatial_denoiser(), architecture.build_motion_adapter()
    scheduler, examples = architecture.build_scheduler(), encoded(training_clips(settings.placements))
    curve = train_denoiser(
        "pictures", spatial, words, scheduler, examples.frames(), training.pictures, training, checkpoints
    )
    denoiser = UNetMotionModel.from_unet2d(spatial, motion)
    rounds = {"centred": (encoded(centred_clips()), training.centred), "clips": (examples, training.clips)}
    for name, (shown, loop) in rounds.items():
        curve += train_denoiser(name, denoiser, later_words, scheduler, shown, loop, training, checkpoints)
    split_motion(denoiser, spatial, motion)
    return Teacher(autoencoder, tokenizer, later_words.encoder, spatial, motion, scheduler), pd.DataFrame(
        curve
    )
