"""Arms of a comparison: their means, and differences that are paired by seed, prompt and noise."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vip.errors import UserError
from vip.evaluation.bootstrap import Bootstrap, wins
from vip.evaluation.comparison import DIMENSIONS
from vip.evaluation.crossed import crossed_interval, crossed_share
from vip.types import Table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def arms_of(scores: Table, sizes: Table, steps: Table, bootstrap: Bootstrap) -> Table:
    """The means, and beside them how far from the teacher; NaN where there is none to measure from.

    `steps` has one row a run and stage that trained; the column of that name counts the optimizer's steps of
    all stages up to a row's, a mean over seeds, 0 where nothing was trained.
    """
    distances = to_teacher(scores, bootstrap)
    means = means_of(scores, sizes).merge(distances, "left", [*PLACE, "dimension"])
    return means.merge(_steps_so_far(steps), "left", ["arm", "stage"]).fillna({"steps": 0.0})


def _steps_so_far(steps: Table) -> Table:
    ordered = steps.sort_values("stage")
    so_far = ordered.assign(steps=ordered.groupby(["arm", "run_seed"])["steps"].cumsum())
    return so_far.groupby(["arm", "stage"])["steps"].mean().reset_index()


def means_of(scores: Table, sizes: Table) -> Table:
    """One row an arm, stage, evaluator and dimension: `mean`, seeds, prompts, reward, parameters, flops.

    `scores` has one row a clip and evaluator, `sizes` one a run and stage; arms keep the order of `scores`.
    Sizes are means over seeds: a search may remove other units with another seed. UserError where a run has
    scores but no sizes.
    """
    import pandas as pd

    _refuse_unsized(scores, sizes)
    means = sizes.groupby(["arm", "stage"])[["parameters", "flops"]].mean()
    cost = dict(zip(means.index, means.to_dict("records"), strict=True))
    rows = []
    for (arm, stage, evaluator), table in scores.groupby(["arm", "stage", "evaluator"], sort=False):
        counts = {"seeds": table["run_seed"].nunique(), "prompts": table["prompt_id"].nunique()}
        reward = " and ".join(sorted(table["reward"].unique()))
        place = {"arm": arm, "stage": stage, "evaluator": evaluator, "reward": reward}
        rows += [
            {**place, "dimension": name, "mean": float(table[name].mean()), **counts, **cost[arm, stage]}
            for name in DIMENSIONS
        ]
    return pd.DataFrame(rows)


def _refuse_unsized(scores: Table, sizes: Table) -> None:
    run = ["arm", "stage", "run_seed"]
    found = scores[run].drop_duplicates().merge(sizes[run], "left", indicator="sized")
    for arm, stage, seed in found.loc[found["sized"] == "left_only", run].itertuples(index=False):
        raise UserError(
            f"arm {arm}, stage {stage}, seed {seed} has scores but no sizes (sizes.csv), as after a stop "
            "between the two; run the comparison or sweep again"
        )


def to_teacher(scores: Table, bootstrap: Bootstrap) -> Table:
    """How far every stage of every arm is from the teacher, the arm that has a stage 0 alone.

    One row an arm, stage, evaluator and dimension: `to_teacher`, the mean less the teacher's, paired, and its
    interval. Without the teacher the table is empty.
    """
    import pandas as pd

    teacher = scores[scores["stage"] == 0]
    rows = []
    for place, ours in scores[scores["stage"] > 0].groupby([*PLACE], sort=False):
        theirs = teacher[teacher["evaluator"] == place[-1]]
        for name, gains in paired_gains(ours, theirs).items() if len(theirs) else ():
            found = crossed_interval(gains, bootstrap)
            rows.append((*place, name, found.mean, found.low, found.high))
    table = pd.DataFrame(rows, columns=[*PLACE, "dimension", *TO_TEACHER])
    return table.astype(dict.fromkeys(TO_TEACHER, float))


PLACE = ("arm", "stage", "evaluator")
TO_TEACHER = ("to_teacher", "to_teacher_low", "to_teacher_high")


def differences_of(
    scores: Table,
    candidate: str,
    bootstrap: Bootstrap,
    dimensions: Sequence[str] = DIMENSIONS,
) -> Table:
    """The candidate minus each other arm, at the last stage of both: one row an arm, evaluator and dimension.

    Columns: candidate, arm, evaluator, dimension, difference, low, high; win_rate (the share of prompts and
    seeds on which the candidate scores higher, ties counted half), its low and high; seeds, prompts;
    comparisons, the number of rows. Without the candidate, or without another arm, the table is empty.
    """
    import pandas as pd

    last = last_stages(scores)
    arms = [arm for arm in last["arm"].unique() if arm != candidate]
    rows = []
    for evaluator in last["evaluator"].unique():
        seen = last[last["evaluator"] == evaluator]
        ours = seen[seen["arm"] == candidate]
        for arm in arms if len(ours) else ():
            paired = paired_gains(ours, seen[seen["arm"] == arm])
            for name in dimensions:
                gains = paired[name]
                found = crossed_interval(gains, bootstrap)
                won = crossed_share(wins(gains), bootstrap)
                rows.append(
                    (candidate, arm, evaluator, name, found.mean, found.low, found.high,
                     won.mean, won.low, won.high, *gains.shape)
                )  # fmt: skip
    table = pd.DataFrame(rows, columns=[*COLUMNS])
    return table.assign(comparisons=len(table))


COLUMNS = (
    "candidate", "arm", "evaluator", "dimension", "difference", "low", "high",
    "win_rate", "win_rate_low", "win_rate_high", "seeds", "prompts",
)  # fmt: skip


def last_stages(scores: Table) -> Table:
    """The rows of each arm's last stage."""
    return scores[scores["stage"] == scores.groupby("arm")["stage"].transform("max")]


def paired_gains(ours: Table, theirs: Table) -> "dict[str, NDArray[np.float64]]":
    """By dimension, differences of the same seed, prompt and noise: (S seeds, P prompts), both sorted.

    UserError where the two arms were not evaluated on the same seeds, prompts and noises.
    """
    index = ["run_seed", "prompt_id", "seed"]
    a, b = (table.set_index(index)[[*DIMENSIONS]].sort_index() for table in (ours, theirs))
    if not a.index.equals(b.index) or a.index.has_duplicates:
        lonely = len(a.index.symmetric_difference(b.index))
        raise UserError(
            f"two arms were evaluated on different clips ({len(a)} and {len(b)}, {lonely} without a partner "
            "of the same seed, prompt and noise); run all arms with the same seeds and evaluation prompts"
        )
    gains = (a - b).groupby(level=index[:2]).mean()
    seeds, prompts = (gains.index.get_level_values(level).nunique() for level in index[:2])
    if len(gains) != seeds * prompts:
        raise UserError(
            "the seeds of the comparison have different evaluation prompts; run all of them again"
        )
    return {name: gains[name].to_numpy().reshape(seeds, prompts) for name in DIMENSIONS}
