"""The generation engine: prompts and seeds to clips, made batch by batch, the same whatever is made with them."""
