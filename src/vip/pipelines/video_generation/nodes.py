"""Generate one clip a prompt, paired across models by prompt and initial noise (paper Sec. 3.3)."""

from vip.families.folder import ModelFolder
from vip.generation.clips import lazy_clips
from vip.generation.variant import ModelVariant
from vip.pipelines.video_generation.config import VideoGeneration
from vip.types import Clip, LazyMap, Table


def generate_clips(
    model: ModelFolder, prompts: Table, settings: VideoGeneration, samples: int = 1
) -> LazyMap[Clip]:
    """`samples` clips a prompt, made batch by batch when asked for: key, prompt_id, prompt, seed.

    A clip's key depends on the model, the prompt, the seed and the sampler, so a clip made before (for
    another stage, another method, another set of prompts) is not made again.
    """
    clips = lazy_clips(
        {"": ModelVariant(model)},
        prompts,
        settings.sampler,
        settings.batch_size,
        settings.seed,
        title="Generating clips",
        loading=settings.loading,
        samples=samples,
    )
    return LazyMap(clips.table.drop(columns="unit"), clips.make_batch, clips.batch_size, clips.title)
