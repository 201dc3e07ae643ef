"""Errors for the user: one line that says what, where, both numbers and the remedy."""


class UserError(ValueError):
    """Something the user can mend; the command line shows its message alone and exits with 1."""
