"""One line a node."""

import logging
import time

import pytest
from kedro.pipeline import node, pipeline

from vip.hooks.progress import ProgressLog, title


def make_it(*inputs: object) -> object:
    return inputs


PAIRS = pipeline([node(make_it, inputs="scores", outputs="pairs", name="pairs")], namespace="stage_2")


@pytest.mark.parametrize(
    ("name", "words"), [("prompts", "prompts"), ("stage_1.block_importance", "stage 1: block importance")]
)
def test_names_become_words(name, words):
    assert title(name) == words


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_node_is_told_with_its_count(caplog, clock):
    log = ProgressLog()
    with caplog.at_level(logging.INFO):
        log.before_pipeline_run(PAIRS)
        log.before_node_run(PAIRS.nodes[0])
        log.after_pipeline_run()
    assert caplog.messages == ["[1 of 1] stage 2: pairs"]


def test_skipped_nodes_are_counted_together(caplog, clock):
    log = ProgressLog()
    nodes = [node(make_it, f"in_{i}", f"out_{i}", name=f"node_{i}") for i in range(4)]
    with caplog.at_level(logging.INFO):
        log.before_pipeline_run(pipeline(nodes))
        log.after_node_skipped()
        log.after_node_skipped()
        log.before_node_run(nodes[2])
        log.after_node_skipped()
        log.after_pipeline_run()
    assert caplog.messages == ["[2 of 4] 2 up to date", "[3 of 4] node 2", "[4 of 4] 1 up to date"]


def durations(caplog) -> list[str]:
    return [line for line in caplog.messages if "took" in line]


def test_a_long_node_is_told_with_its_time(caplog, clock):
    log = ProgressLog()
    log.before_pipeline_run(PAIRS)
    log.before_node_run(PAIRS.nodes[0])
    clock[0] += 90
    with caplog.at_level(logging.INFO):
        log.after_dataset_saved("stage_2.pairs", PAIRS.nodes[0])
    assert durations(caplog) == ["took 90 s"]


def test_a_node_with_several_outputs_is_done_with_the_last_one(caplog, clock):
    log = ProgressLog()
    two = node(make_it, "scores", ["student", "curve"], name="student")
    log.before_pipeline_run(pipeline([two]))
    log.before_node_run(two)
    clock[0] += 60
    with caplog.at_level(logging.INFO):
        log.after_dataset_saved("student", two)
        assert not durations(caplog)
        clock[0] += 1
        log.after_dataset_saved("curve", two)
    assert durations(caplog) == ["took 61 s"]


def test_beside_another_node_it_is_told_which_one_took_so_long(caplog, clock):
    log = ProgressLog()
    first, second = (node(make_it, "scores", f"student_{i}", name=f"sft_seed_{i}.student") for i in (0, 1))
    log.before_pipeline_run(pipeline([first, second]))
    log.before_node_run(first)
    clock[0] += 10
    log.before_node_run(second)
    clock[0] += 10
    with caplog.at_level(logging.INFO):
        log.after_dataset_saved("student_0", first)
        log.after_dataset_saved("student_1", second)
    assert durations(caplog) == ["sft seed 0: student took 20 s", "took 10 s"]
