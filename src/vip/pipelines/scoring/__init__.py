"""Scoring: a reward model's view of every clip (METHOD 2.5)."""
