"""Put the scores of all arms and seeds side by side, and say which differences are real (paper Sec. 4.2)."""

from collections.abc import Mapping

from vip.evaluation.arguments import parts_of
from vip.evaluation.arms import arms_of, differences_of
from vip.evaluation.arms_gains import gains_of
from vip.evaluation.arms_markdown import as_markdown
from vip.evaluation.arms_page import Asked, render
from vip.families.folder import ModelFolder
from vip.pipelines.comparison.config import Comparison, Roster
from vip.pruning.units import prunable_parameters
from vip.types import PROPERTIES, Table

SCORES = ("prompt_id", "prompt", "seed", "reward", *PROPERTIES, "average")


def measure_size(model: ModelFolder) -> dict[str, int]:
    """Prunable parameters, and their FLOPs in one denoiser call (see `vip.evaluation.costs`)."""
    family = model.open("meta")
    return {"parameters": prunable_parameters(family), "flops": family.flops()}


def gather_scores(**tables: Table) -> Table:
    """One row a clip and evaluator: arm, run_seed, stage, evaluator, and the columns of `SCORES`."""
    import pandas as pd

    return pd.concat([_placed(name, table) for name, table in tables.items()], ignore_index=True)


def gather_sizes(**sizes: dict[str, int]) -> Table:
    """One row a run and stage: arm, run_seed, stage, parameters, flops."""
    return numbers_of_places(sizes, "parameters", "flops")


def gather_steps(roster: Roster, **curves: Table) -> Table:
    """One row a run and stage that trained: arm, run_seed, stage, steps, trained_with.

    Steps are the optimizer's in that stage; trained_with is the evaluator whose reward the arm trained with.
    """
    steps = numbers_of_places({name: {"steps": len(curve)} for name, curve in curves.items()}, "steps")
    return steps.assign(trained_with=steps["arm"].map(roster.trained_with))


def numbers_of_places(numbers: Mapping[str, Mapping[str, int]], *columns: str) -> Table:
    """One row an argument name: what it says (arm, run_seed, stage), then its numbers in these columns."""
    import pandas as pd

    rows = [(arm, int(seed), int(stage)) for arm, seed, stage, _ in map(parts_of, numbers)]
    places = pd.DataFrame(rows, columns=["arm", "run_seed", "stage"])
    found = pd.DataFrame(list(numbers.values()), columns=[*columns], dtype=int)
    return pd.concat([places, found], axis=1)


def _placed(name: str, scores: Table) -> Table:
    """A run's scores with what their argument name says in front: arm, run_seed, stage, evaluator."""
    arm, seed, stage, evaluator = parts_of(name)
    found = scores.assign(arm=arm, run_seed=int(seed), stage=int(stage), evaluator=evaluator)
    return found[["arm", "run_seed", "stage", "evaluator", *SCORES]]


def tabulate_arms(scores: Table, sizes: Table, steps: Table, settings: Comparison) -> Table:
    """One row an arm, stage, evaluator and dimension: mean, size, and how far it is from the teacher."""
    return arms_of(scores, sizes, steps, settings.bootstrap)


def compare_arms(scores: Table, settings: Comparison) -> Table:
    """One row an arm, evaluator and dimension: the candidate minus that arm, at the last stage of both."""
    return differences_of(scores, settings.candidate, settings.bootstrap)


def compare_gains(scores: Table, roster: Roster, settings: Comparison) -> Table:
    """One row an arm, evaluator and dimension: its gain over the baseline, and how much less than by its own.

    Its own evaluator is the reward it trained with (Supplement D.4: train with A, judge by B); what the
    control has of that as well is the evaluators' scale.
    """
    return gains_of(
        scores,
        settings.baseline,
        settings.control,
        roster.trained_with,
        settings.bootstrap,
    )


def write_tables(scores: Table, arms: Table, differences: Table, gains: Table, settings: Comparison) -> str:
    """Means, differences and what gains are beyond the judges' scale, as Markdown."""
    return as_markdown(scores, arms, differences, gains, settings.bootstrap)


def write_page(
    arms: Table,
    differences: Table,
    gains: Table,
    roster: Roster,
    settings: Comparison,
) -> str:
    """The comparison as the text of one self-contained HTML page."""
    asked = Asked(
        settings.candidate,
        settings.baseline,
        settings.control,
        settings.bootstrap,
        roster.trained_with,
        roster.left_out,
    )
    return render(arms, differences, gains, asked)
