"""A stopped training loses no step, and never goes on with settings that are not its own."""

import logging
import signal
from dataclasses import fields

import pytest
import torch
from tests.unit.training.trained import assert_same

from vip.errors import UserError
from vip.training.checkpoints import CheckpointFolder
from vip.training.interruption import uninterrupted
from vip.training.optimisation import Optimisation
from vip.training.settings_diff import differences, flat_settings

STEPS = 6
RARELY = {"checkpoint_every": 100, "gradient_norm_every": 100, "ema_decay": 0.9, "warmup_steps": 4}


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("steps", range(1, STEPS))
def test_no_step_before_a_stop_is_done_again(world, elsewhere, caplog, steps, stop) -> None:
    expected = world.train(elsewhere, **RARELY)
    with caplog.at_level(logging.INFO):
        world.stopped(steps, stop, **RARELY)
    assert f"training was stopped after step {steps}, which is in a checkpoint" in caplog.text
    calls = world.stop_before(0)
    assert_same(world.train(**RARELY), expected)
    assert len(calls) == STEPS - steps


def test_a_stop_before_the_first_step_leaves_nothing(world) -> None:
    world.stopped(0, **RARELY)
    assert not world.checkpoints.path.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_weights_move_waits_until_they_have(world, elsewhere, monkeypatch, number) -> None:
    expected, update = world.train(elsewhere, **RARELY), Optimisation.update

    def update_and_be_interrupted(self, step, steps):
        if step == 2:
            signal.raise_signal(number)
        return update(self, step, steps)

    def leave(heard, _):
        raise KeyboardInterrupt

    before = signal.signal(number, leave)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(Optimisation, "update", update_and_be_interrupted)
            with pytest.raises(KeyboardInterrupt):
                world.train(**RARELY)
    finally:
        signal.signal(number, before)
    assert [path.name for path in world.checkpoints.path.glob("*/*")] == ["step_00000002"]
    assert_same(world.train(**RARELY), expected)


def test_signals_come_after_the_block_and_handlers_come_back() -> None:
    heard = []
    before = signal.signal(signal.SIGTERM, lambda number, _: heard.append(number))
    try:
        with uninterrupted():
            signal.raise_signal(signal.SIGTERM)
            assert heard == []
        assert heard == [signal.SIGTERM]
        signal.raise_signal(signal.SIGTERM)
        assert len(heard) == 2
    finally:
        signal.signal(signal.SIGTERM, before)


def test_other_settings_are_shown_and_refused_where_a_training_was_stopped(world) -> None:
    world.stopped(4, **RARELY)
    with pytest.raises(UserError) as caught:
        world.train(**RARELY | {"learning_rate": 0.5, "method": "dpo"})
    line = str(caught.value)
    assert "holds 4 of 6 steps" in line
    assert "method is 'redpo' there and 'dpo' now" in line
    assert "learning_rate is 0.01 there and 0.5 now" in line
    assert "beta" not in line
    assert "changed_settings to restart" in line
    assert "\n" not in line


def test_another_precision_is_another_setting(world) -> None:
    world.stopped(4, **RARELY)
    with pytest.raises(UserError, match="precision is 'fp32' there and 'bf16' now"):
        world.train(**RARELY | {"precision": "bf16"})


def test_what_changes_no_bit_may_be_changed_on_the_way(world, elsewhere) -> None:
    expected = world.train(elsewhere, **RARELY)
    world.stopped(4, **RARELY)
    assert_same(world.train(**RARELY | {"checkpoint_every": 1}), expected)


def test_told_to_restart_it_trains_afresh_and_leaves_the_other_where_it_is(world, elsewhere) -> None:
    world.stopped(4, **RARELY)
    other = RARELY | {"learning_rate": 0.5}
    assert_same(world.train(**other, changed_settings="restart"), world.train(elsewhere, **other))
    expected = world.train(CheckpointFolder(elsewhere.path / "more"), **RARELY)
    calls = world.stop_before(0)
    assert_same(world.train(**RARELY), expected)
    assert len(calls) == STEPS - 4


def test_a_finished_training_stands_in_nobodys_way(world, elsewhere, caplog) -> None:
    world.train(**RARELY)
    other = RARELY | {"beta": 20.0}
    with caplog.at_level(logging.INFO):
        assert_same(world.train(**other), world.train(elsewhere, **other))
    assert "beta is 10.0 there and 20.0 now" in caplog.text


def test_other_pairs_are_another_training_and_no_matter_of_settings(world) -> None:
    world.stopped(4, **RARELY)
    world.pairs = world.pairs[:-1]
    assert len(world.train(**RARELY | {"beta": 20.0}).curve) == STEPS - 2


def test_a_checkpoint_with_other_settings_under_the_same_name_is_refused(world, tmp_path) -> None:
    folder = CheckpointFolder(tmp_path / "teacher", {"autoencoder.seed": 0})
    from vip.training.checkpoints import Checkpoint

    folder.save(Checkpoint("autoencoder", 3, {"weights": {"a": torch.zeros(1)}}, {}))
    assert folder.latest("autoencoder") is not None
    changed = CheckpointFolder(folder.path, {"autoencoder.seed": 1})
    with pytest.raises(UserError, match=r"autoencoder\.seed is 0 there and 1 now.*move .*autoencoder away"):
        changed.latest("autoencoder")


def test_differences_name_both_values_and_what_is_missing() -> None:
    assert differences({"a": 1, "b": 2}, {"a": 1, "b": 2}) == ""
    assert differences({"a": 1, "b": 2}, {"a": 1, "c": 3}) == (
        "c is None there and 3 now, b is 2 there and None now"
    )


def test_settings_are_kept_flat_and_as_json_gives_them_back(world) -> None:
    flat = flat_settings(world.settings(), ("beta",))
    assert flat["learning_rate"] == 0.01
    assert "beta" not in flat
    assert set(flat) == {field.name for field in fields(world.settings())} - {"beta"}
