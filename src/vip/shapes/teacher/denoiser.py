"""Second training: text encoder and denoiser learn to denoise captioned pictures, then clips.

As AnimateDiff does it: the spatial U-Net learns from single frames; motion modules join it for the clips.
What a word of motion means is the product of three things that are all faint at first: the word, the number
of the frame and the place in the picture. It is learned first where nothing else is left to learn.
"""

from dataclasses import dataclass as plain_dataclass
from typing import TYPE_CHECKING, Annotated, Any, Protocol

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from vip.seeding import generator_for, seed_of
from vip.shapes.captions import describe
from vip.shapes.scene import all_scenes
from vip.shapes.teacher.loop import Loop, Row, learn

if TYPE_CHECKING:
    import numpy as np
    from diffusers import DDIMScheduler
    from torch import Tensor, nn
    from transformers import CLIPTextModel, CLIPTokenizer

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
    """Settings of the joint training of text encoder and denoiser: on pictures, then twice on clips."""

    pictures: Round
    centred: Round
    """On clips whose shapes are all of one size and in the middle, so that only words tell them apart."""
    clips: Round
    caption_dropout: Share = 0.1
    silent_share: Share = 0.1
    """Share of captions that say nothing of motion."""
    seed: int = 0


@plain_dataclass(frozen=True)
class Examples:
    """What it learns from: scaled latents, (N, C, h, w) or (N, C, F, h, w), and the scene of each."""

    scenes: list[int]
    latents: "Tensor"

    def frames(self) -> "Examples":
        """Every frame of every clip as an example of its own."""
        count = self.latents.shape[2]
        pictures = self.latents.transpose(1, 2).flatten(0, 1)
        return Examples([scene for scene in self.scenes for _ in range(count)], pictures)


@plain_dataclass(frozen=True)
class Words:
    """The text side of the teacher."""

    tokenizer: "CLIPTokenizer"
    encoder: "CLIPTextModel"

    def embed(self, captions: list[str]) -> "Tensor":
        """Caption embeddings (B, tokens, width), padded to full length as AnimateDiffPipeline does."""
        tokens: Any = self.tokenizer(captions, padding="max_length", truncation=True, return_tensors="pt")
        embeddings: Tensor = self.encoder(tokens.input_ids)[0]
        return embeddings


def train_denoiser(
    name: str,
    denoiser: "nn.Module",
    words: Words,
    scheduler: "DDIMScheduler",
    examples: Examples,
    loop: Round,
    settings: DenoiserTraining,
    checkpoints: "CheckpointFolder",
) -> list[Row]:
    """Train denoiser and text encoder in place to predict the velocity of the examples."""
    import numpy as np
    import torch
    from torch import nn

    def loss_at(step: int) -> "Tensor":
        generator = generator_for(name, settings.seed, step)
        rows = torch.randint(len(examples.latents), (loop.batch_size,), generator=generator)
        rng = np.random.default_rng(seed_of(name, settings.seed, step))
        captions = write_captions([examples.scenes[int(row)] for row in rows], rng, settings)
        clean = examples.latents[rows]
        noise = torch.randn(clean.shape, generator=generator)
        timesteps = torch.randint(
            loop.first_timestep, scheduler.config.num_train_timesteps, (len(rows),), generator=generator
        )
        noisy = scheduler.add_noise(clean, noise, timesteps)
        embeddings = words.embed(captions)
        if clean.ndim == 5:
            embeddings = embeddings.repeat_interleave(clean.shape[2], dim=0)
        predicted: Tensor = denoiser(noisy, timesteps, embeddings).sample
        velocity: Tensor = scheduler.get_velocity(clean, noise, timesteps)
        return (predicted - velocity).square().mean()

    model = nn.ModuleDict({"denoiser": denoiser, "text_encoder": words.encoder}).requires_grad_(
        requires_grad=True
    )
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
