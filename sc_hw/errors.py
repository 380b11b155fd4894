"""Failures by kind: each says what went wrong in one line; the kind decides the exit status (docs/exit_status.md)."""

__all__ = ["CheckError", "LackingError", "UserError", "one_line"]


class UserError(Exception):
    """Something the user gave or the machine lacks; the message says what was given, what is allowed and what to do."""


class LackingError(UserError):
    """Something is lacking that whoever runs the command has: the line says what to give, and needs nothing added."""


class CheckError(Exception):
    """A check failed, or a tool ended without the result that it was run for."""


def one_line(text: object, most: int = 300) -> str:
    """Return a text of unknown origin as one line that a terminal can show.

    Blanks are joined, what cannot be printed is escaped; of one longer than ``most`` characters both ends are left.
    """
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in " ".join(str(text).split()))
    return line if len(line) <= most else f"{line[: most // 2]} ... {line[-most // 2 :]}"
