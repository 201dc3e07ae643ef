"""Names in YAML become rewards and judges, and a slip of the pen is told with the nearest name."""

import pytest

from vip.errors import UserError
from vip.judges.lexicon import Lexicon
from vip.judges.registry import judge_named
from vip.rewards.registry import reward_named
from vip.rewards.shapes_oracle import ShapesOracle


def test_names_are_built_with_their_options():
    needed = {"visual_quality": 1, "temporal_consistency": 1, "dynamic_degree": 1, "text_alignment": 1}
    assert isinstance(reward_named("shapes_oracle", {}), ShapesOracle)
    judge = judge_named("lexicon", {"needed": needed})
    assert isinstance(judge, Lexicon)
    assert judge.fingerprint == Lexicon(needed=needed).fingerprint


@pytest.mark.parametrize(
    ("build", "name", "message"),
    [
        (reward_named, "shape_oracle", r"reward 'shape_oracle' is unknown; did you mean 'shapes_oracle'\?"),
        (
            judge_named,
            "lexicn",
            r"judge 'lexicn' is unknown; did you mean 'lexicon'\? \(known: chat_server",
        ),
        (judge_named, "zzzz", r"judge 'zzzz' is unknown \(known: chat_server"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_and_all(build, name, message):
    with pytest.raises(UserError, match=message):
        build(name, {})


@pytest.mark.parametrize(
    ("build", "name", "message"),
    [
        (reward_named, "shapes_oracle", r"reward 'shapes_oracle' has no option sharpness \(known: none\)"),
        (judge_named, "lexicon", r"judge 'lexicon' has no option sharpness \(known: needed, words\)"),
    ],
)
def test_an_unknown_option_is_refused(build, name, message):
    with pytest.raises(UserError, match=message):
        build(name, {"sharpness": 3})
