"""`kedro tables`: what a comparison's scores say, as Markdown; in a project or without one."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from kedro.framework.cli.utils import CONTEXT_SETTINGS

from vip.commands.experiment import echo
from vip.errors import UserError, likely_meant, no_column

if TYPE_CHECKING:
    from vip.types import Table

FILES = ("scores.parquet", "sizes.csv", "steps.csv")


@click.command(context_settings=CONTEXT_SETTINGS)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--candidate", default="redpo", show_default=True, help="The arm that the others are held to.")
@click.option("--baseline", default="pruned", show_default=True, help="The arm that gains are counted from.")
@click.option("--control", default="sft", show_default=True, help="The arm that shows the judges' scale.")
@click.option("--resamples", default=10_000, show_default=True, type=click.IntRange(100))
@click.option(
    "--confidence",
    default=0.95,
    show_default=True,
    type=click.FloatRange(0.5, 1, min_open=True, max_open=True),
)
def tables(
    folder: Path, candidate: str, baseline: str, control: str, resamples: int, confidence: float
) -> None:
    """Means and differences from the scores in FOLDER, such as data/07_model_output/comparison."""

    def told() -> str:
        from vip.evaluation.arms import arms_of, differences_of
        from vip.evaluation.arms_gains import gains_of
        from vip.evaluation.arms_markdown import as_markdown
        from vip.evaluation.bootstrap import Bootstrap

        scores, sizes, steps = (_read(folder / file) for file in FILES)
        if "trained_with" not in steps:
            raise UserError(
                f"{no_column(str(folder / FILES[-1]), 'trained_with', steps)}; run the comparison again"
            )
        _refuse_unless_arm(candidate, list(map(str, scores["arm"].unique())), folder)
        bootstrap = Bootstrap(resamples, confidence, seed=0)
        differences = differences_of(scores, candidate, bootstrap)
        trained_with = dict(zip(steps["arm"], steps["trained_with"], strict=True))
        gains = gains_of(scores, baseline, control, trained_with, bootstrap)
        arms = arms_of(scores, sizes, steps, bootstrap)
        return as_markdown(scores, arms, differences, gains, bootstrap).rstrip()

    echo(told)


def _read(path: Path) -> "Table":
    import pandas as pd

    if not path.is_file():
        raise UserError(f"{path} is missing; give the folder that holds {', '.join(FILES)} of a comparison")
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


def _refuse_unless_arm(candidate: str, arms: list[str], folder: Path) -> None:
    if candidate not in arms:
        raise UserError(
            f"the scores in {folder} have no arm {candidate!r}; name one of {', '.join(arms)} "
            f"with --candidate{likely_meant(candidate, arms)}"
        )
