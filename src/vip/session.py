"""The session behind `kedro run`: `--params=stage:n` is stage n, and what cannot run is refused at once."""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.pipeline import Pipeline

from vip.config_loader import data_folder, stages_of
from vip.datasets.provenance import ProvenanceFolder
from vip.errors import UserError, nearest
from vip.pipelines.comparison.arms import left_out
from vip.pipelines.comparison.roles import lacks
from vip.pipelines.sweep.arms import plan_of
from vip.processes import this_run
from vip.runners import SideBySideRunner, StageRunner

logger = logging.getLogger(__name__)

LEFT_OUT: dict[str, Callable[[Mapping[str, Any]], Mapping[str, str]]] = {
    "comparison": left_out,
    "sweep": lambda parameters: plan_of(parameters).swept["left_out"],
}
"""By pipeline: its arms or sweeps that parameters leave out, each with the reason."""

CHAINS = ("stage", "__default__")
"""The pipelines that stand for all stages; with a stage's number they stand for that one."""


class StageSession(KedroSession):
    """Kedro's session, with two runtime parameters of its own.

    `stage` is the number of the one stage to run, `processes` how many nodes run side by side.
    """

    stage: Any = None
    processes: Any = None

    @classmethod
    def create(
        cls,
        project_path: Path | str | None = None,
        save_on_close: bool = True,
        env: str | None = None,
        runtime_params: dict[str, Any] | None = None,
        conf_source: str | None = None,
    ) -> Self:
        """As Kedro's, but runtime parameters lose `stage` and `processes`, which no node reads."""
        parameters = dict(runtime_params or {})
        stage, processes = parameters.pop("stage", None), parameters.pop("processes", None)
        session = super().create(project_path, save_on_close, env, parameters, conf_source)
        assert isinstance(session, cls), "KedroSession.create makes an instance of the class it is called on"
        session.stage, session.processes = stage, processes
        return session

    def run(
        self,
        pipeline_name: str | None = None,
        pipeline_names: list[str] | None = None,
        tags: Iterable[str] | None = None,
        runner: Any = None,
        node_names: Iterable[str] | None = None,
        from_nodes: Iterable[str] | None = None,
        to_nodes: Iterable[str] | None = None,
        from_inputs: Iterable[str] | None = None,
        to_outputs: Iterable[str] | None = None,
        load_versions: dict[str, str] | None = None,
        namespaces: Iterable[str] | None = None,
        only_missing_outputs: bool = False,
    ) -> dict[str, Any]:
        """As Kedro's; UserError, with nothing written, for unknown names, stages and parameters."""
        from vip.parameters import check_parameters, worth_making

        parameters = self._get_config_loader()["parameters"]
        stages_of(parameters)
        known = dict(pipelines)
        names, stage_namespaces = select_stage(
            [pipeline_name] if pipeline_name else list(pipeline_names or ()), self.stage, known, parameters
        )
        check_parameters(parameters, worth_making(known, names))
        for line in told_before(names, parameters):
            logger.warning("%s", line)
        selection: dict[str, Any] = {
            "tags": tags,
            "from_nodes": from_nodes,
            "to_nodes": to_nodes,
            "node_names": node_names,
            "from_inputs": from_inputs,
            "to_outputs": to_outputs,
        }
        namespaces = [*(namespaces or ()), *stage_namespaces]
        runner = side_by_side(self.processes) or runner
        if isinstance(runner, StageRunner):
            runner.provenance = self.provenance()
        chosen = _filtered([known[name] for name in names], node_namespaces=namespaces, **selection)
        try:
            return super().run(
                pipeline_names=names,
                runner=runner,
                load_versions=load_versions,
                namespaces=namespaces,
                only_missing_outputs=only_missing_outputs,
                **selection,
            )
        except (KeyboardInterrupt, SystemExit) as stop:  # Kedro tells its hooks of exceptions only
            self._hook_manager.hook.on_pipeline_error(
                error=stop, run_params={}, pipeline=chosen, catalog=None
            )
            raise

    def provenance(self) -> ProvenanceFolder:
        """How the artifacts of this session's data folder were made."""
        folder = data_folder(Path(self._project_path), self._get_config_loader()["globals"])
        return ProvenanceFolder(folder / "provenance")


def side_by_side(processes: Any) -> SideBySideRunner | None:
    """The runner of so many processes; None for one."""
    if processes is None:
        return None
    if isinstance(processes, bool) or not isinstance(processes, int) or processes < 1:
        raise UserError(f"processes is {processes!r}; write for example --processes=2")
    if this_run().count > 1:
        raise UserError(
            f"--processes={processes} runs nodes side by side on one machine, but a launcher already started "
            f"{this_run().count} processes that share every node; leave out one of the two"
        )
    return SideBySideRunner(processes) if processes > 1 else None


def told_before(names: Collection[str], parameters: Mapping[str, Any]) -> list[str]:
    """What who asks for these pipelines should know before hours of work: what they will not do or say."""
    return parts_left_out(names, parameters) + (lacks(parameters) if "comparison" in names else [])


def parts_left_out(names: Collection[str], parameters: Mapping[str, Any]) -> list[str]:
    """What of the pipelines that are asked for is left out, and why: a line for each arm, and each sweep."""
    return [
        f"The {name} leaves out {part}: {reason}"
        for name, parts in LEFT_OUT.items()
        if name in names
        for part, reason in parts(parameters).items()
    ]


def select_stage(
    names: list[str], stage: Any, known: Mapping[str, Pipeline], parameters: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """The registered pipelines, and the namespaces in them, that `names` and the stage's number mean."""
    for name in names:
        if name not in known:
            raise UserError(f"there is no pipeline {name}{nearest(name, known)}")
    if stage is None:
        return names or ["__default__"], []
    stages = stages_of(dict(parameters))
    if isinstance(stage, bool) or not isinstance(stage, int) or not 1 <= stage <= stages:
        raise UserError(
            f"stage is {stage!r}, but this project has stages 1 to {stages} (parameter stages); "
            f"write for example --params=stage:{stages}"
        )
    namespace = f"stage_{stage}"
    chosen = [namespace if name in CHAINS else name for name in names or CHAINS[:1]]
    for name in chosen:
        if not any((node.namespace or "").split(".")[0] == namespace for node in known[name].nodes):
            raise UserError(f"pipeline {name} has nothing of stage {stage}; leave out --params=stage:{stage}")
    return chosen, [] if chosen == [namespace] else [namespace]


def _filtered(parts: list[Pipeline], **selection: Any) -> Pipeline:
    try:
        return sum(parts, Pipeline([])).filter(**selection)
    except ValueError as error:
        raise UserError(" ".join(str(error).split())) from error
