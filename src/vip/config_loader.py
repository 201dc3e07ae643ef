"""How many stages there are, and which arms are compared: the parameters that pipelines are built from.

Kedro builds the registry without parameters, and kedro-viz opens projects with its own session, no hooks.
What every command makes first is a config loader; so the loader remembers itself, and the registry asks it.
"""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader

from vip.errors import UserError
from vip.pipelines.alignment.run_parameters import run_parameters as of_alignment
from vip.pipelines.comparison.arms import runs_of
from vip.pipelines.comparison.run_parameters import RUNS, run_parameters
from vip.pipelines.sweep.arms import SWEPT, plan_of

MAXIMUM_STAGES = 99

_latest: list["ProjectConfigLoader"] = []


class ProjectConfigLoader(OmegaConfigLoader):
    """Kedro's config loader, which the registry can find, with the own parameters of a comparison's runs."""

    def __init__(
        self,
        conf_source: str | Path,
        env: str | None = None,
        runtime_params: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self._found: dict[str, dict[str, Any]] = {}
        super().__init__(conf_source, env, runtime_params, **options)
        _latest[:] = [self]

    def __getitem__(self, key: str) -> dict[str, Any]:
        """As Kedro's, but read once, and UserError where a file is no YAML mapping, whatever else it is."""
        if key not in self._found:
            found = self._read(key)
            with_runs = key == "parameters" and _is_number_of_stages(found.get("stages"))
            self._found[key] = found | {RUNS: _of_runs(found)} if with_runs else found
        return copy.deepcopy(self._found[key])

    def __setitem__(self, key: str, value: Any) -> None:
        """As Kedro's: what is set counts, whatever was read before."""
        self._found.clear()
        super().__setitem__(key, value)

    def _read(self, key: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = super().__getitem__(key)
        except (AttributeError, OSError, RecursionError, TypeError, ValueError) as error:
            raise UserError(
                f"conf has {key} that cannot be read ({error}); they are YAML in UTF-8, names with values"
            ) from error
        return found


def _of_runs(parameters: dict[str, Any]) -> dict[str, Any]:
    """The own parameters of all runs: of the comparison, of the sweeps, and of alignment."""
    sweeps = plan_of(parameters)
    of_comparison = run_parameters(parameters, [*runs_of(parameters), *sweeps.runs])
    return of_comparison | {SWEPT: sweeps.swept} | of_alignment(parameters)


def stages_of(parameters: dict[str, Any]) -> int:
    """The parameter `stages`; UserError where it is no number of stages."""
    stages: Any = parameters.get("stages")
    if not _is_number_of_stages(stages):
        raise UserError(
            f"parameter stages is {stages!r}, but has to be a whole number from 1 to {MAXIMUM_STAGES}; "
            "set it in parameters.yml or with --params=stages=2"
        )
    return int(stages)


def _is_number_of_stages(value: Any) -> bool:
    return type(value) is int and 1 <= value <= MAXIMUM_STAGES


def data_folder(project: Path, global_values: Mapping[str, Any]) -> Path:
    """Where runs write: the folder that globals.yml names; UserError where that is no name."""
    folder = global_values.get("folder", "data")
    if not isinstance(folder, str) or not folder.strip():
        raise UserError(
            f"globals.yml: folder is {folder!r}; name the folder that runs write to, such as data"
        )
    return project / folder


def parameters_now() -> dict[str, Any]:
    """Those of the command that runs; where it has no session, those of the environment KEDRO_ENV."""
    return (_latest[0] if _latest else _default_loader())["parameters"]


def number_of_stages() -> int:
    """The stages of the command that runs."""
    return stages_of(parameters_now())


def _default_loader() -> ProjectConfigLoader:
    import os

    from kedro.framework.project import settings
    from kedro.utils import find_kedro_project

    project = find_kedro_project(Path.cwd()) or Path.cwd()
    arguments = settings.CONFIG_LOADER_ARGS
    return ProjectConfigLoader(project / settings.CONF_SOURCE, os.environ.get("KEDRO_ENV"), **arguments)
