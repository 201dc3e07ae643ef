"""`kedro export`: a student in a form that others can use without this package."""

from pathlib import Path

import click
from kedro.framework.cli.utils import CONTEXT_SETTINGS

from vip.commands.experiment import echo
from vip.errors import UserError


@click.command(context_settings=CONTEXT_SETTINGS)
@click.option("--dense", is_flag=True, help="Fill what was removed with neutral weights: the teacher's size.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
def export(dense: bool, folder: Path, target: Path) -> None:
    """Write the student in FOLDER as a new folder TARGET that stock diffusers loads."""
    from vip.families.dense import export_dense

    def exported() -> str:
        if not dense:
            raise UserError("there is one form to export so far; add --dense")
        return f"Stock diffusers loads it: {export_dense(folder, target)}"

    echo(exported)
