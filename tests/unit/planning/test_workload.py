"""How much there is to do, worked out by hand for a tiny model."""

from dataclasses import replace

import pytest

from vip.families.animatediff import AnimateDiff
from vip.families.folder import AS_IT_IS
from vip.families.loading import Loading
from vip.planning.budgets import StageUnits
from vip.planning.table import plan_as_text
from vip.planning.workload import Workload, plan
from vip.types import Sampler

pytestmark = pytest.mark.xdist_group("workload")  # the whole table is planned once

WORK = Workload(
    stages=(
        StageUnits(11, ("down_blocks.0.motion_modules.0", "up_blocks.1.motion_modules.2")),
        StageUnits(7, ("down_blocks.0.motion_modules.1",)),
    ),
    granularity="module",
    scoring_prompts=16,
    stage_prompts=96,
    evaluation_prompts=64,
    sampler=Sampler(8, 3.0),
    batch_size=16,
    epochs=2,
    training_batch=8,
    reference_batch=32,
    maximum_pairs=None,
    loading=AS_IT_IS,
    training_loading=AS_IT_IS,
    gradient_checkpointing=False,
    in_parts=False,
    averaged=False,
    gradient_norm_every=10,
    learns_from_losers=True,
    teacher_beside=None,
)


@pytest.fixture(scope="module")
def table(tiny_teacher):
    return plan(lambda: AnimateDiff.open(tiny_teacher, "meta"), WORK)


def phase(table, stage, name):
    return table[(table["stage"] == stage) & (table["phase"] == name)].iloc[0]


def test_clips_and_calls_by_hand(table):
    search = phase(table, 1, "block search")
    assert search["clips"] == 16 * (11 + 1)
    assert search["calls"] == 16 * 12 * 8 * 2
    assert phase(table, 2, "block search")["clips"] == 16 * 8
    training = phase(table, 1, "ReDPO training")
    assert (training["clips"], training["calls"]) == (0, 96 * 4 * 2 * 2)


@pytest.mark.parametrize(("maximum", "pairs"), [(100, 100), (96 * 4, 96 * 4), (1000, 96 * 4)])
def test_no_more_pairs_are_planned_than_are_kept(tiny_teacher, table, maximum, pairs):
    work = replace(WORK, stages=WORK.stages[:1], maximum_pairs=maximum)
    found = plan(lambda: AnimateDiff.open(tiny_teacher, "meta"), work)
    for name in ("reference predictions", "ReDPO training"):
        one, all_of_them = phase(found, 1, name), phase(table, 1, name)
        assert one["calls"] == 2 * pairs * 2
        assert one["flops"] == pytest.approx(all_of_them["flops"] * pairs / (96 * 4))
        assert one["peak_bytes"] == all_of_them["peak_bytes"]
    assert phase(found, 1, "pairs: teacher")["clips"] == 96


def test_the_teacher_s_clips_are_made_once(table):
    assert phase(table, 1, "evaluation")["clips"] == 3 * 64
    again = phase(table, 2, "evaluation")
    assert (again["clips"], again["reused"]) == (2 * 64, 64)


def test_pruned_models_cost_what_is_left_of_them(table, tiny_teacher):
    model = AnimateDiff.open(tiny_teacher, "meta")
    left = [model.flops()]
    for stage in WORK.stages:
        model.remove(stage.removed, "module")
        left.append(model.flops())

    def cost_of_call(stage, name) -> float:
        found = phase(table, stage, name)
        return found["flops"] / found["calls"]

    teacher = cost_of_call(1, "pairs: teacher")
    for number in (1, 2):
        assert cost_of_call(number, "pairs: teacher") == teacher
        assert teacher - cost_of_call(number, "pairs: pruned") == left[0] - left[number]
        assert teacher - cost_of_call(number, "block search") == left[0] - left[number - 1]
        assert cost_of_call(number, "reference predictions") == teacher
        assert phase(table, number, "damage")["flops"] < phase(table, number, "block search")["flops"]
    student = phase(table, 2, "evaluation")
    assert student["flops"] / student["calls"] == cost_of_call(2, "pairs: pruned")
    shared = (cost_of_call(1, "pairs: teacher") + 2 * cost_of_call(1, "pairs: pruned")) / 3
    assert cost_of_call(1, "evaluation") == pytest.approx(shared)


def test_training_costs_more_than_predicting_with_the_same_model(table):
    training, prediction = phase(table, 1, "ReDPO training"), phase(table, 1, "pairs: pruned")
    assert 2 < training["flops"] / training["calls"] / (prediction["flops"] / prediction["calls"]) < 3.5


