"""The training engine: draws, reference predictions, the optimizer's loop, and its checkpoints."""
