"""Names in YAML become rewards and judges, and a slip of the pen is told with the nearest name."""

from inspect import signature
from pydoc import locate

import pytest

from vip.errors import UserError
from vip.judges.lexicon import Lexicon
from vip.judges.registry import JUDGES, check_judge, judge_named
from vip.rewards.registry import REWARDS, check_reward, reward_named
from vip.rewards.shapes_oracle import ShapesOracle


@pytest.mark.parametrize(
    ("check", "name", "options", "message"),
    [
        (check_judge, "chat_server", {}, "judge 'chat_server' needs the option url, model; set it under"),
        (
            check_judge,
            "chat_server",
            {"url": "http://127.0.0.1:1/v1", "model": "m", "parallel": "four"},
            "judge 'chat_server': option parallel is 'four': ",
        ),
        (check_judge, "language_model", {"model": ["a"]}, "option model is .'a'.: "),
        (check_judge, "lexicn", {}, "did you mean lexicon"),
        (
            check_judge,
            "lexicon",
            {"needed": {"visual_quality": "two"}},
            "option needed.visual_quality is 'two'",
        ),
        (check_reward, "videoscore", {"frames": 2.5}, "reward 'videoscore': option frames is 2.5: "),
        (check_reward, "videoscore", {"precision": "fp8"}, "option precision is 'fp8'"),
        (
            check_reward,
            "clip",
            {"ranges": {"visual_quality": ["low", 1]}},
            "option ranges.visual_quality.0 is .low.",
        ),
    ],
)
def test_options_that_are_missing_or_of_another_type_are_refused_before_anything_is_built(
    check, name, options, message
):
    with pytest.raises(UserError, match=message):
        check(name, options)


@pytest.mark.parametrize(("check", "registry"), [(check_judge, JUDGES), (check_reward, REWARDS)])
def test_every_option_of_every_name_has_a_type_that_can_be_checked(check, registry):
    for name in registry:
        with pytest.raises(UserError, match="no option sharpness"):
            check(name, {"sharpness": 3})
        factory = locate(registry[name].replace(":", "."))
        needed = {
            option: "x"
            for option, given in signature(factory).parameters.items()
            if given.default is given.empty and option != "rewards"
        }
        check(name, needed | ({"rewards": []} if "rewards" in signature(factory).parameters else {}))


def test_names_are_built_with_their_options():
    needed = {"visual_quality": 1, "temporal_consistency": 1, "dynamic_degree": 1, "text_alignment": 1}
    assert isinstance(reward_named("shapes_oracle", {}), ShapesOracle)
    judge = judge_named("lexicon", {"needed": needed})
    assert isinstance(judge, Lexicon)
    assert judge.fingerprint == Lexicon(needed=needed).fingerprint


@pytest.mark.parametrize(
    ("build", "name", "message"),
    [
        (reward_named, "shape_oracle", r"reward 'shape_oracle' is unknown; did you mean shapes_oracle\?"),
        (judge_named, "lexicn", r"judge 'lexicn' is unknown; did you mean lexicon\?$"),
        (judge_named, "zzzz", r"judge 'zzzz' is unknown; known are chat_server"),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest_or_all(build, name, message):
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
