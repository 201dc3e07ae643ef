"""After a run: where the report is, the results, and how to look at lineage and runs."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from kedro.framework.hooks import hook_impl

from vip.processes import this_run

if TYPE_CHECKING:
    from kedro.framework.context import KedroContext
    from kedro.io import DataCatalog
    from kedro.pipeline.node import Node


PAGES = {"comparison_page": "Comparison", "sweep_page": "Sweeps", "alignment.page": "Alignment"}
"""Pages whose places are told, and what they are of."""


class Summary:
    """Prints what a run has come to, if it wrote a report."""

    def __init__(self) -> None:
        self._results: Any = None
        self._pages: set[str] = set()
        self._project = Path()

    @hook_impl
    def after_context_created(self, context: "KedroContext") -> None:
        """Note the project's folder."""
        self._project = context.project_path
        self._results = None
        self._pages = set()

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, data: Any) -> None:
        """Keep the table of results."""
        if dataset_name == "results":
            self._results = data
        self._pages |= {dataset_name} & set(PAGES)

    @hook_impl
    def after_node_skipped(self, node: "Node", catalog: "DataCatalog") -> None:
        """Take the table of results that is there."""
        if "results" in node.outputs:
            self._results = catalog.load("results")
        self._pages |= set(node.outputs) & set(PAGES)

    @hook_impl
    def after_pipeline_run(self, catalog: "DataCatalog") -> None:
        """Print the table, the report's place and the two commands; of other pages, where they are."""
        if not this_run().is_first:
            return
        for page in sorted(self._pages):
            click.echo(f"{PAGES[page]}  {_shortest(Path(str(getattr(catalog.get(page), '_path', page))))}")
        if self._results is None:
            return
        from vip.evaluation.results import results_as_text

        report = getattr(catalog.get("report"), "_path", "data/08_reporting/report.html")
        folder = _shortest(Path(sys.executable).parent)
        click.echo(f"\n{results_as_text(self._results)}\n")
        click.echo(f"Report    {_shortest(Path(str(report)))}")
        click.echo(f"Lineage   {folder / 'kedro'} viz run")
        click.echo(f"Runs      {folder / 'mlflow'} ui        (in {_shortest(self._project)})")


def _shortest(path: Path) -> Path:
    """The path as seen from here, where that is shorter."""
    return min(path, Path(os.path.relpath(path)), key=lambda candidate: len(str(candidate)))
