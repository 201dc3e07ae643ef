"""Units survive their table, and the table its file."""

import pandas as pd

from vip.datasets.tables import TableDataset
from vip.pruning.units import units_of, units_table
from vip.types import Unit

UNITS = (
    Unit("down.0", ("down.0.a", "down.0.b"), 30),
    Unit("down.1", ("down.1",), 12, removable=False, reason="changes the channels, so it must stay"),
)


def test_units_are_what_their_table_says():
    assert units_of(units_table(UNITS)) == UNITS
    assert units_of(units_table(())) == ()


def test_units_survive_a_csv_file(tmp_path):
    dataset = TableDataset(filepath=str(tmp_path / "units.csv"))
    dataset.save(units_table(UNITS))
    read = dataset.load()
    assert isinstance(read, pd.DataFrame)
    assert units_of(read) == UNITS
