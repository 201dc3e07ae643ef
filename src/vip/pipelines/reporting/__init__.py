"""Reporting: one page and one table over all stages."""
