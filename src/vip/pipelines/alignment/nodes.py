"""Pairs from a model's own clips, and what learning from them has changed (paper Sec. 3.4.1)."""

from vip.errors import UserError
from vip.evaluation.alignment_page import render
from vip.evaluation.effects import effects_of
from vip.families.folder import ModelFolder
from vip.hashing import content_hash
from vip.pipelines.alignment.config import Alignment
from vip.pipelines.evaluation.config import Evaluation
from vip.pipelines.prompt_filtering.config import PromptFiltering
from vip.pipelines.prompt_filtering.nodes import select_stage_prompts
from vip.pipelines.video_generation.config import VideoGeneration
from vip.pipelines.video_generation.nodes import generate_clips
from vip.types import Clip, Items, LazyMap, Table


def choose_prompts(
    prompts: Table, scoring_prompts: Table, filtering: PromptFiltering, settings: Alignment
) -> Table:
    """Prompts that describe one of the properties named in `describes`."""
    return select_stage_prompts(prompts, scoring_prompts, list(settings.describes), filtering)


def draw_samples(
    teacher: ModelFolder, stage_prompts: Table, sampling: VideoGeneration, settings: Alignment
) -> LazyMap[Clip]:
    """`samples` clips a prompt; a prompt's first one is that of the method's own stages."""
    return generate_clips(teacher, stage_prompts, sampling, settings.samples)


def rank_samples(sample_scores: Table, settings: Alignment) -> tuple[Table, Table]:
    """A pair a prompt: its best sample against its worst one, where they are far enough apart.

    Equal scores go by the clips' keys, so the order of rows does not matter. `pair_counts` holds one row:
    property, candidates = too_close + kept, and the mean margin of what was kept. UserError where no pair is.
    """
    pairs = _best_against_worst(sample_scores, settings.dimension)
    margin = pairs["margin"]
    kept = pairs[(margin > 0) & (margin >= settings.minimum_margin)].reset_index(drop=True)
    if not len(kept):
        raise UserError(
            f"no preference pair was kept: of {len(pairs)} prompts none has two samples whose "
            f"{settings.dimension} differs by {settings.minimum_margin} points, the most is "
            f"{margin.max():.3f}; lower alignment.minimum_margin, or raise alignment.samples"
        )
    return kept, _counts(settings.dimension, pairs, kept)


def _best_against_worst(sample_scores: Table, name: str) -> Table:
    """A pair a prompt, however near the two samples are."""
    import pandas as pd

    ranked = sample_scores.sort_values([name, "clip"], kind="stable")
    ends = (ranked.drop_duplicates("prompt_id", keep=keep) for keep in ("first", "last"))
    worst, best = (end.set_index("prompt_id").sort_index() for end in ends)
    rivals = zip(best["clip"], worst["clip"], strict=True)
    return pd.DataFrame(
        {
            "pair_id": [content_hash(name, winner, loser) for winner, loser in rivals],
            "prompt_id": best.index,
            "prompt": best["prompt"],
            "property": name,
            "winner": best["clip"],
            "loser": worst["clip"],
            "winner_score": best[name],
            "loser_score": worst[name],
            "margin": best[name] - worst[name],
        }
    )


def _counts(name: str, pairs: Table, kept: Table) -> Table:
    import pandas as pd

    counts = {
        "property": name,
        "candidates": len(pairs),
        "too_close": len(pairs) - len(kept),
        "kept": len(kept),
        "mean_margin": float(kept["margin"].mean()),
    }
    return pd.DataFrame([counts])


def measure_effects(settings: Alignment, evaluation: Evaluation, **scores: Table) -> Table:
    """What the evaluators say of both models (see `vip.evaluation.effects`): `<model>__<evaluator>` each."""
    return effects_of(scores, settings.dimension, evaluation.bootstrap)


def write_page(
    effects: Table,
    pair_counts: Table,
    full_clips: Items[Clip],
    student_clips: Items[Clip],
    full_scores: Table,
    student_scores: Table,
    settings: Alignment,
    evaluation: Evaluation,
) -> str:
    """What was learned and what it cost, with clips, as the text of one self-contained HTML page."""
    clips = {"teacher": (full_clips, full_scores), "aligned": (student_clips, student_scores)}
    return render(effects, pair_counts, clips, settings.dimension, evaluation)
