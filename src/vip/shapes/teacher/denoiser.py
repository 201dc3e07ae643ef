"""Second training: text encoder and denoiser learn to predict the noise in captioned pictures, then in clips.

As AnimateDiff does it: the spatial U-Net learns from single frames; motion modules join it for the clips.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from pydantic.dataclasses import dataclass

from vip.seeding import generator_for, seed_of
from vip.shapes.captions import describe
from vip.shapes.scene import all_scenes

if TYPE_CHECKING:
    from collections.abc import Callable

    from diffusers import DDIMScheduler
    from torch import Tensor, nn
    from transformers import CLIPTextModel, CLIPTokenizer


@dataclass(frozen=True)
class DenoiserTraining:
    """Settings of one joint training of text encoder and denoiser."""

    name: str
    steps: int
    batch_size: int
    learning_rate: float
    warmup_steps: int = 50
    decay_share: float = 0.4
    """Share of the steps, at the end, over which the learning rate falls to zero."""
    ema_decay: float = 0.997
    caption_dropout: float = 0.1
    silent_share: float = 0.1
    """Share of captions that say nothing of motion."""
    checkpoint_every: int = 200
    seed: int = 0


def train_denoiser(
    denoiser: "nn.Module",
    text_encoder: "CLIPTextModel",
    tokenizer: "CLIPTokenizer",
    scheduler: "DDIMScheduler",
    scene_numbers: list[int],
    latents: "Tensor",
    settings: DenoiserTraining,
    log: "Callable[[int, dict[str, float]], None]",
    checkpoint: "Callable[[int, nn.Module], None]",
) -> None:
    """Train in place on scaled latents, pictures (N, C, h, w) or clips (N, C, F, h, w).

    The weights left behind are the exponential moving average.
    """
    import torch
    from torch import nn, optim
    from torch.nn import functional

    model = nn.ModuleDict({"denoiser": denoiser, "text_encoder": text_encoder}).train()
    average = optim.swa_utils.AveragedModel(
        model, multi_avg_fn=optim.swa_utils.get_ema_multi_avg_fn(settings.ema_decay)
    )
    optimizer = optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=1e-3)
    schedule = optim.lr_scheduler.LambdaLR(optimizer, lambda step: learning_rate_factor(step, settings))
    for step in range(settings.steps):
        generator = generator_for(settings.name, settings.seed, step)
        rows = torch.randint(len(latents), (settings.batch_size,), generator=generator)
        captions = write_captions([scene_numbers[int(row)] for row in rows], step, settings)
        clean = latents[rows]
        noise = torch.randn(clean.shape, generator=generator)
        timesteps = torch.randint(scheduler.config.num_train_timesteps, (len(rows),), generator=generator)
        noisy = scheduler.add_noise(clean, noise, timesteps)
        embeddings = embed_captions(text_encoder, tokenizer, captions)
        if clean.ndim == 5:
            embeddings = embeddings.repeat_interleave(clean.shape[2], dim=0)
        loss = functional.mse_loss(denoiser(noisy, timesteps, embeddings).sample, noise)
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        average.update_parameters(model)
        log(step, {"noise_error": loss.item(), "gradient_norm": float(norm)})
        if (step + 1) % settings.checkpoint_every == 0:
            checkpoint(step + 1, average.module)
    model.load_state_dict(average.module.state_dict())
    model.eval()


def write_captions(scene_numbers: list[int], step: int, settings: DenoiserTraining) -> list[str]:
    """One caption a scene: sometimes empty (for guidance), sometimes silent on motion, half without articles."""
    rng = np.random.default_rng(seed_of(settings.name, settings.seed, step))
    scenes = all_scenes()
    captions = []
    for number in scene_numbers:
        caption = describe(scenes[number], rng, motion=rng.random() >= settings.silent_share)
        if rng.random() < 0.5:
            caption = " ".join(word for word in caption.split() if word not in {"a", "an", "the"})
        captions.append("" if rng.random() < settings.caption_dropout else caption)
    return captions


def embed_captions(text_encoder: "CLIPTextModel", tokenizer: "CLIPTokenizer", captions: list[str]) -> "Tensor":
    """Caption embeddings (B, tokens, width), padded to the tokenizer's length as AnimateDiffPipeline does."""
    tokens = tokenizer(captions, padding="max_length", truncation=True, return_tensors="pt")
    return text_encoder(tokens.input_ids)[0]


def learning_rate_factor(step: int, settings: DenoiserTraining) -> float:
    """Linear warm-up, then flat, then a cosine fall to zero over the last `decay_share` of the steps."""
    warmup = min(1.0, (step + 1) / settings.warmup_steps)
    start = settings.steps * (1 - settings.decay_share)
    fallen = max(0.0, (step - start) / max(settings.steps - start, 1))
    return warmup * 0.5 * (1 + math.cos(math.pi * fallen))
