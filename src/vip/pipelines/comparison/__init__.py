"""Comparison: the same method in several arms and seeds, and which differences between them are real."""
