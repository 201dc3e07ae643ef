"""Clips that are not made yet: which there are, under which keys, and how to make any of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vip.families.folder import AS_IT_IS
from vip.families.loading import Loading
from vip.generation.device import best_device, forget_models
from vip.generation.sampling import make_clips
from vip.generation.variant import ModelVariant
from vip.hashing import content_hash
from vip.seeding import seed_of
from vip.types import Clip, LazyMap, Sampler, Table

if TYPE_CHECKING:
    from vip.families.base import VideoFamily


def clip_table(
    fingerprint: str,
    prompts: Table,
    sampler: Sampler,
    seed: int,
    loading: Loading = AS_IT_IS,
    samples: int = 1,
) -> Table:
    """One row a prompt and sample: key, prompt_id, prompt, seed; a prompt's samples follow each other.

    A sample's seed is the same for every model, so that models are compared from the same noise. The
    fingerprint stands for everything the model's folder says, the shape of its latents included.
    """
    table = prompts[["prompt_id", "prompt"]]
    table = table.loc[table.index.repeat(samples)].reset_index(drop=True)
    table["seed"] = [
        seed_of("clip", seed, prompt, *([place % samples] if place % samples else []))
        for place, prompt in enumerate(table["prompt"])
    ]
    how = (sampler.steps, sampler.guidance_scale, *loading.marks)
    keys = [
        content_hash("clip", fingerprint, prompt, clip_seed, *how)
        for prompt, clip_seed in zip(table["prompt"], table["seed"], strict=True)
    ]
    table.insert(0, "key", keys)
    return table


def lazy_clips(
    variants: Mapping[str, ModelVariant],
    prompts: Table,
    sampler: Sampler,
    batch_size: int,
    seed: int,
    title: str,
    loading: Loading = AS_IT_IS,
    samples: int = 1,
) -> LazyMap[Clip]:
    """The clips of several variants for the same prompts, `samples` each: key, unit, prompt_id, prompt, seed.

    `unit` is the variant's name; rows are ordered by it. With several variants a share is all prompts of one
    of them, so that one process opens it, once, and no batch is split between two.
    """
    import pandas as pd

    tables = {
        name: clip_table(variant.fingerprint, prompts, sampler, seed, loading, samples)
        for name, variant in variants.items()
    }
    rows = pd.concat([table.assign(unit=name) for name, table in tables.items()], ignore_index=True)
    table = rows[["key", "unit", "prompt_id", "prompt", "seed"]]
    jobs = {
        key: _Job(variants[unit], prompt, clip_seed)
        for key, unit, prompt, clip_seed in table[["key", "unit", "prompt", "seed"]].itertuples(index=False)
    }
    share = None if len(variants) == 1 else max(len(prompts) * samples, 1)
    return LazyMap(table, _ClipMaker(jobs, sampler, batch_size, loading), batch_size, title, share)


@dataclass(frozen=True)
class _Job:
    variant: ModelVariant
    prompt: str
    seed: int


@dataclass
class _ClipMaker:
    """Makes the clips behind keys; opens a model when its first clip is made and keeps the last one open."""

    jobs: dict[str, _Job]
    sampler: Sampler
    batch_size: int
    loading: Loading
    opened: "dict[ModelVariant, VideoFamily]" = field(default_factory=dict)

    def __call__(self, keys: Sequence[str]) -> list[Clip]:
        clips: dict[str, Clip] = {}
        for variant in dict.fromkeys(self.jobs[key].variant for key in keys):
            mine = [key for key in dict.fromkeys(keys) if self.jobs[key].variant == variant]
            prompts = [self.jobs[key].prompt for key in mine]
            seeds = [self.jobs[key].seed for key in mine]
            made = make_clips(self._open(variant), prompts, seeds, self.sampler, self.batch_size)
            clips.update(zip(mine, made, strict=True))
        return [clips[key] for key in keys]

    def _open(self, variant: ModelVariant) -> "VideoFamily":
        if variant not in self.opened:
            self.opened.clear()
            forget_models()
            self.opened[variant] = variant.open(best_device(), self.loading)
        return self.opened[variant]
