"""The oracle: measures what a clip shows, by pixels alone, and scores it against what a caption asks.

`measurement.py` finds the scene in any clip; `scores.py` turns measurement and caption into the four scores.
"""

from vip.shapes.oracle.measurement import Measurement, measure
from vip.shapes.oracle.scores import score_clip, score_measurement

__all__ = ["Measurement", "measure", "score_clip", "score_measurement"]
