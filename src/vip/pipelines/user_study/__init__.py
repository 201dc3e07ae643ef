"""User study: people compare clips of teacher, pruned and student, and votes are counted (Sec. 4.2)."""
