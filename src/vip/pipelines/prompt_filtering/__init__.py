"""Prompt filtering: which prompts are fit to make pairs from (METHOD 2.3, paper Sec. 3.3)."""
