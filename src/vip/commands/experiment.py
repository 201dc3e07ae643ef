"""An experiment as its configuration says it: checked parameters, and a teacher without its weights."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vip.commands.run import explain
from vip.config_loader import data_folder
from vip.errors import UserError

if TYPE_CHECKING:
    from vip.families.base import VideoFamily
    from vip.session import StageSession


@contextmanager
def checked_session(project: Path, env: str | None, params: dict[str, Any]) -> "Iterator[StageSession]":
    """A session of a project whose parameters can be; UserError where they cannot."""
    from kedro.framework.project import pipelines
    from kedro.framework.startup import bootstrap_project

    from vip.parameters import check_parameters, worth_making
    from vip.session import StageSession

    bootstrap_project(project)
    with StageSession.create(project, env=env, runtime_params=params) as session:
        assert isinstance(session, StageSession), "create makes an instance of the class it is called on"
        check_parameters(session.load_context().config_loader["parameters"], worth_making(dict(pipelines)))
        yield session


@dataclass(frozen=True)
class Experiment:
    """The parameters and catalog entries of one environment, and its data folder, in a project's folder."""

    project: Path
    parameters: dict[str, Any]
    catalog: dict[str, Any]
    folder: Path

    @classmethod
    def read(cls, project: Path, env: str | None, params: dict[str, Any]) -> "Experiment":
        """Read and check the configuration; UserError for parameters that cannot be."""
        with checked_session(project, env, params) as session:
            loader = session.load_context().config_loader
            folder = data_folder(project, loader["globals"])
            return cls(project, loader["parameters"], loader["catalog"], folder)

    def file_of(self, dataset: str) -> Path:
        """Where a dataset lies; UserError where nothing does."""
        path = self.project / str(self.catalog[dataset]["filepath"])
        if not path.exists():
            raise UserError(
                f"{dataset}: {path} is missing; put it there (the head of the experiment's parameters.yml "
                "says where it is from), or change its path in catalog.yml"
            )
        return path

    def outline_teacher(self) -> "VideoFamily":
        """The teacher on the meta device."""
        from vip.families.registry import family_of_folder

        folder = self.file_of("teacher")
        return family_of_folder(folder).open(folder, "meta")


def echo(answer: Callable[[], str]) -> None:
    """Print an answer, or in one line what the user has to mend, and exit with 1."""
    try:
        click.echo(answer())
    except Exception as error:
        line = explain(error)
        if line is None:
            raise
        click.echo(f"Error: {line}", err=True)
        sys.exit(1)
