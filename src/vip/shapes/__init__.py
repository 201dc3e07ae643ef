"""The embedded world: moving shapes with captions, their renderer, and an oracle that knows the truth."""
