"""Make an embedded teacher: an autoencoder of the shapes world, then a denoiser of its latents."""

from typing import Any

from vip.errors import UserError
from vip.pipelines.teacher_training.config import TeacherTraining
from vip.types import Table


def train_teacher(source: Any, checkpoints: Any, settings: TeacherTraining) -> tuple[Any, Table]:
    """The teacher, and the curves of its trainings one after the other.

    It begins with the weights of the teacher in the model folder `source`, where there is one: with its
    autoencoder, and with what layers they share.
    """
    from dataclasses import replace

    import pandas as pd

    from vip.training.settings_diff import flat_settings

    begun = _opened(source, settings)
    first_teacher = {} if source is None else {"first_teacher": source.fingerprint}
    checkpoints = replace(checkpoints, settings=flat_settings(settings) | first_teacher)
    if begun is None:
        autoencoder, first = train_teacher_autoencoder(checkpoints, settings)
    else:
        autoencoder, first = begun.vae, pd.DataFrame()
    teacher, second = train_teacher_denoiser(autoencoder, begun, checkpoints, settings)
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
    autoencoder: Any, begun: Any, checkpoints: Any, settings: TeacherTraining
) -> tuple[Any, Table]:
    """Train what is spatial on frames, then all of the denoiser on clips, with a text encoder each.

    Before that, where the pipeline takes no AutoencoderKL, the autoencoder that it does take.
    """
    import pandas as pd
    import torch

    from vip.shapes.teacher.autoencoder import encode_clips
    from vip.shapes.teacher.blueprints import blueprint
    from vip.shapes.teacher.clips import centred_clips, training_clips
    from vip.shapes.teacher.denoiser import Examples, train_denoiser

    def encoded(clips: tuple[list[int], Any]) -> Examples:
        return Examples(clips[0], encode_clips(autoencoder, clips[1]))

    def learned(name: str, learner: Any, shown: Examples, loop: Any) -> Any:
        if loop is None:
            return []
        return train_denoiser(name, made, learner, shown, loop, training, checkpoints)

    torch.manual_seed(settings.seed)
    made, training = blueprint(settings.architecture), settings.denoiser
    if begun is not None:
        made.begin_with(begun)
    scenes, clips = training_clips(settings.placements)
    examples = encoded((scenes, clips))
    vae, curve = _own_autoencoder(made, autoencoder, examples.latents, clips, checkpoints, settings)
    curve += learned("pictures", made.for_pictures(), examples.frames(), training.pictures)
    learner = made.for_clips()
    curve += learned("centred", learner, encoded(centred_clips()), training.centred)
    curve += learned("clips", learner, examples, training.clips)
    return made.assemble(vae), pd.DataFrame(curve)


def _own_autoencoder(
    made: Any, autoencoder: Any, latents: Any, clips: Any, checkpoints: Any, settings: TeacherTraining
) -> tuple[Any, Any]:
    """What goes into the pipeline, and the curve of its training."""
    from vip.shapes.teacher.imitation import imitate

    own, loop = made.own_autoencoder(), settings.own_autoencoder
    if own is None:
        return autoencoder, []
    if loop is None:
        raise UserError(
            f"teacher_training.own_autoencoder is null, and {settings.architecture}'s pipeline takes no "
            "AutoencoderKL; say how its own is trained (steps, batch_size, learning_rate)"
        )
    return own, imitate(own, latents, clips, loop, settings.seed, checkpoints)


def _opened(source: Any, settings: TeacherTraining) -> Any:
    """The teacher to begin with, opened; None where everything is trained here."""
    if (source is None) == (settings.autoencoder is None):
        raise UserError(
            "teacher_training.autoencoder says how an autoencoder is trained, the catalog's first_teacher "
            "where a trained one is: set one of them, and the other to null"
        )
    return None if source is None else source.open()
