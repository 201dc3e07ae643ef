"""The loop: what it learns, what it reports, and that stopping it anywhere changes nothing."""

import logging
import math

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from tests.unit.training.trained import assert_same, weights

from vip import bars
from vip.errors import UserError
from vip.training.curve import CURVE
from vip.training.train import run_name, train

STEPS = 6  # seven pairs in batches of three, two epochs
LONG = {
    "epochs": 14,
    "batch_size": 7,
    "learning_rate": 0.1,
    "checkpoint_every": 100,
    "gradient_norm_every": 100,
}
FULL = {
    "ema_decay": 0.8,
    "warmup_steps": 3,
    "gradient_clip": 0.5,
    "sft_weight": "auto",
    "gradient_norm_every": 2,
}


def test_only_trainable_parameters_move(world) -> None:
    before, after = dict(world.pruned.open().denoiser.named_parameters()), weights(world.train())
    moved = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert moved == {"motion.weight", "motion.bias"}


def test_the_student_comes_back_frozen_and_in_eval_mode(world) -> None:
    denoiser = world.train().family.denoiser
    assert not denoiser.training
    assert not any(value.requires_grad for value in denoiser.parameters())


def test_the_curve_has_a_row_a_step(world) -> None:
    curve = world.train(gradient_norm_every=2).curve
    assert {name: str(kind) for name, kind in curve.dtypes.items()} == CURVE
    assert curve["step"].tolist() == [1, 2, 3, 4, 5, 6]
    assert curve["epoch"].tolist() == [0, 0, 0, 1, 1, 1]
    assert curve["dpo_gradient_norm"].notna().tolist() == [True, False] * 3
    sometimes = ["dpo_gradient_norm", "sft_gradient_norm", "feature_loss"]
    assert curve.drop(columns=sometimes).notna().all(axis=None)
    assert curve["feature_loss"].isna().all(), "redpo compares no features"
    total = curve["dpo_loss"] + 2.0 * curve["sft_loss"]
    assert curve["loss"].tolist() == pytest.approx(total.tolist(), rel=1e-5)
    assert curve["weighted_sft_loss"].tolist() == pytest.approx((2.0 * curve["sft_loss"]).tolist())


@pytest.mark.parametrize(("method", "norms_every"), [("redpo", 1), ("feature_distillation", 100)])
def test_micro_batches_add_up_to_the_batch(world, elsewhere, method, norms_every) -> None:
    """Where norms are measured at first alone, feature distillation then learns nothing from losers."""
    changes = {"method": method, "gradient_clip": 0.5, "gradient_norm_every": norms_every}
    whole = world.train(**changes)
    parts = world.train(elsewhere, **changes, micro_batch_size=2)
    pd.testing.assert_frame_equal(whole.curve, parts.curve, rtol=1e-4, atol=1e-7)
    for name, weight in weights(whole).items():
        torch.testing.assert_close(weights(parts)[name], weight, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("method", "term"), [("sft", "weighted_sft_loss"), ("dpo", "dpo_loss")])
def test_a_method_minimises_its_own_term(world, method, term) -> None:
    curve = world.train(method=method, **LONG).curve
    assert curve["loss"].tolist() == pytest.approx(curve[term].tolist())
    assert curve["loss"].tail(4).mean() < 0.9 * curve["loss"].head(4).mean()


def test_methods_see_the_same_first_batch(world) -> None:
    rows = [
        world.train(method=method).curve.iloc[0] for method in ("redpo", "sft", "dpo", "feature_distillation")
    ]
    for name in (
        "dpo_loss",
        "sft_loss",
        "winner_margin",
        "loser_margin",
        "dpo_gradient_norm",
        "sft_gradient_norm",
    ):
        assert len({row[name] for row in rows}) == 1, name


def test_training_brings_the_student_nearer_to_its_teacher(world) -> None:
    curve = world.train(sft_weight=100.0, **LONG).curve
    assert curve["sft_loss"].tail(4).mean() < 0.7 * curve["sft_loss"].head(4).mean()


def test_a_student_like_its_teacher_starts_at_log_2_without_sft_loss(world) -> None:
    first = world.train(reference="initial").curve.iloc[0]
    assert first["dpo_loss"] == pytest.approx(math.log(2), abs=1e-7)
    assert first["sft_loss"] == pytest.approx(0, abs=1e-12)
    assert first["winner_margin"] == pytest.approx(0, abs=1e-6)


