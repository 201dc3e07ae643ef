"""Distil the embedded teacher into one of few steps without guidance."""

from typing import Any

from vip.errors import UserError
from vip.families.folder import ModelFolder
from vip.pipelines.step_distillation.config import StepDistillation
from vip.pipelines.video_generation.config import VideoGeneration
from vip.types import Table


def distil_steps(
    many_step_teacher: ModelFolder, checkpoints: Any, sampling: VideoGeneration, settings: StepDistillation
) -> tuple[Any, Table]:
    """A teacher that makes in `sampling.steps` unguided steps what the other makes in many; and its curve."""
    from dataclasses import replace

    import pandas as pd

    from vip.families.animatediff import AnimateDiff
    from vip.shapes.teacher.steps import LongStep, as_folder, rendered_examples, train_few_steps
    from vip.training.settings_diff import flat_settings

    teacher = many_step_teacher.open()
    if not isinstance(teacher, AnimateDiff) or teacher.scheduler.config.prediction_type != "v_prediction":
        raise UserError(
            f"{many_step_teacher.path} is no AnimateDiff folder with a velocity prediction; step "
            "distillation is for the embedded teacher, data/01_raw/teacher"
        )
    _refuse_impossible(sampling, settings, teacher.scheduler.config.num_train_timesteps)
    told = flat_settings(settings) | {"steps": sampling.steps, "teacher": many_step_teacher.fingerprint}
    long_step = LongStep(
        teacher, settings.guidance_scale, sampling.steps, settings.teacher_steps // sampling.steps
    )
    denoiser, curve = train_few_steps(
        teacher,
        long_step,
        rendered_examples(teacher, settings.placements),
        settings.loop,
        settings,
        settings.seed,
        replace(checkpoints, settings=told),
    )
    return as_folder(teacher, denoiser), pd.DataFrame(curve)


def _refuse_impossible(sampling: VideoGeneration, settings: StepDistillation, schedule: int) -> None:
    steps, teacher_steps = sampling.steps, settings.teacher_steps
    if sampling.guidance_scale != 1:
        raise UserError(
            f"video_generation.guidance_scale is {sampling.guidance_scale}, but a step-distilled model is "
            "sampled without guidance, which is folded into it; set it to 1, or run with "
            "--env=shapes_four_steps"
        )
    if schedule % steps:
        raise UserError(
            f"video_generation.steps is {steps}; a step-distilled model's have to divide the schedule's "
            f"{schedule}, such as {_nearest_divisor(steps, schedule)}"
        )
    if teacher_steps % steps or schedule % teacher_steps:
        raise UserError(
            f"step_distillation.teacher_steps is {teacher_steps}; it has to be a multiple of the {steps} "
            f"steps of video_generation and to divide the schedule's {schedule}, such as "
            f"{_nearest_divisor(teacher_steps, schedule, steps)}"
        )


def _nearest_divisor(wanted: int, schedule: int, multiple_of: int = 1) -> int:
    multiples = range(multiple_of, schedule + 1, multiple_of)
    return min((each for each in multiples if schedule % each == 0), key=lambda each: abs(each - wanted))
