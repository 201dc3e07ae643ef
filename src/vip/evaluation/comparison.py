"""How models differ: mean scores, and differences paired by prompt and seed (paper Sec. 4.1)."""

from collections.abc import Mapping

from vip.errors import UserError
from vip.evaluation.bootstrap import Bootstrap, paired_interval
from vip.types import PROPERTIES, Table

DIMENSIONS = (*PROPERTIES, "average")
"""What is compared: each property, and the average of the four."""
SHOWN = ("average", *PROPERTIES)
"""The same in the order of pages."""

BASELINES = ("full", "pruned")
"""What models are compared with."""

PAIR = ["prompt_id", "seed"]


def compare(scores: Mapping[str, Table], bootstrap: Bootstrap) -> Table:
    """One row a model and dimension: mean, and for each baseline `versus_<baseline>`, `_low` and `_high`.

    `scores` holds a table of scores a model, by name; `full` and `pruned` must be among them. A difference is
    the model minus the baseline, averaged over clips of the same prompt and seed, in points of the reward.
    """
    import pandas as pd

    rows = []
    for model, table in scores.items():
        differences = {baseline: paired_differences(table, scores[baseline]) for baseline in BASELINES}
        for dimension in DIMENSIONS:
            row: dict[str, object] = {"model": model, "dimension": dimension, "mean": table[dimension].mean()}
            for baseline in BASELINES:
                values = differences[baseline][dimension].to_numpy()
                interval = paired_interval(values, bootstrap)
                row[f"versus_{baseline}"] = interval.mean
                row[f"versus_{baseline}_low"] = interval.low
                row[f"versus_{baseline}_high"] = interval.high
            rows.append(row)
    return pd.DataFrame(rows)


def paired_differences(scores: Table, baseline: Table) -> Table:
    """Scores minus the baseline's in every dimension, clip by clip of the same prompt and seed.

    Rows are ordered by prompt and seed whatever order the tables had, so a bootstrap of them is the same.
    UserError where a clip of one table has no partner, or more than one, in the other.
    """
    ours, theirs = (table.set_index(PAIR)[list(DIMENSIONS)] for table in (scores, baseline))
    lonely = len(ours.index.symmetric_difference(theirs.index))
    if lonely or ours.index.has_duplicates or theirs.index.has_duplicates:
        raise UserError(
            f"two models are compared on different clips: {len(ours)} and {len(theirs)}, {lonely} of them "
            "without a partner of the same prompt and seed; generate both from the same evaluation prompts"
        )
    return (ours - theirs.reindex(ours.index)).sort_index()
