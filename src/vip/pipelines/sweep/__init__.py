"""Arms that differ in one setting."""
