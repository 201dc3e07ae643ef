"""The embedded teachers: small, genuine pipelines of three architectures, and the trainings that make them."""
