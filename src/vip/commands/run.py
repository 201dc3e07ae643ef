"""`kedro run`, with `--params=stage:2`, and with one clear line for what the user can mend."""

import copy
import errno
import logging
import re
import sys
import traceback
from typing import Any

import click
from kedro.config import MissingConfigException
from kedro.framework.cli.project import run as kedro_run
from kedro.io import DatasetError
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from vip.errors import UserError, causes_of
from vip.heap import keep_freed_memory
from vip.processes import Terminated, end_on_sigterm, this_run

USER_ERRORS = (UserError, OSError, DatasetError, MissingConfigException, OmegaConfBaseException, YAMLError)
"""What a user can mend, the most telling first."""

INTERRUPTED = 130
LONGEST_LINE = 2000
"""Characters of a line for the user."""
STOPPED = "Stopped. The same command continues where it was."
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)


def parse_parameters(text: str) -> dict[str, Any]:
    """`a.b=1,stage:2,c=[[3,4],[5]]` as nested parameters; a key ends at its first colon or equals sign."""
    items = [item.strip() for item in _split(text) if item.strip()]
    for item in items:
        if not re.match(r"[^:=\s][^:=]*[:=]", item):
            raise UserError(f"--params has {item!r}, which is no key=value; write for example stage:2")
    dotted = [re.sub(r"^([^:=]*?)\s*[:=]", r"\1=", item) for item in items]
    try:
        return dict(OmegaConf.to_container(OmegaConf.from_dotlist(dotted)))  # type: ignore[arg-type]
    except Exception as error:
        raise UserError(f"--params has {text!r}, which is not YAML ({error}); quote its values") from error


def _split(text: str) -> list[str]:
    """The parts between commas that stand in no brackets or braces."""
    parts, depth = [""], 0
    for character in text:
        if character == "," and depth == 0:
            parts.append("")
            continue
        depth = max(depth + (character in "[{") - (character in "]}"), 0)
        parts[-1] += character
    if depth:
        raise UserError(f"--params has {text!r}, in which {depth} brackets [ or {{ stay open; close them")
    return parts


def explain(error: BaseException) -> str | None:
    """One line for the user, where an error or one of its causes is the user's to mend; else None."""
    causes = causes_of(error)
    for kind in USER_ERRORS:
        for cause in causes:
            if isinstance(cause, kind) and (line := _line(cause)):
                return one_line(line)
    return None


def one_line(text: str) -> str:
    """A text in one line that a terminal shows as it is: no control characters, and not without end."""
    line = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in " ".join(text.split())
    )
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}... ({len(line)} characters)"


def _line(cause: BaseException) -> str:
    """What an error says; nothing where it is not the disk's but a mistake of ours."""
    if not isinstance(cause, OSError):
        return str(cause)
    if cause.errno not in DISK_ERRORS:
        return ""
    place = cause.filename or "a file"
    return f"{place} cannot be written or read ({cause.strerror}); mend that, and run the same command again"


def _run(
    *,
    verbose: bool,
    processes: int | None,
    params: Any,
    pipeline: str | None,
    pipelines: list[str],
    **options: Any,
) -> Any:
    end_on_sigterm()
    keep_freed_memory()
    if not this_run().is_first:
        logging.getLogger("vip").setLevel(logging.WARNING)
    try:
        parameters = parse_parameters(params) if isinstance(params, str) else params
        if processes is not None:
            parameters = {**parameters, "processes": processes}
        names = [*([pipeline] if pipeline else []), *pipelines]
        callback = kedro_run.callback
        assert callback is not None, "kedro run is a command with a callback"
        return callback(params=parameters, pipeline=None, pipelines=names, **options)
    except KeyboardInterrupt:
        click.echo(STOPPED, err=True)
        sys.exit(INTERRUPTED)
    except Terminated:
        click.echo(STOPPED, err=True)
        raise
    except Exception as error:
        line = explain(error)
        if line is None:
            raise
        if verbose:
            traceback.print_exc()
        click.echo(f"Error: {line}", err=True)
        sys.exit(1)


def runner() -> str:
    """Under `torchrun` or `accelerate launch` the runner of several processes, else that of one."""
    return "vip.runners.DistributedRunner" if this_run().count > 1 else "vip.runners.StageRunner"


def _options() -> list[click.Parameter]:
    """Kedro's own options, with our runner, `--params` left for us to parse, and `--verbose`."""
    options = [copy.copy(option) for option in kedro_run.params]
    for option in options:
        if option.name == "params":
            option.callback = None
        if option.name == "runner":
            option.default = runner()
    side_by_side = "Run so many nodes at once that do not wait for one another, each in a process of its own."
    return [
        *options,
        click.Option(["--processes"], type=int, help=side_by_side),
        click.Option(["--verbose", "-v"], is_flag=True, help="Show where an error came from."),
    ]


run = click.Command("run", callback=_run, params=_options(), help="Run the whole method, or a part of it.")