@pytest.mark.long
def test_losers_that_teach_nothing_cost_a_prediction(tiny_teacher):
    """Were norms never measured, a pair would cost a step of its winner and a prediction of its loser."""
    work = replace(WORK, stages=WORK.stages[:1], gradient_norm_every=10**9)
    both, winners = (
        plan(lambda: AnimateDiff.open(tiny_teacher, "meta"), replace(work, learns_from_losers=learns))
        for learns in (True, False)
    )
    training = both["phase"] == "ReDPO training"
    columns = [name for name in both if name != "flops"]
    assert (both[columns] == winners[columns]).all(axis=None)
    assert (both["flops"][~training] == winners["flops"][~training]).all()
    step, shared = (phase(table, 1, "ReDPO training") for table in (both, winners))
    clip = phase(both, 1, "pairs: pruned")
    prediction = clip["flops"] / clip["calls"] * step["calls"]
    assert shared["flops"] == pytest.approx((step["flops"] + prediction) / 2)


@pytest.mark.long
def test_settings_reach_the_phases_they_are_for(tiny_teacher, table):
    def planned(**changes):
        return plan(lambda: AnimateDiff.open(tiny_teacher, "meta"), replace(WORK, **changes))

    sampling = [
        name for name in table["phase"].unique() if name not in ("reference predictions", "ReDPO training")
    ]
    for changes, smaller in (
        ({"loading": Loading("bf16")}, sampling),
        ({"training_loading": Loading("bf16")}, ["reference predictions", "ReDPO training"]),
        ({"gradient_checkpointing": True}, ["ReDPO training"]),
    ):
        found = planned(**changes)
        less = found["peak_bytes"] < table["peak_bytes"]
        assert set(table["phase"][less]) == set(smaller), changes
        assert (found["peak_bytes"][~less] == table["peak_bytes"][~less]).all()
    averaged = planned(averaged=True)
    more = averaged["peak_bytes"] > table["peak_bytes"]
    assert set(table["phase"][more]) == {"ReDPO training"}


@pytest.mark.long
def test_a_teacher_beside_the_student_is_planned_in_training_alone(tiny_teacher, table):
    found = plan(
        lambda: AnimateDiff.open(tiny_teacher, "meta"),
        replace(WORK, stages=WORK.stages[:1], teacher_beside=Loading(only_denoiser=True)),
    )
    one_stage = table[table["stage"] == 1]
    training = one_stage["phase"] == "ReDPO training"
    for name in ("flops", "peak_bytes"):
        assert (found[name][~training] == one_stage[name][~training]).all()
    reference, before, now = (
        phase(which, 1, name)
        for which, name in (
            (table, "reference predictions"),
            (table, "ReDPO training"),
            (found, "ReDPO training"),
        )
    )
    assert now["calls"] == before["calls"]
    assert now["flops"] - before["flops"] == pytest.approx(reference["flops"] / 2)
    weights = AnimateDiff.open(tiny_teacher, "meta").denoiser.parameters()
    assert now["peak_bytes"] - before["peak_bytes"] > 4 * sum(value.numel() for value in weights)


def test_without_guidance_half_the_work(tiny_teacher, table):
    work = replace(WORK, stages=WORK.stages[:1], sampler=Sampler(8, 1.0))
    unguided = plan(lambda: AnimateDiff.open(tiny_teacher, "meta"), work)
    assert phase(unguided, 1, "block search")["flops"] * 2 == phase(table, 1, "block search")["flops"]


def test_a_model_that_is_told_the_guidance_scale_is_called_once(tiny_folder_of):
    """HunyuanVideo's guidance is embedded; the sampler's scale is what it is told."""
    from vip.families.registry import family_named

    folder, family = tiny_folder_of("hunyuanvideo"), family_named("hunyuanvideo")
    unit = family.open(folder, "meta").units("block")[0].name
    work = replace(WORK, stages=(StageUnits(1, (unit,)),), sampler=Sampler(8, 6.0))
    found = plan(lambda: family.open(folder, "meta"), work)
    assert phase(found, 1, "pairs: teacher")["calls"] == 96 * 8


def test_the_text_has_a_row_each_and_a_sum(table):
    lines = plan_as_text(table, 1e12).splitlines()
    assert lines[0].split()[:3] == ["stage", "phase", "clips"]
    assert len([line for line in lines if line.strip()]) == 1 + len(table) + 1 + 4
    assert f"{table['clips'].sum():,}" in lines[1 + len(table)]
    assert "at 1.00 TFLOP/s" in lines[-1]
