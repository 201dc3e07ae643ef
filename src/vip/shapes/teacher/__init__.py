"""The embedded teacher: a small, genuine AnimateDiff-type pipeline and the two trainings that make it."""
