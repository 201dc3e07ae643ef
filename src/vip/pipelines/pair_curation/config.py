"""The parameters of pair curation."""

from typing import Annotated

from pydantic import ConfigDict, Field, field_validator
from pydantic.dataclasses import dataclass

from vip.errors import nearest
from vip.types import PROPERTIES


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Threshold:
    """tau_p of one property: exactly one of a score and a quantile of the pruned model's scores."""

    value: Annotated[float | None, Field(allow_inf_nan=False)] = None
    """A score on the reward's own scale."""
    quantile: Annotated[float | None, Field(ge=0, le=1)] = None
    """The share of the pruned model's clips, worst first, that are too bad to be losers."""

    def __post_init__(self) -> None:
        """Refuse both, and neither."""
        if (self.value is None) == (self.quantile is None):
            raise ValueError(
                f"a threshold is exactly one of value and quantile, not value: {self.value} and "
                f"quantile: {self.quantile}; write for example {{quantile: 0.1}}"
            )


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class PairCuration:
    """Which losers are too bad to learn from, and which prompts speak of a property."""

    thresholds: dict[str, Threshold]
    """tau_p by property; every property needs one, as pruning may damage any of them."""
    describes_threshold: Annotated[float, Field(ge=0, le=1)]
    """A prompt serves a property from this probability on that it describes it."""
    maximum_pairs: Annotated[int, Field(ge=1)] | None
    """Most pairs of a stage, drawn from all properties alike; None keeps all."""

    @field_validator("thresholds")
    @classmethod
    def _name_every_property(cls, thresholds: dict[str, Threshold]) -> dict[str, Threshold]:
        for name in sorted(set(thresholds) - set(PROPERTIES)):
            raise ValueError(f"thresholds names {name!r}, which is no property{nearest(name, PROPERTIES)}")
        if missing := [name for name in PROPERTIES if name not in thresholds]:
            raise ValueError(
                f"thresholds has {len(thresholds)} of {len(PROPERTIES)} properties, without "
                f"{', '.join(missing)}; "
                "add for example {quantile: 0.1} for each"
            )
        return thresholds
