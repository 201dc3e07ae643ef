"""What an experiment will cost, from configurations alone: no weights are read, nothing is computed."""
