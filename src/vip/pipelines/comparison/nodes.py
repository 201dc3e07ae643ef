"""Put the scores of all arms and seeds side by side, and say which differences are real (paper Sec. 4.2)."""

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

    return pd.concat(
        [placed(name, table[list(SCORES)], "evaluator") for name, table in tables.items()], ignore_index=True
    )


def gather_sizes(**sizes: dict[str, int]) -> Table:
    """One row a run and stage: arm, run_seed, stage, parameters, flops."""
    import pandas as pd

    rows = [placed(name, pd.DataFrame([size]), "what") for name, size in sizes.items()]
    return pd.concat(rows, ignore_index=True).drop(columns="what")


def gather_steps(**curves: Table) -> Table:
    """One row a run and stage that trained: arm, run_seed, stage, steps, the optimizer's in that stage."""
    import pandas as pd

    rows = [placed(name, pd.DataFrame({"steps": [len(curve)]}), "what") for name, curve in curves.items()]
    columns = ["arm", "run_seed", "stage", "steps"]
    return pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns, dtype=int)


def placed(name: str, table: Table, last: str) -> Table:
    """A run's table with what its argument name says in front: arm, run_seed, stage, and `last`."""
    arm, seed, stage, what = parts_of(name)
    found = table.copy()
    for column, value in ((last, what), ("stage", int(stage)), ("run_seed", int(seed)), ("arm", arm)):
        found.insert(0, column, value)
    return found


def tabulate_arms(scores: Table, sizes: Table, steps: Table, settings: Comparison) -> Table:
    """One row an arm, stage, evaluator and dimension: mean, size, and how far it is from the teacher."""
    return arms_of(scores, sizes, steps, settings.resamples, settings.confidence, settings.seed)


def compare_arms(scores: Table, settings: Comparison) -> Table:
    """One row an arm, evaluator and dimension: the candidate minus that arm, at the last stage of both."""
    return differences_of(scores, settings.candidate, settings.resamples, settings.confidence, settings.seed)


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
        settings.resamples,
        settings.confidence,
        settings.seed,
    )


def write_tables(scores: Table, arms: Table, differences: Table, settings: Comparison) -> str:
    """Means and differences as Markdown."""
    return as_markdown(scores, arms, differences, settings.resamples, settings.confidence, settings.seed)


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
        settings.confidence,
        settings.resamples,
        roster.trained_with,
        roster.left_out,
    )
    return render(arms, differences, gains, asked)
