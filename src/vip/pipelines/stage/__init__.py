"""Stage: one iteration of the method, composed of the other pipelines; no code of its own."""
