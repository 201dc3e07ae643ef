"""Pair curation: which clips of the full and of the pruned model make a preference pair."""
