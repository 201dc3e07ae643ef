"""`kedro units`: what could be removed from an experiment's teacher, and what each unit weighs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click
from kedro.framework.cli.utils import CONTEXT_SETTINGS, env_option

from vip.commands.experiment import Experiment, echo

if TYPE_CHECKING:
    from vip.families.base import Granularity, VideoFamily

HEADINGS = ("unit", "parameters", "share", "FLOPs", "removable")


@click.command("units", context_settings=CONTEXT_SETTINGS)
@env_option
@click.option(
    "--granularity", type=click.Choice(["module", "block"]), help="Instead of block_pruning.granularity."
)
def units(env: str | None, granularity: "Granularity | None") -> None:
    """List the units of the teacher: parameters, FLOPs of one denoiser call, and why some must stay."""
    echo(lambda: listed(Path.cwd(), env, granularity))


def listed(project: Path, env: str | None, granularity: "Granularity | None") -> str:
    """The units of the experiment `env` as a table, from the teacher's configuration alone."""
    experiment = Experiment.read(project, env, {})
    chosen = granularity or experiment.parameters["block_pruning"]["granularity"]
    return units_as_text(experiment.outline_teacher(), chosen)


def units_as_text(model: "VideoFamily", granularity: "Granularity") -> str:
    """One line a unit, in network order, and their sum."""
    from vip.evaluation.wording import aligned

    units, whole = model.units(granularity), model.flops()
    total = sum(unit.parameters for unit in units)
    rows = [
        (
            unit.name,
            f"{unit.parameters:,}",
            f"{unit.parameters / max(total, 1):.1%}",
            f"{model.flops_of(unit):,}",
            "yes" if unit.removable else unit.reason,
        )
        for unit in units
    ]
    removable = sum(unit.removable for unit in units)
    last = (f"{len(units)} units", f"{total:,}", "", f"{whole:,}", f"{removable} removable")
    return "\n".join(aligned([HEADINGS, *rows, last], left=(0, 4)))
