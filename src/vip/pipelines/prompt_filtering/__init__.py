"""Prompt filtering: which prompts are fit to make pairs from (paper Sec. 3.3)."""
