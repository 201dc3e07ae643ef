"""The comparison as Markdown: tables for an issue, a paper or a page of documentation."""

from collections.abc import Iterator, Sequence
from typing import Any

from vip.evaluation.arms import differences_of, last_stages, paired_gains
from vip.evaluation.bootstrap import Bootstrap
from vip.evaluation.comparison import SHOWN
from vip.evaluation.markdown import said, section
from vip.evaluation.results import records
from vip.evaluation.wording import percent, quantity_as_text, signed, spelled
from vip.types import PROPERTIES, Table

Row = dict[str, Any]


def as_markdown(
    scores: Table,
    arms: Table,
    differences: Table,
    gains: Table,
    bootstrap: Bootstrap,
) -> str:
    """What the tables of `vip.evaluation.arms` and `arms_gains` say; what one evaluator says, the first does.

    `differences` are those of one candidate; where there are none, means stand alone.
    """
    judges = list(scores["evaluator"].unique())
    parts = [_means(arms, judges[0]), _distances(arms, judges)]
    if len(differences):
        candidate = str(differences["candidate"].iloc[0])
        parts += [_differences(scores, differences, candidate, judges), _dimensions(differences, judges[0])]
        earlier = _earlier_stages(scores, candidate, bootstrap)
        parts += [section("After earlier stages", ["stage", "against", *judges], earlier)]
        parts += [_excesses(gains, judges)]
    tables = "\n\n".join(filter(None, parts))
    return f"{_head(scores, arms, tables.count('['), bootstrap)}\n\n{tables}\n"


def _head(scores: Table, arms: Table, intervals: int, bootstrap: Bootstrap) -> str:
    rewards = {str(row["evaluator"]): str(row["reward"]) for row in records(arms)}
    judges = ", ".join(f"{spelled(name)} ({reward})" for name, reward in rewards.items())
    seeds = ", ".join(map(str, sorted(scores["run_seed"].unique())))
    text = f"Seeds {seeds}; {scores['prompt_id'].nunique()} prompts; judged by {judges}."
    if intervals:
        text += (
            f" Brackets are {percent(bootstrap.confidence)} intervals over seeds and prompts"
            f" ({bootstrap.resamples:,} resamples), bold where all of one lies on one side of zero. There are"
            f" {intervals} of them here; by chance alone about {(1 - bootstrap.confidence) * intervals:.1f}"
            " of so many would be bold."
        )
    return text


def _means(arms: Table, judge: str) -> str:
    rows = []
    for place, of in _cells(arms[arms["evaluator"] == judge], ("arm", "stage"), "dimension"):
        scored = [f"{of[name]['mean']:.3f}" for name in SHOWN]
        average = of["average"]
        size = [quantity_as_text(average[name]) for name in ("parameters", "flops")]
        rows.append([*place, *scored, *size, f"{average['steps']:,.0f}"])
    header = ["arm", "stage", *SHOWN, "parameters", "FLOPs", "training steps"]
    return section(f"Means by {spelled(judge)}", header, rows)


def _distances(arms: Table, judges: Sequence[str]) -> str:
    measured = arms[(arms["dimension"] == "average") & arms["to_teacher"].notna()]
    rows = [
        [
            *place,
            *(said(of.get(judge), "to_teacher", "to_teacher_low", "to_teacher_high") for judge in judges),
        ]
        for place, of in _cells(measured, ("arm", "stage"), "evaluator")
    ]
    return section("Minus the teacher", ["arm", "stage", *judges], rows)


def _differences(scores: Table, differences: Table, candidate: str, judges: Sequence[str]) -> str:
    by_seed = _by_seed(scores, candidate)
    rows = []
    for (arm,), of in _cells(differences[differences["dimension"] == "average"], ("arm",), "evaluator"):
        told = [said(of.get(judge)) for judge in judges]
        rows.append([arm, *told, percent(of[judges[0]]["win_rate"]), ", ".join(map(signed, by_seed[arm]))])
    header = ["against", *judges, f"wins, {judges[0]}", f"seed by seed, {judges[0]}"]
    return section(f"{spelled(candidate)} minus each other arm, last stages", header, rows)


def _dimensions(differences: Table, judge: str) -> str:
    found = _cells(differences[differences["evaluator"] == judge], ("arm",), "dimension")
    rows = [[arm, *(said(of[name]) for name in PROPERTIES)] for (arm,), of in found]
    return section(f"In each dimension, by {spelled(judge)}", ["against", *PROPERTIES], rows)


def _excesses(gains: Table, judges: Sequence[str]) -> str:
    """How much more of an arm's lead its own reward sees than another one does, on the same scale."""
    told = gains[(gains["dimension"] == "average") & gains["excess"].notna()]
    rows = []
    for (arm, own), of in _cells(told, ("arm", "trained_with"), "evaluator"):
        rows.append(
            [arm, own, *(said(of.get(each), "excess", "excess_low", "excess_high") for each in judges)]
        )
    control = spelled(str(gains["control"].iloc[0])) if rows else ""
    title = f"More of the lead over {control} by its own reward than by another"
    return section(title, ["arm", "trained with", *judges], rows)


def _earlier_stages(scores: Table, candidate: str, bootstrap: Bootstrap) -> list[list[str]]:
    """The candidate minus each arm after each stage from which both go on."""
    judges, last = list(scores["evaluator"].unique()), scores.groupby("arm")["stage"].max()
    rows = []
    for stage in sorted(scores.loc[scores["arm"] == candidate, "stage"].unique())[:-1]:
        here = scores[(scores["stage"] == stage) & (scores["arm"].map(last) > stage)]
        found = differences_of(here, candidate, bootstrap, ("average",))
        for (arm,), of in _cells(found, ("arm",), "evaluator"):
            rows.append([str(stage), arm, *(said(of.get(judge)) for judge in judges)])
    return rows


def _by_seed(scores: Table, candidate: str) -> dict[str, list[float]]:
    """By arm, the candidate minus it in each seed, a mean over prompts, by the first evaluator."""
    last = last_stages(scores)
    last = last[last["evaluator"] == last["evaluator"].iloc[0]]
    ours = last[last["arm"] == candidate]
    return {
        spelled(str(arm)): paired_gains(ours, theirs)["average"].mean(axis=1).tolist()
        for arm, theirs in last.groupby("arm", sort=False)
    }


def _cells(table: Table, by: Sequence[str], column: str) -> Iterator[tuple[list[str], dict[str, Row]]]:
    """For each value of the columns `by`, spelled, the rows by what they have in another column."""
    for _, group in table.groupby([*by], sort=False):
        rows = records(group)
        place = [spelled(str(rows[0][name] or "-")) for name in by]
        yield place, {str(row[column]): row for row in rows}
