"""Teacher training: makes the embedded teachers from the shapes world. Not a part of the method."""
