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


def test_a_long_node_is_told_with_its_time(caplog, clock):
    log = ProgressLog()
    log.before_pipeline_run(PAIRS)
    log.before_node_run(PAIRS.nodes[0])
    clock[0] += 90
    with caplog.at_level(logging.INFO):
        log.after_pipeline_run()
    assert caplog.messages[-1] == "took 90 s"
