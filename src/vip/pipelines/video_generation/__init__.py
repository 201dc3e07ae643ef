"""Video generation: a model's clips for a set of prompts (METHOD 2.4)."""
