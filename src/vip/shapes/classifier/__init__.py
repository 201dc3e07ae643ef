"""A small network that reads frames of the shapes world: what they show, where, and how damaged it is.

`damage.py` spoils renderings in known ways, `examples.py` draws them with the truth about them, `network.py`
learns to tell it (`training.py`), `reading.py` says what it tells of a clip, `scores.py` turns that and a
caption into four scores, `accuracy.py` counts how often it is right. What `weights.safetensors` was made by:

    kedro run --pipeline=classifier_training

What it has seen: single frames with one shape or none, all drawn by the renderer and spoiled at random. No
clip of any model, no caption, and neither the oracle nor the search for the nearest rendering.
"""

from vip.shapes.classifier.scores import score_clip

__all__ = ["score_clip"]
