"""From words and log-probabilities to a probability of yes."""

import math

import pytest

from vip.judges.answers import probability, said


@pytest.mark.parametrize("text", ["yes", "Yes", " YES.", "**yes**", "\nyes,"])
def test_yes_is_yes_however_it_is_written(text):
    assert said(text) == "yes"


@pytest.mark.parametrize("text", ["yesterday", "not", "none", "", "yes no", "ye"])
def test_other_words_are_neither(text):
    assert said(text) is None


def test_all_ways_to_say_a_word_count_together():
    logs = {"yes": [math.log(0.1), math.log(0.2)], "no": [math.log(0.1)]}
    assert probability(logs["yes"], logs["no"]) == pytest.approx(0.75)
    assert probability(logs["no"], logs["yes"]) == pytest.approx(0.25)


def test_logits_may_be_shifted_by_any_constant():
    assert probability([800.0], [799.0]) == pytest.approx(probability([1.0], [0.0]))


def test_a_word_without_any_probability_settles_it():
    assert probability([-3.0], []) == 1.0
    assert probability([], [-3.0]) == pytest.approx(0.0, abs=1e-12)
    assert 0 <= probability([-1e6], [0.0]) < 1e-12
