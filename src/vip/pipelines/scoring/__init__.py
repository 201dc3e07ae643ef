"""Scoring: a reward model's view of every clip."""
