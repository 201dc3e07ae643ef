"""Few steps instead of many: a student each of whose steps does what several guided ones of its teacher do.

Progressive distillation (Salimans & Ho 2022) in a single round, with classifier-free guidance folded in as
Meng et al. (2023) do: the student is sampled without guidance, one call a step. It starts as the teacher, and
all of its denoiser is trained. The paper names a step-distilled model among its further experiments
(Supplement D.3); how that one was made is not known here.
"""

import copy
from typing import TYPE_CHECKING, Any, cast

from vip.families.diffusion import coefficients
from vip.seeding import generator_for, seed_of
from vip.shapes.teacher.animatediff import animatediff_teacher, split_motion
from vip.shapes.teacher.assembly import Teacher
from vip.shapes.teacher.autoencoder import encode_clips
from vip.shapes.teacher.clips import training_clips
from vip.shapes.teacher.denoiser import CaptionShares, Examples, write_captions
from vip.shapes.teacher.loop import Loop, Row, learn

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from vip.families.stable_diffusion import StableDiffusionFamily
    from vip.training.checkpoints import CheckpointFolder
    from vip.types import Conditioning


class LongStep:
    """What a teacher's guided steps between two of the student's timesteps come to, as one velocity."""

    def __init__(
        self, teacher: "StableDiffusionFamily", guidance_scale: float, steps: int, every: int
    ) -> None:
        """`steps` are the student's; `every` says how many of the teacher's make one of them."""
        scheduler = copy.deepcopy(teacher.scheduler)
        scheduler.set_timesteps(steps * every)
        self._teacher, self._scale, self._every = teacher, guidance_scale, every
        self._length = scheduler.config.num_train_timesteps // (steps * every)
        self.starts: Tensor = scheduler.timesteps[::every]
        """The student's timesteps, the noisiest first (steps,)."""

    def velocity(self, noisy: "Tensor", starts: "Tensor", conditioning: "Conditioning") -> "Tensor":
        """The velocity (B, C, F, h, w) that takes x_t to where the teacher's steps from t take it.

        `starts` (B,) are of `self.starts`; one DDIM step (eta 0) over all of the way is meant.
        """
        import torch

        reached, now = noisy, starts
        with torch.no_grad():
            for _ in range(self._every):
                earlier = now - self._length
                reached = ddim_step(
                    self._teacher.scheduler, reached, self._guided(reached, now, conditioning), now, earlier
                )
                now = earlier
            return velocity_between(self._teacher.scheduler, noisy, reached, starts, now)

    def _guided(self, noisy: "Tensor", timesteps: "Tensor", conditioning: "Conditioning") -> "Tensor":
        import torch

        words = torch.cat([conditioning["empty_prompt"], conditioning["prompt"]])
        twice = torch.cat([noisy] * 2), torch.cat([timesteps] * 2)
        predicted = self._teacher.predict(self._teacher.denoiser, *twice, {"prompt": words})
        without, with_prompt = predicted.chunk(2)
        return without + self._scale * (with_prompt - without)


def ddim_step(
    scheduler: Any, noisy: "Tensor", velocity: "Tensor", timesteps: "Tensor", earlier: "Tensor"
) -> "Tensor":
    """DDIM with eta 0 (Song et al. 2021) from timesteps (B,) to earlier ones (B,); below 0 is no noise."""
    alpha, sigma = coefficients(scheduler, timesteps, noisy)
    alpha_after, sigma_after = _coefficients_or_clean(scheduler, earlier, noisy)
    clean, noise = alpha * noisy - sigma * velocity, sigma * noisy + alpha * velocity
    return alpha_after * clean + sigma_after * noise


def velocity_between(
    scheduler: Any, noisy: "Tensor", reached: "Tensor", timesteps: "Tensor", earlier: "Tensor"
) -> "Tensor":
    """The velocity with which one `ddim_step` from `noisy` ends in `reached`."""
    alpha, sigma = coefficients(scheduler, timesteps, noisy)
    alpha_after, sigma_after = _coefficients_or_clean(scheduler, earlier, noisy)
    kept, moved = alpha_after * alpha + sigma_after * sigma, sigma_after * alpha - alpha_after * sigma
    return (reached - kept * noisy) / moved


def _coefficients_or_clean(scheduler: Any, timesteps: "Tensor", like: "Tensor") -> "tuple[Tensor, Tensor]":
    import torch

    alpha, sigma = coefficients(scheduler, timesteps.clamp(min=0), like)
    clean = (timesteps < 0).view(-1, 1, 1, 1, 1).to(like.device)
    return torch.where(clean, 1.0, alpha), torch.where(clean, 0.0, sigma)


def train_few_steps(
    teacher: "StableDiffusionFamily",
    long_step: LongStep,
    examples: Examples,
    loop: Loop,
    captions: CaptionShares,
    seed: int,
    checkpoints: "CheckpointFolder",
) -> "tuple[nn.Module, list[Row]]":
    """The student's denoiser and its curve: squared error of the velocity, at its own timesteps alone."""
    student = copy.deepcopy(teacher.denoiser).requires_grad_(requires_grad=True)
    loss_at = steps_loss(teacher, student, long_step, examples, loop.batch_size, captions, seed)
    return student, learn("steps", student, loss_at, loop, checkpoints)


def steps_loss(
    teacher: "StableDiffusionFamily",
    student: "nn.Module",
    long_step: LongStep,
    examples: Examples,
    batch_size: int,
    captions: CaptionShares,
    seed: int,
) -> "Callable[[int], Tensor]":
    """The loss of a training step by its number: what is drawn depends on seed and step alone."""
    import numpy as np
    import torch

    def loss_at(step: int) -> "Tensor":
        generator = generator_for("steps", seed, step)
        rows = torch.randint(len(examples.latents), (batch_size,), generator=generator)
        starts = long_step.starts[torch.randint(len(long_step.starts), (batch_size,), generator=generator)]
        clean = examples.latents[rows]
        noise = torch.randn(clean.shape, generator=generator)
        rng = np.random.default_rng(seed_of("steps", seed, step))
        words = write_captions([examples.scenes[int(row)] for row in rows], rng, captions)
        conditioning = teacher.encode(words)
        noisy = teacher.add_noise(clean, noise, starts)
        wanted = long_step.velocity(noisy, starts, conditioning)
        predicted = teacher.predict(student, noisy, starts, conditioning)
        return (predicted - wanted).square().mean()

    return loss_at


def rendered_examples(teacher: "StableDiffusionFamily", placements: int) -> Examples:
    """The training scenes as the teacher's own latents, `placements` renderings of each."""
    scenes, clips = training_clips(placements)
    autoencoder: Any = teacher.vae
    return Examples(scenes, encode_clips(autoencoder, clips) * autoencoder.config.scaling_factor)


def as_folder(teacher: "StableDiffusionFamily", denoiser: "nn.Module") -> Teacher:
    """The teacher with another denoiser, as what is saved as an ordinary AnimateDiff folder."""
    from diffusers import MotionAdapter, UNet2DConditionModel

    from vip.families.storage import read_json

    parts = ((UNet2DConditionModel, "unet"), (MotionAdapter, "motion_adapter"))
    spatial, motion = (
        kind.from_config(read_json(teacher.folder / name / "config.json")) for kind, name in parts
    )
    split_motion(denoiser, spatial, motion)
    scheduler = cast("Any", teacher.scheduler)
    return animatediff_teacher(
        teacher.vae, teacher.tokenizer, teacher.text_encoder, spatial, motion, scheduler
    )
