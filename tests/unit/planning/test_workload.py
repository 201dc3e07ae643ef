"""How much there is to do, worked out by hand for a tiny model."""

import pytest

from vip.families.animatediff import AnimateDiff
from vip.planning.table import plan_as_text
from vip.planning.workload import Workload, plan
from vip.types import Sampler

WORK = Workload(
    units=(11, 7),
    scoring_prompts=16,
    stage_prompts=96,
    evaluation_prompts=64,
    sampler=Sampler(8, 3.0),
    batch_size=16,
    epochs=2,
    training_batch=8,
    reference_batch=32,
)


@pytest.fixture(scope="module")
def table(tiny_teacher):
    return plan(AnimateDiff.open(tiny_teacher, "meta"), WORK)


def phase(table, stage, name):
    return table[(table["stage"] == stage) & (table["phase"] == name)].iloc[0]


def test_clips_and_calls_by_hand(table):
    search = phase(table, 1, "block search")
    assert search["clips"] == 16 * (11 + 1)
    assert search["calls"] == 16 * 12 * 8 * 2
    assert phase(table, 2, "block search")["clips"] == 16 * 8
    training = phase(table, 1, "ReDPO training")
    assert (training["clips"], training["calls"]) == (0, 96 * 4 * 2 * 2)


def test_the_teacher_s_clips_are_made_once(table):
    assert phase(table, 1, "evaluation")["clips"] == 3 * 64
    again = phase(table, 2, "evaluation")
    assert (again["clips"], again["reused"]) == (2 * 64, 64)


def test_training_costs_more_than_predicting(table):
    predictions, training = phase(table, 1, "reference predictions"), phase(table, 1, "ReDPO training")
    assert 2 < training["flops"] / predictions["flops"] < 3.5
    assert training["peak_bytes"] > predictions["peak_bytes"] / WORK.reference_batch


def test_without_guidance_half_the_work(tiny_teacher, table):
    from dataclasses import replace

    unguided = plan(AnimateDiff.open(tiny_teacher, "meta"), replace(WORK, sampler=Sampler(8, 1.0)))
    assert phase(unguided, 1, "block search")["flops"] * 2 == phase(table, 1, "block search")["flops"]


def test_the_text_has_a_row_each_and_a_sum(table):
    lines = plan_as_text(table, 1e12).splitlines()
    assert lines[0].split()[:3] == ["stage", "phase", "clips"]
    assert len([line for line in lines if line.strip()]) == 1 + len(table) + 1 + 2
    assert f"{table['clips'].sum():,}" in lines[1 + len(table)]
    assert "at 1.00 TFLOP/s" in lines[-1]
