"""`kedro track`: log to MLflow what it missed while commands ran, from the journals that they left."""

from pathlib import Path
from typing import Any

import click
from kedro.framework.cli.utils import CONTEXT_SETTINGS, env_option

from vip.commands.experiment import Experiment, echo
from vip.commands.run import parse_parameters
from vip.errors import UserError


@click.command("track", context_settings=CONTEXT_SETTINGS)
@env_option
@click.option("--params", default="", help="As for kedro run, for example tracking.uri=http://127.0.0.1:5000")
def track(env: str | None, params: str) -> None:
    """Log what MLflow missed; nothing is logged twice, however often this is done."""
    echo(lambda: tracked(Path.cwd(), env, parse_parameters(params)))


def tracked(project: Path, env: str | None, params: dict[str, Any]) -> str:
    """Log the journals of an environment's data folder, and say how many; UserError where MLflow fails."""
    from vip.hooks.config import Tracking
    from vip.hooks.delivery import deliver
    from vip.hooks.journal import journals_in
    from vip.hooks.lock import FolderLock
    from vip.hooks.stage_runs import StageRuns

    experiment = Experiment.read(project, env, params)
    if not journals_in(experiment.folder):
        return f"{experiment.folder} holds nothing that MLflow missed."
    settings = Tracking(**experiment.parameters.get("tracking", {}))
    lock = FolderLock(experiment.folder)
    lock.acquire()
    try:
        journals = journals_in(experiment.folder)
        for journal in journals:
            runs = StageRuns(settings, project, env or "base", experiment.folder, journal.name)
            deliver(journal, runs)
    except UserError:
        raise
    except Exception as error:
        reason = str(error).strip().partition("\n")[0][:300]
        raise UserError(
            f"MLflow at {settings.uri} does not take it ({type(error).__name__}: {reason}); start it, or "
            "name another with --params=tracking.uri=...; nothing is lost"
        ) from error
    finally:
        lock.release()
    return f"MLflow at {settings.uri} has the runs of {len(journals)} command(s) that it missed."
