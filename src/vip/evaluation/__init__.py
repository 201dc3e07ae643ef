"""Teacher, pruned and student compared: bootstrap, costs, verdict, report (paper Sec. 4)."""
