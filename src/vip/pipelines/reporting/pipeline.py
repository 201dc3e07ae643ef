"""The report over all stages; it stands outside their namespaces."""

from kedro.pipeline import Pipeline, node, pipeline

from vip.evaluation.arguments import argument_name
from vip.evaluation.stages import DATASETS
from vip.pipelines.reporting.nodes import gather_results, write_report


def create_pipeline(stages: int) -> Pipeline:
    """The results and the report of stages 1 to `stages`."""
    evidence = {
        argument_name(f"stage_{stage}", name): f"stage_{stage}.{name}"
        for stage in range(1, stages + 1)
        for name in DATASETS
    }
    shared = {
        "results": "results",
        "teacher": "teacher",
        "filtering_counts": "filtering_counts",
        "judging_counts": "judging_counts",
        "parameters": "parameters",
        "settings": "params:evaluation",
        "vbench_full_scores": "vbench_full_scores",
        "vbench_student_scores": "vbench_student_scores",
    }
    return pipeline(
        [
            node(gather_results, inputs=evidence, outputs="results", name="results"),
            node(write_report, inputs=shared | evidence, outputs="report", name="report"),
        ],
        tags="reporting",
    )
