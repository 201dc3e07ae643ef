"""Evaluation: teacher, pruned and student side by side on prompts that training never saw."""
