"""A second opinion on clips of the shapes world: the rendering that comes nearest, found by searching.

`dictionary.py` holds renderings of the whole grammar on a grid, `search.py` finds the nearest ones, and
`scores.py` turns what was found, what is left over and the caption into four scores. The oracle and it share
what a scene is, and no more: no fitted colours here, no Gauss-Newton steps, other formulas for every score.
"""

from vip.shapes.inverse_rendering.scores import score_clip
from vip.shapes.inverse_rendering.search import Explanation, explain

__all__ = ["Explanation", "explain", "score_clip"]
