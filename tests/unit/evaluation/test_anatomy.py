"""Which units went when, and bars that stay on their axis."""

import pytest
from tests.unit.evaluation import synthetic

from vip.evaluation.anatomy import dissect, summary
from vip.evaluation.stages import Evidence


def test_units_are_in_network_order_with_the_stage_that_removed_them(stages: tuple[Evidence, ...]) -> None:
    units = dissect(stages).units
    assert [unit.name for unit in units] == synthetic.UNITS
    assert [unit.number for unit in units] == list(range(1, 10))
    gone = {unit.name: unit.removed_in for unit in units if unit.removed_in}
    assert gone == {name: stage for stage in (1, 2) for name in synthetic.REMOVED[stage]}


def test_bars_are_there_for_measured_units_only(stages: tuple[Evidence, ...]) -> None:
    units = {unit.name: unit for unit in dissect(stages).units}
    must_stay = units[synthetic.UNITS[5]]
    assert not must_stay.removable
    assert must_stay.bars == (None, None)
    went_first = units[synthetic.REMOVED[1][0]]
    assert went_first.bars[0] is not None
    assert went_first.bars[1] is None


def test_bars_lie_on_the_common_axis(stages: tuple[Evidence, ...]) -> None:
    anatomy = dissect(stages)
    spread = anatomy.highest - anatomy.lowest
    for unit in anatomy.units:
        for bar in filter(None, unit.bars):
            edge = bar.left if bar.difference < 0 else bar.left + bar.width
            assert anatomy.lowest + edge / 100 * spread == pytest.approx(bar.difference)
            other = bar.left + bar.width if bar.difference < 0 else bar.left
            assert other == pytest.approx(anatomy.zero)
            assert anatomy.lowest + bar.whisker_left / 100 * spread == pytest.approx(bar.low)
            assert bar.whisker_left >= -1e-9
            assert bar.whisker_left + bar.whisker_width <= 100 + 1e-9


def test_summary_by_hand(stages: tuple[Evidence, ...]) -> None:
    table = stages[0].block_importance.set_index(["unit", "dimension"])["difference"]
    alone = sum(table[name, "average"] for name in synthetic.REMOVED[1])
    said = summary(stages[0])
    assert said.startswith("Stage 1 removed 2 units, 14% of the parameters it found.")
    assert f"{abs(alone):.3f}" in said
