"""The one exception a user sees as a line instead of a traceback."""

__all__ = ["UserError"]


class UserError(Exception):
    """Something the user gave cannot be used; the message says what was given, what is allowed and what to do."""
