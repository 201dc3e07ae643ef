"""Before a run: are its inputs there, and is its data folder free?"""

from typing import TYPE_CHECKING, Any

from kedro.framework.hooks import hook_impl

from vip.config_loader import data_folder
from vip.errors import UserError
from vip.hooks.lock import FolderLock
from vip.pipelines.alignment.run_parameters import ALIGNMENT
from vip.pipelines.comparison.arms import run_of
from vip.processes import this_run

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import DataCatalog
    from kedro.pipeline import Pipeline


class RunGuard:
    """Refuses a run whose inputs are missing, and holds the data folder's lock while one runs."""

    _lock: FolderLock

    @hook_impl
    def after_context_created(self, context: "KedroContext") -> None:
        """Note which folder the run writes to."""
        self._lock = FolderLock(data_folder(context.project_path, context.config_loader["globals"]))

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self, pipeline: "Pipeline", catalog: "DataCatalog") -> None:
        """Check the inputs, then take the lock, which process 0 holds for all."""
        check_inputs(pipeline, catalog)
        if this_run().is_first:
            self._lock.acquire()

    @hook_impl(trylast=True)
    def after_pipeline_run(self) -> None:
        """Let go of the lock."""
        self._lock.release()

    @hook_impl(trylast=True)
    def on_pipeline_error(self) -> None:
        """Let go of the lock."""
        self._lock.release()


def check_inputs(pipeline: "Pipeline", catalog: "DataCatalog") -> None:
    """UserError where a dataset that the pipeline only reads is not there, and is not an optional one."""
    for name in sorted(pipeline.inputs()):
        if name.startswith("params:") or name == "parameters":
            continue
        dataset = catalog.get(name)
        if getattr(dataset, "optional", False):
            continue
        if dataset is None or not dataset.exists():
            raise UserError(f"{name} is missing{_place(dataset)}; {_remedy(name)}")


def _place(dataset: Any) -> str:
    path = getattr(dataset, "_path", None)
    return f" at {path}" if path else ""


def _remedy(name: str) -> str:
    from kedro.framework.project import pipelines

    stage, _, rest = name.partition(".")
    if run_of(stage):
        return "a comparison makes it: kedro run --pipeline=comparison; or a sweep: --pipeline=sweep"
    if stage == ALIGNMENT:
        return f"alignment makes it: kedro run --pipeline={ALIGNMENT}"
    if rest:
        number = stage.removeprefix("stage_")
        return f"stage {number} makes it: kedro run --pipeline=stage --params=stage:{number}"
    makers = {maker: each.nodes for maker, each in pipelines.items() if name in each.all_outputs()}
    if makers:
        return f"make it with kedro run --pipeline={min(makers, key=lambda maker: len(makers[maker]))}"
    return "put it there, or name another place in conf (catalog.yml)"
