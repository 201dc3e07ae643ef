"""What this project adds to the `kedro` command."""

import click
from kedro.framework.cli.utils import CONTEXT_SETTINGS, LazyGroup


@click.group(
    context_settings=CONTEXT_SETTINGS,
    cls=LazyGroup,
    name="vip",
    lazy_subcommands={
        name: f"vip.commands.{name}.{name}"
        for name in ("convert", "export", "plan", "run", "tables", "track", "units", "verify")
    },
)
def cli() -> None:
    """The V.I.P. project."""
