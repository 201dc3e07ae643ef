"""`vip ...`, or `python -m vip ...`: the project's commands without the `kedro` command.

`vip export` and `vip convert` need no project around them; the others read the one they are called in.
"""

from pathlib import Path

from kedro.framework.project import configure_project

from vip.cli import cli


def main() -> None:
    """Do what the command line says."""
    configure_project(Path(__file__).parent.name)
    cli(prog_name="vip")


if __name__ == "__main__":
    main()
