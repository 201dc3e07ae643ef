"""`kedro verify`: is all that a data folder holds whole, and is it what the present settings would make?"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from kedro.framework.cli.utils import CONTEXT_SETTINGS, env_option

from vip.commands.experiment import checked_session, echo
from vip.commands.run import parse_parameters
from vip.errors import UserError

if TYPE_CHECKING:
    from kedro.pipeline import Pipeline

    from vip.datasets.provenance import ProvenanceFolder


class Finding(NamedTuple):
    """The state of one artifact: current, stale, unrecorded or damaged; and why."""

    state: str
    artifact: str
    reason: str = ""


@click.command("verify", context_settings=CONTEXT_SETTINGS)
@env_option
@click.option("--params", default="", help="As for kedro run: key=value,...")
def verify(env: str | None, params: str) -> None:
    """Check every file of the data folder; tell what is damaged (exit code 1) and what is stale.

    Stale is what other settings, inputs or code would make anew; what follows from it is not listed again.
    """
    findings: list[Finding] = []

    def answer() -> str:
        findings.extend(found(Path.cwd(), env, parse_parameters(params)))
        return as_text(findings)

    echo(answer)
    if any(finding.state == "damaged" for finding in findings):
        sys.exit(1)


def found(project: Path, env: str | None, params: dict[str, Any]) -> Iterator[Finding]:
    """The findings of a project's data folder in one environment."""
    from kedro.framework.project import pipelines

    with checked_session(project, env, params) as session:
        records = session.provenance()
        yield from of_seals(records.path.parent)
        yield from of_artifacts(_everything(dict(pipelines)), session.load_context().catalog, records)


def of_seals(folder: Path) -> Iterator[Finding]:
    """The files that a seal vouches for and that are not what it says."""
    from vip.datasets.seals import complaints, seals_in

    for seal in seals_in(folder):
        for complaint in complaints(seal):
            yield Finding("damaged", seal.relative_to(folder).with_suffix("").as_posix(), complaint)


def of_artifacts(pipeline: "Pipeline", catalog: Any, records: "ProvenanceFolder") -> Iterator[Finding]:
    """Each input and output that is there: whole, and, if it was made, compared with how."""
    from kedro.io.core import is_parameter

    from vip.runners.ledger import Ledger

    ledger = Ledger(catalog, records)
    makers = {output: node for node in pipeline.nodes for output in node.outputs}
    for name in sorted(name for name in pipeline.datasets() if not is_parameter(name)):
        if not _is_there(catalog, name):
            continue
        try:
            ledger.fingerprint(name)
        except UserError as error:
            yield Finding("damaged", name, str(error))
            continue
        reason = ledger.complaint(makers[name], name) if name in makers else ""
        state = "current" if not reason else "stale" if records.read(name) else "unrecorded"
        yield Finding(state, name, reason)


def as_text(findings: list[Finding]) -> str:
    """What is not current, a line each, and how much of everything there is."""
    from vip.evaluation.wording import aligned

    rows = [finding for finding in dict.fromkeys(findings) if finding.state != "current"]
    counts = Counter(finding.state for finding in dict.fromkeys(findings))
    states = ("current", "stale", "unrecorded", "damaged")
    total = ", ".join(f"{counts[state]} {state}" for state in states if counts[state]) or "nothing is there"
    return "\n".join([*aligned(rows, left=(0, 1, 2)), total])


def _is_there(catalog: Any, dataset: str) -> bool:
    path = getattr(catalog.get(dataset), "_path", None)
    return path is not None and path.exists()


def _everything(pipelines: "dict[str, Pipeline]") -> "Pipeline":
    from kedro.pipeline import Pipeline

    return sum(pipelines.values(), Pipeline([]))
