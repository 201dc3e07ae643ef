"""The table of units: one line each, and their sum."""

from vip.commands.units import units_as_text
from vip.families.animatediff import AnimateDiff


def test_each_unit_and_their_sum_are_listed(tiny_teacher):
    model = AnimateDiff.open(tiny_teacher, "meta")
    lines = units_as_text(model, "module").splitlines()
    units = model.units("module")
    assert lines[0].split() == ["unit", "parameters", "share", "FLOPs", "removable"]
    assert [line.split()[0] for line in lines[1:-1]] == [unit.name for unit in units]
    assert [int(line.split()[1].replace(",", "")) for line in lines[1:-1]] == [
        unit.parameters for unit in units
    ]
    assert f"{model.flops():,}" in lines[-1]
    assert f"{len(units)} removable" in lines[-1]


def test_nothing_is_copied_for_it(tiny_teacher, monkeypatch):
    def copied(*_: object) -> None:
        raise AssertionError("a model of many layers takes minutes to copy once a unit")

    model = AnimateDiff.open(tiny_teacher, "meta")
    monkeypatch.setattr("copy.deepcopy", copied)
    assert units_as_text(model, "module")


def test_the_units_flops_add_up(tiny_teacher):
    model = AnimateDiff.open(tiny_teacher, "meta")
    rows = [line.split() for line in units_as_text(model, "block").splitlines()[1:-1]]
    assert sum(int(row[3].replace(",", "")) for row in rows) == model.flops()