def test_general_preference_alignment_learns_from_its_own_first_weights(world) -> None:
    curve = world.train(reference="initial", **LONG).curve
    assert curve["dpo_loss"].tail(4).mean() < math.log(2) - 0.05
    assert curve["implicit_accuracy"].tail(4).mean() > 0.6


def test_an_automatic_weight_makes_both_gradients_equally_long(world, caplog) -> None:
    with caplog.at_level(logging.INFO):
        automatic = world.train(sft_weight="auto", epochs=1, batch_size=7).curve.iloc[0]
    assert automatic["sft_weight"] == pytest.approx(
        automatic["dpo_gradient_norm"] / automatic["sft_gradient_norm"]
    )
    assert f"{automatic['sft_weight']:g}" in caplog.text


def test_an_automatic_weight_is_a_mean_over_steps_before_any_update(world) -> None:
    frozen = world.train(learning_rate=1e-30, sft_weight=1.0).curve.head(5)
    expected = (frozen["dpo_gradient_norm"] / frozen["sft_gradient_norm"]).mean()
    found = world.train(learning_rate=0.5, sft_weight="auto").curve["sft_weight"]
    assert found.tolist() == pytest.approx([expected] * STEPS, rel=1e-4)


def test_an_automatic_weight_that_cannot_be_found_is_refused(world) -> None:
    world.pruned.seed = world.teacher.seed
    with pytest.raises(UserError, match="set sft_weight to a number"):
        world.train(sft_weight="auto")


@pytest.mark.parametrize("calls", range(5 + STEPS))
def test_a_run_stopped_anywhere_ends_as_if_it_was_not(world, elsewhere, calls) -> None:
    expected = world.train(elsewhere, **FULL)
    world.stopped(calls, **FULL)
    assert_same(world.train(**FULL), expected)


@pytest.mark.parametrize("calls", [1, 7, 4 + STEPS])
def test_a_run_beside_its_teacher_too_ends_as_if_it_was_not_stopped(world, elsewhere, calls) -> None:
    beside = FULL | {"method": "feature_distillation"}
    expected = world.train(elsewhere, **beside)
    world.stopped(calls, **beside)
    assert_same(world.train(**beside), expected)
    assert expected.curve["feature_loss"].notna().all()


def test_how_often_checkpoints_are_made_changes_nothing(world, elsewhere) -> None:
    assert_same(world.train(elsewhere, checkpoint_every=1), world.train(checkpoint_every=100))


def test_a_finished_run_returns_without_a_step(world) -> None:
    expected = world.train(**FULL)
    world.stop_before(1)
    again = world.train(**FULL)
    assert_same(again, expected)
    assert again.family.encoded == []


def test_a_damaged_last_checkpoint_costs_steps_and_nothing_else(world, caplog) -> None:
    expected = world.train(**FULL)
    newest = max(world.checkpoints.path.glob("*/step_*"))
    (newest / "optimizer.safetensors").write_bytes(b"torn")
    assert_same(world.train(**FULL), expected)
    assert str(newest) in caplog.text


def test_another_run_does_not_use_these_checkpoints(world, elsewhere) -> None:
    world.train()
    assert_same(world.train(beta=20.0), world.train(elsewhere, beta=20.0))
    assert_same(world.train(), world.train(elsewhere))


@pytest.mark.parametrize(
    "change",
    [
        {"method": "dpo"},
        {"beta": 1.0},
        {"seed": 1},
        {"learning_rate": 1.0},
        {"ema_decay": 0.5},
        {"epochs": 1},
    ],
)
def test_a_run_s_name_depends_on_its_settings(world, change) -> None:
    names = {
        run_name("model", world.pairs, ["key"], settings)
        for settings in (world.settings(), world.settings(**change))
    }
    assert len(names) == 2


def test_a_run_s_name_depends_on_model_pairs_and_references(world) -> None:
    settings = world.settings()
    names = {
        run_name("model", world.pairs, ["key"], settings),
        run_name("other", world.pairs, ["key"], settings),
        run_name("model", world.pairs[1:], ["key"], settings),
        run_name("model", world.pairs, ["other"], settings),
    }
    assert len(names) == 4
    assert run_name("model", world.pairs, ["key"], world.settings(checkpoint_every=77)) in names


