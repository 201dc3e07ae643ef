"""Stages are run one after the other."""

from kedro.io import DataCatalog
from kedro.pipeline import Pipeline, node, pipeline
from kedro_viz.integrations.kedro.hooks_utils import is_sequential_runner

from vip.runners import StageRunner
from vip.runners.stage_runner import StageByStage


def join(*parts: str) -> str:
    return "+".join(parts)


def stage(number: int) -> Pipeline:
    steps = [
        node(join, ["previous", "prompts"], "student", name="student"),
        node(join, ["student"], "metrics", name="metrics"),
        node(join, ["prompts"], "early", name="early"),
    ]
    previous = "teacher" if number == 1 else f"stage_{number - 1}.student"
    inputs = {"previous": previous, "prompts": "prompts"}
    return pipeline(steps, inputs=inputs, namespace=f"stage_{number}")


PROMPTS = pipeline([node(join, ["raw"], "prompts", name="prompts")])
REPORT = pipeline([node(join, ["stage_1.metrics", "stage_2.metrics"], "report", name="report")])
WHOLE = PROMPTS + stage(1) + stage(2) + REPORT


def test_each_stage_is_complete_before_the_next():
    names = [node.name for node in StageByStage(WHOLE.nodes).nodes]
    assert names[0] == "prompts"
    assert set(names[1:4]) == {"stage_1.student", "stage_1.metrics", "stage_1.early"}
    assert set(names[4:7]) == {"stage_2.student", "stage_2.metrics", "stage_2.early"}
    assert names[7:] == ["report"]


def test_each_node_comes_after_those_it_depends_on():
    done: set = set()
    for each in StageByStage(WHOLE.nodes).nodes:
        assert WHOLE.node_dependencies[each] <= done
        done.add(each)
    assert done == set(WHOLE.nodes)


def test_the_runner_gives_what_kedro_gives():
    catalog = DataCatalog.from_config({})
    catalog["raw"] = "raw"
    catalog["teacher"] = "teacher"
    result = StageRunner().run(WHOLE, catalog)
    assert result["report"].load() == "teacher+raw+teacher+raw+raw"


def test_kedro_viz_knows_it_for_a_sequential_runner():
    assert is_sequential_runner({"runner": str(StageRunner())})


def test_nothing_is_in_no_order():
    assert StageByStage([]).nodes == []
