"""VBench: its prompts' clips, its sixteen dimensions, its totals with both dynamic degrees."""
