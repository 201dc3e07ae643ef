"""The greedy choice under a budget: worked out by hand, and its invariants."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vip.errors import UserError
from vip.pruning.selection import cheapest_first, choose_count, choose_target
from vip.types import Unit


def units(*parameters):
    """Removable units a, b, c ... and 100 parameters that must stay."""
    names = "abcdefghijkl"
    return (
        *(Unit(name, (name,), size) for name, size in zip(names, parameters, strict=False)),
        Unit("stay", ("stay",), 100, removable=False, reason="changes channels"),
    )


LOSSES = {"a": 0.3, "b": -0.1, "c": 0.0, "d": 0.3}


def test_cheapest_first_with_ties_by_name_and_without_what_must_stay():
    assert [unit.name for unit in cheapest_first(units(1, 1, 1, 1), LOSSES)] == ["b", "c", "a", "d"]
    assert [unit.name for unit in cheapest_first(reversed(units(1, 1, 1, 1)), LOSSES)] == ["b", "c", "a", "d"]


def test_count_by_hand():
    assert choose_count(units(1, 1, 1, 1), LOSSES, 3, "module") == ["b", "c", "a"]
    assert choose_count(units(1, 1, 1, 1), LOSSES, 4, "module") == ["b", "c", "a", "d"]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (199, ["b"]),  # 200 parameters; b leaves 180
        (180, ["b"]),
        (179, ["c"]),  # b and c leave 150; b (20) is given back: 170
        (169, ["b", "c"]),
        (140, ["b", "a"]),  # b, c and a leave 110; c (30) is given back: 140
        (130, ["c", "a"]),  # b, c and a leave 110; c may not return, b (20) may: 130
        (100, ["b", "c", "a", "d"]),
    ],
)
def test_target_by_hand(target, expected):
    assert choose_target(units(40, 20, 30, 10), LOSSES, target, "module") == expected


def test_one_large_unit_gives_the_small_ones_back():
    assert choose_target(units(90, 5, 5), {"a": 0.9, "b": 0.0, "c": 0.1}, 110, "module") == ["a"]


SIZES = st.lists(st.integers(1, 50), min_size=1, max_size=8)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(sizes=SIZES, losses=st.lists(st.integers(-5, 5), min_size=8, max_size=8), share=st.floats(0, 0.999))
def test_a_target_is_met_and_no_unit_removed_in_vain(sizes, losses, share):
    model = units(*sizes)
    target = 100 + int(share * sum(sizes))
    costs = dict(zip("abcdefgh", map(float, losses), strict=True))
    chosen = choose_target(model, costs, target, "module")
    size_of = {unit.name: unit.parameters for unit in model}
    left = sum(size_of.values()) - sum(size_of[name] for name in chosen)
    assert left <= target
    assert all(left + size_of[name] > target for name in chosen)
    assert [costs[name] for name in chosen] == sorted(costs[name] for name in chosen)
    assert "stay" not in chosen


def test_a_count_above_the_removable_units_is_refused():
    with pytest.raises(UserError) as error:
        choose_count(units(1, 1, 1, 1), LOSSES, 9, "block")
    assert str(error.value) == (
        "blocks_per_stage is 9, this model has 4 removable units; lower it or choose granularity: module"
    )
    with pytest.raises(UserError, match="4 removable units; lower it$"):
        choose_count(units(1, 1, 1, 1), LOSSES, 9, "module")


def test_impossible_targets_are_refused():
    with pytest.raises(UserError, match="target_parameters is 104, .* only 104 .* between 100 and 103"):
        choose_target(units(1, 1, 1, 1), LOSSES, 104, "module")
    with pytest.raises(
        UserError, match="99, but without all 4 .* 100 of 104 .* raise it or choose granularity"
    ):
        choose_target(units(1, 1, 1, 1), LOSSES, 99, "block")


@pytest.mark.parametrize(
    ("choose", "amount", "message"),
    [
        (choose_count, 4, "all 4 units of this model; blocks_per_stage is 4, lower it"),
        (choose_target, 0, "all 4 units of this model; target_parameters is 0, raise it"),
    ],
)
def test_a_model_is_not_left_without_anything_to_train(choose, amount, message):
    removable = [unit for unit in units(1, 1, 1, 1) if unit.removable]
    with pytest.raises(UserError, match=message):
        choose(removable, LOSSES, amount, "module")
