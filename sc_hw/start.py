"""The process ``sc-hw``: signals are watched before anything else is imported."""

import os
import sys
import warnings

from .interrupt import watch_signals

__all__ = ["main"]


def main() -> None:
    """Run the command line and leave with its exit status."""
    watch_signals()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # they are for programmers; a failure is one line
    _open_standard_streams()
    from .cli import main as command_line

    command_line()


def _open_standard_streams() -> None:
    """Refuse to work without a standard output; open the other two where they are closed, so that no file takes their number."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number, which is this one
            if number == 1:
                print("sc-hw: standard output: is closed; give it a place to go, such as a file or /dev/null", file=sys.stderr)
                sys.exit(2)
            if number == 2:
                sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
