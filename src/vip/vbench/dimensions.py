"""VBench's sixteen dimensions, and what its leaderboard makes of them: Quality, Semantic and Total.

Weights, ranges and formulas are those that VBench publishes (Vchitect/VBench, scripts/constant.py and
scripts/cal_final_score.py). The tests check them against rows of the published leaderboard.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vip.errors import UserError


@dataclass(frozen=True)
class Dimension:
    """Its weight within its group, and the raw scores that are normalised to 0 and 1."""

    weight: float = 1.0
    low: float = 0.0
    high: float = 1.0

    def normalise(self, score: float) -> float:
        """The raw score on the scale of the leaderboard's sums; beyond the range it is not clipped."""
        return (score - self.low) / (self.high - self.low)


DYNAMIC_DEGREE = "dynamic_degree"
FLICKERING = "temporal_flickering"
QUALITY: dict[str, Dimension] = {
    "subject_consistency": Dimension(low=0.1462),
    "background_consistency": Dimension(low=0.2615),
    FLICKERING: Dimension(low=0.6293),
    "motion_smoothness": Dimension(low=0.706, high=0.9975),
    DYNAMIC_DEGREE: Dimension(weight=0.5),
    "aesthetic_quality": Dimension(),
    "imaging_quality": Dimension(),
}
SEMANTIC: dict[str, Dimension] = {
    "object_class": Dimension(),
    "multiple_objects": Dimension(),
    "human_action": Dimension(),
    "color": Dimension(),
    "spatial_relationship": Dimension(),
    "scene": Dimension(high=0.8222),
    "appearance_style": Dimension(low=0.0009, high=0.2855),
    "temporal_style": Dimension(high=0.364),
    "overall_consistency": Dimension(high=0.364),
}
DIMENSIONS: dict[str, Dimension] = QUALITY | SEMANTIC
QUALITY_SHARE = 0.8
"""Of the total; the rest is Semantic."""


@dataclass(frozen=True)
class Totals:
    """The leaderboard's three sums, 0..1."""

    quality: float
    semantic: float
    total: float


def totals(scores: Mapping[str, float]) -> Totals:
    """Quality, Semantic and Total from the raw scores of all sixteen dimensions, as VBench computes them.

    UserError where a dimension is missing, which VBench's script counts as 0, or a score is no share or
    cosine.
    """
    check_complete(scores)
    for name in DIMENSIONS:
        if not -1 <= scores[name] <= 1:  # also false for NaN
            raise UserError(
                f"VBench's {name} is {scores[name]}, not a share or a cosine; run that dimension again"
            )
    quality, semantic = _weighted_mean(QUALITY, scores), _weighted_mean(SEMANTIC, scores)
    return Totals(quality, semantic, QUALITY_SHARE * quality + (1 - QUALITY_SHARE) * semantic)


def check_complete(names: Iterable[str]) -> None:
    """UserError naming the dimensions that are missing."""
    missing = [name for name in DIMENSIONS if name not in set(names)]
    if missing:
        raise UserError(
            f"{len(missing)} of VBench's {len(DIMENSIONS)} dimensions are missing ({', '.join(missing)}); "
            "totals need all of them"
        )


def _weighted_mean(group: Mapping[str, Dimension], scores: Mapping[str, float]) -> float:
    weights = [dimension.weight for dimension in group.values()]
    parts = [dimension.weight * dimension.normalise(scores[name]) for name, dimension in group.items()]
    return math.fsum(parts) / math.fsum(weights)
