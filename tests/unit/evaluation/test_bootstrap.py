"""The paired bootstrap: hand-checked cases, determinism, and the coverage it promises."""

import math

import numpy as np
import pytest

from vip.errors import UserError
from vip.evaluation.bootstrap import Bootstrap, paired_interval


def test_equal_differences_have_no_spread() -> None:
    interval = paired_interval(np.full(10, 0.25), Bootstrap(100, 0.95, seed=0))
    assert (interval.mean, interval.low, interval.high) == (0.25, 0.25, 0.25)


def test_two_differences_by_hand() -> None:
    """Resampled means of {0, 1} are 0, 1/2 and 1 with probabilities 1/4, 1/2, 1/4."""
    wide = paired_interval(np.array([0.0, 1.0]), Bootstrap(2000, 0.95, seed=0))
    narrow = paired_interval(np.array([0.0, 1.0]), Bootstrap(2000, 0.3, seed=0))
    assert (wide.mean, wide.low, wide.high) == (0.5, 0.0, 1.0)
    assert (narrow.low, narrow.high) == (0.5, 0.5)


def test_matches_the_normal_interval_of_many_differences() -> None:
    differences = np.random.default_rng(0).normal(0.3, 1.0, size=2000)
    interval = paired_interval(differences, Bootstrap(2000, 0.95, seed=1))
    half_width = 1.96 * differences.std() / math.sqrt(2000)
    assert interval.mean == pytest.approx(differences.mean())
    assert interval.low == pytest.approx(interval.mean - half_width, abs=0.1 * half_width)
    assert interval.high == pytest.approx(interval.mean + half_width, abs=0.1 * half_width)


def test_depends_on_its_arguments_alone() -> None:
    differences = np.arange(7.0)
    first = paired_interval(differences, Bootstrap(200, 0.9, seed=3))
    np.random.default_rng().normal()
    assert paired_interval(differences, Bootstrap(200, 0.9, seed=3)) == first
    assert paired_interval(differences, Bootstrap(200, 0.9, seed=4)) != first


def test_negated_differences_negate_the_mean_and_a_shift_shifts_the_interval() -> None:
    differences = np.array([0.1, 0.4, -0.2, 0.9])
    base = paired_interval(differences, Bootstrap(500, 0.95, seed=0))
    shifted = paired_interval(differences + 2, Bootstrap(500, 0.95, seed=0))
    negated = paired_interval(-differences, Bootstrap(500, 0.95, seed=0))
    assert (shifted.low, shifted.high) == (pytest.approx(base.low + 2), pytest.approx(base.high + 2))
    assert (negated.mean, negated.low) == (pytest.approx(-base.mean), pytest.approx(-base.high))


def test_one_pair_tells_no_spread() -> None:
    interval = paired_interval(np.array([0.7]), Bootstrap(100, 0.95, seed=0))
    assert interval.mean == 0.7
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)


def test_no_pairs_and_bad_numbers_are_refused() -> None:
    with pytest.raises(UserError, match="0 paired differences"):
        paired_interval(np.array([]), Bootstrap(100, 0.95, 0))
    with pytest.raises(UserError, match="1 of 2 .* not finite"):
        paired_interval(np.array([1.0, np.nan]), Bootstrap(100, 0.95, 0))


def test_covers_the_true_mean_as_often_as_it_says() -> None:
    generator = np.random.default_rng(7)
    datasets = generator.gamma(4.0, 0.25, size=(400, 60)) - 1.0
    intervals = [paired_interval(row, Bootstrap(400, 0.95, seed)) for seed, row in enumerate(datasets)]
    coverage = np.mean([interval.low <= 0 <= interval.high for interval in intervals])
    assert 0.90 <= coverage <= 0.98
