"""Fixtures for the evaluation's tests: two made-up stages, and their report, rendered once."""

from typing import Any

import pandas as pd
import pytest
from tests.unit.evaluation import synthetic

from vip.evaluation.results import tabulate_results
from vip.evaluation.stages import Evidence, gather
from vip.pipelines.reporting.nodes import write_report


@pytest.fixture(scope="session")
def arguments() -> dict[str, Any]:
    """The report's inputs for two stages."""
    return synthetic.stage_arguments(2)


@pytest.fixture(scope="session")
def stages(arguments: dict[str, Any]) -> tuple[Evidence, ...]:
    """The same, gathered."""
    return gather(arguments)


@pytest.fixture(scope="session")
def results(stages: tuple[Evidence, ...]) -> pd.DataFrame:
    """Their table of results."""
    return tabulate_results(stages)


HOSTILE = '<script>alert("x")</script> a "red" circle & a {{ 7 * 7 }} </video>'


@pytest.fixture(scope="session")
def page() -> str:
    """A report of two stages whose prompts are hostile, with one example of each kind."""
    prompts = [f"{HOSTILE} number {number}" for number in range(6)]
    arguments = synthetic.stage_arguments(2, prompts=prompts)
    return write_report(
        tabulate_results(gather(arguments)),
        synthetic.model_folder("teacher"),
        synthetic.filtering_counts(),
        synthetic.judging_counts(),
        synthetic.PARAMETERS,
        synthetic.ONE_EXAMPLE,
        synthetic.vbench_scores("teacher"),
        synthetic.vbench_scores("student-2", 0.01),
        **arguments,
    )
