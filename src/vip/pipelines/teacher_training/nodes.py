"""Make an embedded teacher: an autoencoder of the shapes world, then a denoiser of its latents."""

from typing import Any

from vip.errors import UserError
from vip.pipelines.teacher_training.config import TeacherTraining
from vip.types import Table


def train_teacher(source: Any, checkpoints: Any, settings: TeacherTraining) -> tuple[Any, Table]:
    """The teacher, and the curves of its trainings one after the other.

    Without `autoencoder` in the settings, it takes that of the teacher in the model folder `source`.
    """
    from dataclasses import replace

    import pandas as pd

    from vip.training.settings_diff import flat_settings

    checkpoints = replace(checkpoints, settings=flat_settings(settings))
    if settings.autoencoder is None:
        autoencoder, first = _autoencoder_of(source), pd.DataFrame()
    else:
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

    assert settings.autoencoder is not None, "no settings of an autoencoder's training"
    torch.manual_seed(settings.seed)
    autoencoder = build_autoencoder()
    _, clips = training_clips(settings.placements)
    curve = train_autoencoder(autoencoder, clips, settings.autoencoder, checkpoints)
    return autoencoder, pd.DataFrame(curve)


def train_teacher_denoiser(
    autoencoder: Any, checkpoints: Any, settings: TeacherTraining
) -> tuple[Any, Table]:
    """Train what is spatial on frames, then all of the denoiser on clips, with a text encoder each."""
    import pandas as pd
    import torch

    from vip.shapes.teacher.autoencoder import encode_clips
    from vip.shapes.teacher.blueprints import blueprint
    from vip.shapes.teacher.clips import centred_clips, training_clips
    from vip.shapes.teacher.denoiser import Examples, train_denoiser

    def encoded(clips: tuple[list[int], Any]) -> Examples:
        return Examples(clips[0], encode_clips(autoencoder, clips[1]))

    def learned(name: str, learner: Any, shown: Examples, loop: Any) -> Any:
        return train_denoiser(name, made, learner, shown, loop, training, checkpoints)

    torch.manual_seed(settings.seed)
    made, training = blueprint(settings.architecture), settings.denoiser
    examples = encoded(training_clips(settings.placements))
    curve = learned("pictures", made.for_pictures(), examples.frames(), training.pictures)
    learner = made.for_clips()
    curve += learned("centred", learner, encoded(centred_clips()), training.centred)
    curve += learned("clips", learner, examples, training.clips)
    return made.assemble(autoencoder), pd.DataFrame(curve)


def _autoencoder_of(source: Any) -> Any:
    if source is None:
        raise UserError(
            "teacher_training.autoencoder is null, and the catalog's autoencoder_source is no model; set "
            "either"
        )
    return source.open().vae
