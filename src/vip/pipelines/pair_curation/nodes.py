"""Curate preference pairs: S_p(full) > S_p(pruned) > tau_p (paper Sec. 3.3)."""

from typing import TYPE_CHECKING

from vip.errors import UserError
from vip.hashing import content_hash
from vip.pipelines.pair_curation.config import PairCuration, Threshold
from vip.types import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_IDENTITY = ["prompt_id", "seed"]
_COLUMNS = [
    "pair_id",
    "prompt_id",
    "prompt",
    "seed",
    "property",
    "winner",
    "loser",
    "winner_score",
    "loser_score",
    "margin",
]


def curate_pairs(
    full_scores: Table,
    pruned_scores: Table,
    stage_prompts: Table,
    target_properties: list[str],
    settings: PairCuration,
) -> tuple[Table, Table]:
    """Pairs (winner: the full model's clip, loser: the pruned model's), and what became of the others.

    A property p takes the prompts that describe it; of each prompt and seed it keeps the two clips if
    S_p(full) > S_p(pruned) > tau_p, both strictly. A tau_p given as a quantile is that of the pruned model's
    scores over the candidates. Of more than `maximum_pairs` some are drawn. `pair_counts` holds, by property,
    candidates = not_better + too_bad + not_drawn + kept, and tau. UserError where no pair is left, or
    where the clips are not of the same prompts and seeds.
    """
    import pandas as pd

    rivals = _same_prompt_and_noise(full_scores, pruned_scores)
    pairs, counts = [], []
    for name in target_properties:
        candidates = rivals[rivals["prompt_id"].isin(_describing(stage_prompts, name, settings))]
        winner, loser = candidates[f"{name}_full"].to_numpy(), candidates[f"{name}_pruned"].to_numpy()
        tau = _tau(settings.thresholds[name], loser)
        better, good_enough = winner > loser, loser > tau
        pairs.append(_pairs_of(name, candidates[better & good_enough]))
        counts.append(
            {
                "property": name,
                "candidates": len(candidates),
                "not_better": int((~better).sum()),
                "too_bad": int((better & ~good_enough).sum()),
                "kept": len(pairs[-1]),
                "tau": tau,
            }
        )
    if not any(count["kept"] for count in counts):
        raise UserError(_no_pairs(counts))
    curated = pd.concat([part for part in pairs if len(part)], ignore_index=True)
    drawn = _drawn(curated, settings.maximum_pairs)
    return drawn, _with_drawn(pd.DataFrame(counts), drawn)


def _drawn(pairs: Table, maximum: int | None) -> Table:
    """At most so many, in their order. Pairs are drawn by their ids, so fewer are some of those of more."""
    if maximum is None or len(pairs) <= maximum:
        return pairs
    return pairs.loc[pairs["pair_id"].sort_values().index[:maximum].sort_values()].reset_index(drop=True)


def _with_drawn(counts: Table, drawn: Table) -> Table:
    """The counts, with what was left after the draw in `kept`."""
    kept = [int((drawn["property"] == name).sum()) for name in counts["property"]]
    told = counts.assign(not_drawn=counts["kept"] - kept, kept=kept)
    return told[["property", "candidates", "not_better", "too_bad", "not_drawn", "kept", "tau"]]


def _same_prompt_and_noise(full_scores: Table, pruned_scores: Table) -> Table:
    """Both models' scores side by side, one row a prompt and seed; columns end in `_full` and `_pruned`."""
    rivals = full_scores.merge(
        pruned_scores, on=_IDENTITY, suffixes=("_full", "_pruned"), validate="one_to_one"
    )
    if not len(rivals) == len(full_scores) == len(pruned_scores):
        raise UserError(
            f"full_scores has {len(full_scores)} clips and pruned_scores {len(pruned_scores)}, of which only "
            f"{len(rivals)} share prompt and seed; generate and score both from the same stage_prompts"
        )
    return rivals


def _describing(stage_prompts: Table, name: str, settings: PairCuration) -> list[str]:
    """Ids of the prompts that describe the property."""
    return list(stage_prompts["prompt_id"][stage_prompts[name] >= settings.describes_threshold])


def _tau(threshold: Threshold, losers: "NDArray[np.float64]") -> float:
    """tau_p as a score, given the candidate losers' scores (N,); NaN for a quantile of none."""
    import numpy as np

    if threshold.quantile is None:
        assert threshold.value is not None, "a threshold is exactly one of value and quantile"
        return threshold.value
    return float(np.quantile(losers, threshold.quantile)) if losers.size else float("nan")


def _pairs_of(name: str, kept: Table) -> Table:
    """The pairs table of one property."""
    pairs = kept.rename(
        columns={
            "prompt_full": "prompt",
            "clip_full": "winner",
            "clip_pruned": "loser",
            f"{name}_full": "winner_score",
            f"{name}_pruned": "loser_score",
        }
    )
    ids = [
        content_hash(name, winner, loser)
        for winner, loser in zip(pairs["winner"], pairs["loser"], strict=True)
    ]
    margin = pairs["winner_score"] - pairs["loser_score"]
    return pairs.assign(pair_id=ids, property=name, margin=margin)[_COLUMNS]


def _no_pairs(counts: list[dict[str, object]]) -> str:
    """One line: what became of every property's candidates, and what to do."""
    fate = "{property}: {candidates} candidates, {not_better} not better, {too_bad} at or below tau {tau:.3f}"
    fates = "; ".join(fate.format(**count) for count in counts)
    return (
        f"no preference pair was kept ({fates}); lower pair_curation.thresholds, raise "
        "prompt_filtering.stage_prompts, lower describes_threshold, or prune more in this stage"
    )
