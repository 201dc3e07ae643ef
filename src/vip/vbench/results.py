"""VBench's results as one table: as published, and with the paper's revised dynamic degree."""

from collections.abc import Mapping
from typing import Any

from vip.errors import UserError
from vip.types import Table
from vip.vbench.dimensions import DIMENSIONS, DYNAMIC_DEGREE, FLICKERING, Totals, totals
from vip.vbench.dynamics import revised_dynamic_degree
from vip.vbench.prompts import video_name

OUR_FLICKERING = "temporal_flickering (ours)"
OUR_DYNAMIC_DEGREE = "dynamic_degree (ours, Farneback's flow)"


def tabulate(results: Mapping[str, Mapping[str, float]], measures: Table, prompts: Table) -> Table:
    """One row a dimension and total: `measure`, its `published` score, and `revised`.

    `revised` takes the revised dynamic degree for the dynamic degree, and so in Quality and Total; other rows
    are the same in both. Our own measures stand below and enter no total.

    Args:
        results: VBench's row of each dimension (see `vip.vbench.command.scores_of`).
        measures: One row a video and dimension that we measured: prompt, dimension, value.
        prompts: VBench's, as `read_prompts` gives them.
    """
    import pandas as pd

    published = {name: row["score"] for name, row in results.items()}
    sums = totals(published)
    revised = published | {DYNAMIC_DEGREE: _revised(results[DYNAMIC_DEGREE], prompts)}
    rows = [(name, published[name], revised[name]) for name in DIMENSIONS]
    rows += _sums(sums, totals(revised))
    rows += _ours(measures)
    return pd.DataFrame(rows, columns=["measure", "published", "revised"])


def _revised(row: Mapping[str, float], prompts: Table) -> float:
    moves = {name: bool(value) for name, value in row.items() if name != "score"}
    share = sum(moves.values()) / max(len(moves), 1)
    if abs(share - row["score"]) > 1e-6:
        raise UserError(
            f"VBench's dynamic_degree is {row['score']:.6f}, and {share:.6f} of its videos move; its "
            "results contradict each other, so run it again"
        )
    return revised_dynamic_degree(moves, _prompts_of(list(moves), prompts))


def _prompts_of(names: list[str], prompts: Table) -> dict[str, str]:
    """The prompt of each video, by its name: what stands before the last hyphen."""
    known = set(prompts["prompt"])
    found = {name: name.rpartition("-")[0] for name in names}
    assert set(found.values()) <= known, f"{video_name('...', 0)} of a prompt that is not in the list"
    return found


def _sums(published: Totals, revised: Totals) -> list[tuple[str, float, float]]:
    return [
        (name, getattr(published, name), getattr(revised, name)) for name in ("quality", "semantic", "total")
    ]


def _ours(measures: Table) -> list[tuple[str, float, float]]:
    means: Any = measures.groupby("dimension")["value"].mean()
    flickering = float(means[FLICKERING])
    moving = measures[measures["dimension"] == DYNAMIC_DEGREE]
    names = [f"{prompt}-{place}" for place, prompt in enumerate(moving["prompt"])]
    moves = dict(zip(names, moving["value"].astype(bool), strict=True))
    revised = revised_dynamic_degree(moves, dict(zip(names, moving["prompt"], strict=True)))
    return [
        (OUR_FLICKERING, flickering, flickering),
        (OUR_DYNAMIC_DEGREE, float(means[DYNAMIC_DEGREE]), revised),
    ]
