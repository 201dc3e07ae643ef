"""Compare the models of a stage: what they cost, and how good their clips are (paper Sec. 4.1)."""

from vip.evaluation.comparison import compare
from vip.evaluation.costs import Costs, measure
from vip.families.folder import ModelFolder
from vip.generation.device import best_device, forget_models
from vip.pipelines.evaluation.config import Evaluation
from vip.pipelines.video_generation.config import VideoGeneration
from vip.types import Table


def measure_costs(
    full: ModelFolder,
    pruned: ModelFolder,
    student: ModelFolder,
    sampling: VideoGeneration,
    settings: Evaluation,
) -> Table:
    """One row a model: parameters, flops, seconds_per_clip, peak_memory_bytes (see `vip.evaluation.costs`).

    Seconds and bytes differ a little from run to run, so nothing that is hashed may depend on this table.
    """
    import pandas as pd

    folders = {"full": full, "pruned": pruned, "student": student}
    rows = [
        {"model": name, **vars(_costs_of(folder, sampling, settings))} for name, folder in folders.items()
    ]
    return pd.DataFrame(rows)


def _costs_of(folder: ModelFolder, sampling: VideoGeneration, settings: Evaluation) -> Costs:
    """With no other model in memory."""
    forget_models()
    family = folder.open(best_device(), sampling.loading)
    return measure(family, sampling.sampler, settings.latency_clips, settings.seed)


def compare_models(
    full_evaluation_scores: Table,
    pruned_evaluation_scores: Table,
    student_evaluation_scores: Table,
    settings: Evaluation,
) -> Table:
    """One row a model and dimension: the mean score, and its paired differences with their intervals."""
    scores = {
        "full": full_evaluation_scores,
        "pruned": pruned_evaluation_scores,
        "student": student_evaluation_scores,
    }
    return compare(scores, settings.bootstrap)
