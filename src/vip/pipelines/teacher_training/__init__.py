"""Teacher training: makes the embedded teacher from the shapes world. Not a part of the method."""
