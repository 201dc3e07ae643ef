"""The embedded teachers: small, genuine pipelines of three architectures, and how they are trained."""
