"""Nodes begin in one process's order, each after those it depends on."""

import pytest
from kedro.pipeline import node, pipeline

from vip.runners.schedule import Schedule


def join(*parts: str) -> str:
    return "+".join(parts)


def names(schedule: Schedule) -> list[str]:
    return [each.name for each in schedule.ready()]


@pytest.fixture
def arms():
    """Two arms that share what comes first, and a table of both."""
    shared = node(join, "raw", "prompts", name="prompts")
    trained = [
        node(
            join,
            "prompts",
            f"{arm}_seed_0_stage_1.student",
            name="student",
            namespace=f"{arm}_seed_0_stage_1",
        )
        for arm in ("sft", "redpo")
    ]
    table = node(join, [each.outputs[0] for each in trained], "table", name="table")
    return pipeline([table, *trained, shared])


def test_what_waits_for_nothing_comes_first_and_arms_come_together(arms):
    schedule = Schedule(arms)
    assert names(schedule) == ["prompts"]
    (first,) = schedule.ready()
    schedule.begin(first)
    assert names(schedule) == [], "it has begun, nothing else may"
    schedule.end(first)
    assert names(schedule) == ["redpo_seed_0_stage_1.student", "sft_seed_0_stage_1.student"]


def test_what_waits_for_several_waits_for_all_of_them(arms):
    schedule = Schedule(arms)
    while names(schedule) != ["table"]:
        each = next(schedule.ready())
        assert each.name != "table"
        schedule.begin(each)
        schedule.end(each)
    last = next(schedule.ready())
    assert schedule
    schedule.begin(last)
    assert not schedule
