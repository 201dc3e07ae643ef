"""Budgets of all stages, one after the other."""

import pytest

from vip.errors import UserError
from vip.planning.budgets import units_of_stages
from vip.pruning.selection import Budget
from vip.types import Unit

UNITS = [Unit(name, (name,), size) for name, size in (("a", 10), ("b", 20), ("c", 30), ("d", 40))]
FIXED = Unit("fixed", ("fixed",), 5, removable=False, reason="changes the channels")


def searched(units, budgets) -> list[int]:
    return [stage.searched for stage in units_of_stages(units, budgets, "module")]


def removed(units, budgets) -> list[tuple[str, ...]]:
    return [stage.removed for stage in units_of_stages(units, budgets, "module")]


def test_blocks_go_stage_by_stage():
    assert searched([*UNITS, FIXED], [Budget(1, None), Budget(2, None)]) == [4, 3]


def test_the_smallest_leave_the_most_to_compute():
    """Of 100 parameters 70 may stay: a and b (30) go. Of c and d (70) 45 may stay: c (30) goes."""
    assert removed([*UNITS, FIXED], [Budget(1, None), Budget(2, None)]) == [("a",), ("b", "c")]
    assert removed(UNITS, [Budget(None, 70), Budget(None, 45)]) == [("a", "b"), ("c",)]


def test_targets_leave_the_most_to_search():
    """Of 100 parameters 70 may stay: without d (40) three units are left; without the two smallest, two."""
    assert searched(UNITS, [Budget(None, 70), Budget(None, 45)]) == [4, 3]


@pytest.mark.parametrize(
    ("budgets", "message"),
    [
        ([Budget(2, None), Budget(3, None)], r"stage_2\.budget: blocks_per_stage is 3, .* has 2 rem"),
        ([Budget(None, 70), Budget(None, 70)], r"stage_2\.budget: target_parameters is 70"),
        ([Budget(None, 3)], r"stage_1\.budget: target_parameters is 3, but without all 4"),
    ],
)
def test_the_stage_that_cannot_be_is_named(budgets, message):
    with pytest.raises(UserError, match=message):
        units_of_stages([*UNITS, FIXED], budgets, "module")