def test_who_edits_a_loss_trains_again(world, monkeypatch) -> None:
    before = run_name("model", world.pairs, ["key"], world.settings())
    monkeypatch.setattr("vip.training.train.package_hash", "edited {}".format)
    assert run_name("model", world.pairs, ["key"], world.settings()) != before


def test_the_returned_weights_are_the_averages(world, elsewhere) -> None:
    plain, averaged = weights(world.train()), weights(world.train(elsewhere, ema_decay=0.9))
    start = dict(world.pruned.open().denoiser.named_parameters())
    for name in ("motion.weight", "motion.bias"):
        moved, lagging = (plain[name] - start[name]).norm(), (averaged[name] - start[name]).norm()
        assert 0 < lagging < moved


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_before_the_update(world, value) -> None:
    settings = world.settings(epochs=1, batch_size=1, checkpoint_every=1)
    references = world.predictions(settings)
    world.clips.full["full3"].latents.fill_(value)
    with pytest.raises(UserError, match=r"the loss is nan, nothing was updated .*pair3") as caught:
        train(world.pruned, world.teacher, world.pairs, world.clips, references, world.checkpoints, settings)
    checkpoints = sorted(world.checkpoints.path.glob("*/step_*"))
    assert str(checkpoints[-1]) in str(caught.value)
    assert str(caught.value).startswith(f"step {int(checkpoints[-1].name[-8:]) + 1}:")
    saved = load_file(checkpoints[-1] / "weights.safetensors")
    current = dict(world.pruned.opened[-1].denoiser.named_parameters())
    assert all(torch.equal(current[name], tensor) for name, tensor in saved.items())


@pytest.mark.parametrize("method", ["redpo", "sft", "dpo"])
@pytest.mark.parametrize("side", ["full", "pruned"])
def test_of_a_whole_batch_the_broken_pair_is_named_alone(world, method, side) -> None:
    settings = world.settings(method=method, epochs=1, batch_size=7)
    references = world.predictions(settings)
    getattr(world.clips, side)[f"{side}3"].latents.fill_(float("nan"))
    with pytest.raises(UserError, match=r"step 1: the (loss|gradient norm) is nan.*; pairs: pair3\);"):
        train(world.pruned, world.teacher, world.pairs, world.clips, references, world.checkpoints, settings)
    assert not world.checkpoints.path.exists()


@pytest.mark.parametrize("method", ["redpo", "dpo"])
def test_a_loss_that_overflows_stops_before_the_update(world, method) -> None:
    with pytest.raises(UserError, match=r"step 1: the loss is inf, nothing was updated .*pairs: pair"):
        world.train(method=method, beta=1e39, batch_size=7)
    before = dict(world.pruned.open().denoiser.named_parameters())
    after = dict(world.pruned.opened[-2].denoiser.named_parameters())
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_a_broken_pair_is_named_before_the_terms_are_weighed(world) -> None:
    settings = world.settings(sft_weight="auto", epochs=1, batch_size=7)
    references = world.predictions(settings)
    world.clips.full["full3"].latents.fill_(float("nan"))
    with pytest.raises(UserError, match=r"step 1: the sum of the terms' gradient norms is nan.*: pair3\);"):
        train(world.pruned, world.teacher, world.pairs, world.clips, references, world.checkpoints, settings)


def test_the_first_step_has_no_good_checkpoint_to_name(world) -> None:
    world.pruned.prepare = lambda family: family.denoiser.spatial.weight.data.fill_(float("nan"))
    with pytest.raises(UserError, match=r"step 1: the loss is nan.*last good checkpoint: none yet"):
        world.train()


def test_a_gradient_that_is_not_finite_stops_too(world) -> None:
    def prepare(family) -> None:
        family.denoiser.motion.weight.register_hook(lambda gradient: gradient * float("inf"))

    world.pruned.prepare = prepare
    with pytest.raises(UserError, match="step 1: the gradient norm is (inf|nan)"):
        world.train(gradient_norm_every=100)
    assert not world.checkpoints.path.exists()


def test_progress_goes_to_stderr_with_a_title(world, capsys, monkeypatch) -> None:
    monkeypatch.setattr(bars, "A_MOMENT", 0.0)
    world.train()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Training the student (redpo)" in shown.err
    assert "6/6" in shown.err
