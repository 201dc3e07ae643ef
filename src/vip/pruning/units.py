"""Units: how many parameters they have, and a table that people read and later nodes choose from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vip.types import Table, Unit

if TYPE_CHECKING:
    from vip.families.base import VideoFamily

_COLUMNS = ("unit", "parameters", "removable", "reason", "modules")


def prunable_parameters(family: "VideoFamily") -> int:
    """Parameters of all prunable units still present."""
    return sum(unit.parameters for unit in family.units("module"))


def units_table(units: Sequence[Unit]) -> Table:
    """One row a unit, in network order; `modules` holds its module paths, separated by spaces."""
    import pandas as pd

    rows = [(unit.name, unit.parameters, unit.removable, unit.reason, " ".join(unit.paths)) for unit in units]
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def units_of(table: Table) -> tuple[Unit, ...]:
    """The units that `units_table` wrote."""
    return tuple(
        Unit(row["unit"], tuple(row["modules"].split()), row["parameters"], row["removable"], row["reason"])
        for row in table.to_dict("records")
    )
