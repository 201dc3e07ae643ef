"""Pruning: what can be removed, what it is worth, taking it out, and the record of it."""
