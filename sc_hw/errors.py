"""Failures by kind: each says what went wrong in one line; the kind decides the exit status (docs/exit_status.md)."""

import os
import shlex

__all__ = ["LONGEST", "CheckError", "LackingError", "UserError", "in_shell", "one_line", "shown"]

LONGEST = 2000  # characters of a line: what was given may be long


class UserError(Exception):
    """Something the user gave or the machine lacks; the message says what was given, what is allowed and what to do.

    It is one line, whatever was given.
    """

    def __str__(self) -> str:
        return one_line(super().__str__(), LONGEST)


class LackingError(UserError):
    """Something is lacking that whoever runs the command has: the line says what to give, and needs nothing added."""


class CheckError(Exception):
    """A check failed, or a tool ended without the result that it was run for."""


def one_line(text: object, most: int = 300) -> str:
    """Return a text of unknown origin as one line that a terminal can show.

    Blanks are joined, what cannot be printed is escaped; of one longer than ``most`` characters both ends are left.
    """
    line = shown(" ".join(str(text).split()))
    return line if len(line) <= most else f"{line[: most // 2]} ... {line[-most // 2 :]}"


def shown(name: object) -> str:
    """Return a name, such as a path, whole, but for what a terminal obeys and what ends a line, which are escaped."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(name))


def in_shell(path: str | os.PathLike[str]) -> str:
    """Return a path as a word of a command that can be copied into a shell, on one line."""
    text = os.fspath(path)
    if text.isprintable():
        return shlex.quote(text)
    plain = "".join(chr(b) if 32 <= b < 127 and chr(b) not in "'\\" else f"\\x{b:02x}" for b in os.fsencode(text))
    return f"$'{plain}'"
