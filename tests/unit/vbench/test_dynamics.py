"""The dynamic degree in both versions, and the measures that need no model."""

import numpy as np
import pytest

from vip.errors import UserError
from vip.vbench import dynamics
from vip.vbench.dynamics import is_dynamic, labels, prompt_hash, revised_dynamic_degree, stillness
from vip.vbench.measures import MEASURED, measure

STATIC, DYNAMIC = "a bicycle leaning against a tree", "a dog running happily"


def test_every_one_of_the_72_prompts_has_a_label():
    known = labels()
    assert len(known) == 72
    assert all(len(key) == 16 and set(key) <= set("0123456789abcdef") for key in known)
    assert known[prompt_hash(STATIC)] == "static"
    assert known[prompt_hash(DYNAMIC)] == "dynamic"
    assert sorted(known.values()).count("static") == 6


def test_a_video_counts_that_does_what_its_prompt_asks_for():
    prompts = {"s0": STATIC, "s1": STATIC, "d0": DYNAMIC, "d1": DYNAMIC}
    assert revised_dynamic_degree({"s0": False, "s1": False, "d0": True, "d1": True}, prompts) == 1
    assert revised_dynamic_degree({"s0": True, "s1": True, "d0": False, "d1": False}, prompts) == 0
    assert revised_dynamic_degree({"s0": False, "s1": True, "d0": True, "d1": True}, prompts) == 0.75


def test_a_prompt_without_a_label_is_refused():
    with pytest.raises(
        UserError, match="1 prompts of 2 videos have no label static or dynamic .*'a cat sleeping'"
    ):
        revised_dynamic_degree({"a": True, "b": True}, {"a": "a cat sleeping", "b": DYNAMIC})
    with pytest.raises(UserError, match="0 prompts of 0 videos"):
        revised_dynamic_degree({}, {})


@pytest.mark.parametrize(
    ("moved", "frames", "rate", "expected"),
    [
        ([6.1] * 15, 16, 8, True),
        ([5.9] * 15, 16, 8, False),
        ([6.1] * 4 + [0] * 11, 16, 8, True),
        ([6.1] * 3 + [0] * 12, 16, 8, False),
        ([5.9] * 15, 16, 4, False),
        ([6.1] * 15, 16, 4, True),  # at a lower rate every frame is looked at, and the way is the same
        ([6.1] * 4 + [0] * 11, 32, 16, True),  # every other frame is looked at
        ([], 1, 8, False),
    ],
)
def test_vbenchs_rule_by_hand(monkeypatch, moved, frames, rate, expected):
    seen = []

    def displacements(clip):
        seen.append(len(clip))
        return np.array(moved)

    monkeypatch.setattr("vip.motion.displacements", displacements)
    assert is_dynamic(np.zeros((frames, 256, 512, 3), np.uint8), rate) is expected
    assert seen == [min(frames, 16)]


def test_the_way_is_measured_by_the_shorter_side(monkeypatch):
    monkeypatch.setattr("vip.motion.displacements", lambda clip: np.full(15, 4.0))
    assert is_dynamic(np.zeros((16, 128, 512, 3), np.uint8), 8)
    assert not is_dynamic(np.zeros((16, 256, 256, 3), np.uint8), 8)


def test_stillness_by_hand():
    frames = np.zeros((3, 2, 2, 3), np.uint8)
    assert stillness(frames) == 1
    frames[1] = 255
    assert stillness(frames) == 0
    frames[1:] = 51
    assert stillness(frames) == pytest.approx(1 - 0.2 / 2)
    with pytest.raises(UserError, match="a video has 1 frames, temporal flickering needs 2"):
        stillness(frames[:1])


def test_measures_go_by_their_dimension():
    frames = np.zeros((4, 32, 32, 3), np.uint8)
    assert {name: measure(name, frames, 8) for name in MEASURED} == {
        "temporal_flickering": 1,
        "dynamic_degree": 0,
    }


def test_a_label_other_than_the_two_is_noticed(monkeypatch):
    class Table:
        def joinpath(self, name):
            return self

        def read_text(self, encoding):
            return "prompt_sha256,label,what\n0123,still,x\n"

    monkeypatch.setattr(dynamics, "files", lambda package: Table())
    with pytest.raises(AssertionError, match="still"):
        labels()
