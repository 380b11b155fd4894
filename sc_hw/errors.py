"""Failures by kind: each says what went wrong in one line; the kind decides the exit status (docs/exit_status.md)."""

__all__ = ["CheckError", "UserError"]


class UserError(Exception):
    """Something the user gave or the machine lacks; the message says what was given, what is allowed and what to do."""


class CheckError(Exception):
    """A check failed, or a tool ended without the result that it was run for."""
