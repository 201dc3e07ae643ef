"""The generation engine: prompts and seeds to clips, made batch by batch."""
