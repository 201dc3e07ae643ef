"""Video generation: a model's clips for a set of prompts."""
