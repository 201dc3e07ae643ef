"""The lexicon judge counts words, and its probabilities can be worked out by hand."""

import pytest

from vip.errors import UserError
from vip.judges.lexicon import DEFAULT, NEEDED, Lexicon
from vip.types import PROPERTIES

WORDS = {
    "visual_quality": ["sharp", "red"],
    "temporal_consistency": ["same"],
    "dynamic_degree": ["runs", "not move"],
    "text_alignment": ["red", "dog", "runs"],
}
ONE_NEEDED = dict.fromkeys(PROPERTIES, 1)


def test_n_words_of_m_needed_give_n_over_n_and_half_of_m():
    judge = Lexicon(WORDS, {**ONE_NEEDED, "text_alignment": 4})
    rows = judge.judge(["a red dog runs", "SHARP and red, always the same", "does not move"])
    assert rows.tolist() == [
        pytest.approx([2 / 3, 0, 2 / 3, 3 / 5]),
        pytest.approx([4 / 5, 2 / 3, 0, 1 / 3]),
        pytest.approx([0, 0, 2 / 3, 0]),
    ]


def test_only_whole_words_count():
    assert Lexicon(WORDS, ONE_NEEDED).judge(["reddish dogma overruns sameness"]).max() == 0.0


def test_more_things_stated_mean_more_text_alignment():
    prompts = [
        "something",
        "a circle",
        "a red circle",
        "a red circle on black",
        "a red circle moves left on black",
    ]
    alignment = Lexicon().judge(prompts)[:, 3]
    assert alignment[0] == 0.0
    assert (alignment[1:] > alignment[:-1]).all()


@pytest.mark.parametrize(
    ("prompt", "described"),
    [
        ("a red circle moves left on a black background", {"dynamic_degree"}),
        ("a red circle rests in place on a black background", {"dynamic_degree"}),
        ("a red circle does not move", {"dynamic_degree"}),
        ("a red circle on a black background keeping its colour", {"temporal_consistency"}),
        ("a red circle on a black background always looking the same", {"temporal_consistency"}),
        ("a crisp red circle on a black background", set()),
    ],
)
def test_the_default_words_tell_motion_and_constancy_from_looks(prompt, described):
    row = dict(zip(PROPERTIES, Lexicon().judge([prompt])[0], strict=True))
    assert row["visual_quality"] >= 0.5
    for name in described:
        assert row[name] >= 0.5
    assert ("dynamic_degree" in described) == (row["dynamic_degree"] >= 0.5)


def test_options_must_name_every_property():
    with pytest.raises(UserError, match="words names dynamic_degree; it must name each of visual_quality"):
        Lexicon({"dynamic_degree": ["runs"]})
    with pytest.raises(UserError, match="needed names"):
        Lexicon(DEFAULT, {"vividness": 1})


def test_the_fingerprint_follows_words_and_numbers():
    fingerprints = [
        Lexicon().fingerprint,
        Lexicon(WORDS).fingerprint,
        Lexicon(WORDS, ONE_NEEDED).fingerprint,
    ]
    assert len(set(fingerprints)) == 3
    assert Lexicon(dict(DEFAULT), dict(NEEDED)).fingerprint == fingerprints[0]
