"""Classifier training: makes the network behind the reward shapes_classifier. Not a part of the method."""
