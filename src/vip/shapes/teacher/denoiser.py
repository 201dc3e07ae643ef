"""Second training: text encoder and denoiser learn to denoise captioned pictures, then clips.

As AnimateDiff does it: what is spatial learns from single frames; what is temporal joins it for the clips.
What a word of motion means is the product of three things that are all faint at first: the word, the number
of the frame and the place in the picture. It is learned first where nothing else is left to learn.
"""

from dataclasses import dataclass as plain_dataclass
from typing import TYPE_CHECKING, Annotated, Protocol

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.seeding import generator_for, seed_of
from vip.shapes.captions import describe
from vip.shapes.scene import all_scenes
from vip.shapes.teacher.blueprints import Blueprint, Learner
from vip.shapes.teacher.loop import Loop, Row, learn

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from vip.training.checkpoints import CheckpointFolder

Share = Annotated[float, Field(ge=0, le=1)]
_ARTICLES = {"a", "an", "the"}


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Round(Loop):
    """One round of the denoiser's training."""

    first_timestep: Annotated[int, Field(ge=0)] = 0
    """Timesteps are drawn from here on. Where noise hides all, the caption is what there is to go by."""


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class DenoiserTraining:
    """Settings of the joint training of text encoder and denoiser: on pictures, then twice on clips.

    Where a round is None, it is left out.
    """

    pictures: Round | None
    centred: Round | None
    """On clips whose shapes are all of one size and in the middle, so that only words tell them apart."""
    clips: Round
    caption_dropout: Share = 0.1
    silent_share: Share = 0.1
    """Share of captions that say nothing of motion."""
    seed: int = 0


@plain_dataclass(frozen=True)
class Examples:
    """What it learns from: scaled latents (N, C, F, h, w), and the scene of each."""

    scenes: list[int]
    latents: "Tensor"

    def frames(self) -> "Examples":
        """Every frame of every clip as a clip of its own."""
        count = self.latents.shape[2]
        pictures = self.latents.transpose(1, 2).flatten(0, 1)[:, :, None]
        return Examples([scene for scene in self.scenes for _ in range(count)], pictures)


def train_denoiser(
    name: str,
    made: Blueprint,
    learner: Learner,
    examples: Examples,
    loop: Round,
    settings: DenoiserTraining,
    checkpoints: "CheckpointFolder",
) -> list[Row]:
    """Train the learner's denoiser and text encoder in place towards the blueprint's objective."""
    import numpy as np
    import torch
    from torch import nn

    objective = made.objective

    def loss_at(step: int) -> "Tensor":
        generator = generator_for(name, settings.seed, step)
        rows = torch.randint(len(examples.latents), (loop.batch_size,), generator=generator)
        rng = np.random.default_rng(seed_of(name, settings.seed, step))
        captions = write_captions([examples.scenes[int(row)] for row in rows], rng, settings)
        clean = examples.latents[rows]
        noise = torch.randn(clean.shape, generator=generator)
        timesteps = objective.timesteps(generator, len(rows), loop.first_timestep)
        noisy = objective.add_noise(clean, noise, timesteps)
        predicted = made.predict(learner.denoiser, noisy, timesteps, learner.words.embed(captions))
        return (predicted - objective.target(clean, noise, timesteps, captions)).square().mean()

    model = nn.ModuleDict({"denoiser": learner.denoiser, "text_encoder": learner.words.encoder})
    for weight_name, weight in model.named_parameters():
        weight.requires_grad = not any(part in weight_name for part in learner.asleep)
    return learn(name, model, loss_at, loop, checkpoints)


class CaptionShares(Protocol):
    """How many captions leave something out."""

    @property
    def caption_dropout(self) -> float:
        """Share of captions that are empty."""

    @property
    def silent_share(self) -> float:
        """Share of captions that say nothing of motion."""


def write_captions(scenes: list[int], rng: "np.random.Generator", settings: CaptionShares) -> list[str]:
    """One caption a scene: some empty (for guidance), some silent on motion, half without articles."""
    world = all_scenes()
    captions = []
    for scene in scenes:
        caption = describe(world[scene], rng, motion=rng.random() >= settings.silent_share)
        if rng.random() < 0.5:
            caption = " ".join(word for word in caption.split() if word not in _ARTICLES)
        captions.append("" if rng.random() < settings.caption_dropout else caption)
    return captions
