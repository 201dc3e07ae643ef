"""What alignment has changed: the preference that was taught, and everything else, clip by clip."""

from collections.abc import Mapping

from vip.evaluation.arguments import argument_name, parts_of
from vip.evaluation.bootstrap import Bootstrap, paired_interval, wins
from vip.evaluation.comparison import DIMENSIONS, paired_differences
from vip.types import Table

PREFERENCE = "preference"
"""The evaluator whose scores made the pairs; of it only the dimension that was taught is told."""


def effects_of(scores: Mapping[str, Table], taught: str, bootstrap: Bootstrap) -> Table:
    """One row an evaluator and dimension, first what was taught: teacher, aligned, difference, low, high.

    `scores` are named `full__<evaluator>` and `student__<evaluator>` (`vip.evaluation.arguments`).
    `teacher` and `aligned` are mean scores; the difference is aligned minus teacher, paired by prompt and
    noise, with its bootstrap interval. `win_rate`, the share of clips on which the aligned model scores
    higher (ties counted half), has one as well. `reward` says who scored, `clips` on how many.
    """
    import pandas as pd

    evaluators = [evaluator for model, evaluator in map(parts_of, scores) if model == "full"]
    rows = []
    for evaluator in evaluators:
        before, after = (scores[argument_name(model, evaluator)] for model in ("full", "student"))
        gains = paired_differences(after, before)
        for name in (taught,) if evaluator == PREFERENCE else DIMENSIONS:
            values = gains[name].to_numpy()
            found, won = (paired_interval(each, bootstrap) for each in (values, wins(values)))
            rows.append(
                {
                    "evaluator": evaluator,
                    "reward": " and ".join(sorted({*before["reward"], *after["reward"]})),
                    "dimension": name,
                    "teacher": float(before[name].mean()),
                    "aligned": float(after[name].mean()),
                    "difference": found.mean,
                    "low": found.low,
                    "high": found.high,
                    "win_rate": won.mean,
                    "win_rate_low": won.low,
                    "win_rate_high": won.high,
                    "clips": len(values),
                }
            )
    return pd.DataFrame(rows)
