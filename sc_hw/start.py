"""The process ``sc-hw``: signals end it as they should from its first line, before anything that takes time is imported."""

import _signal  # type: ignore[import-not-found] # the part of signal that is there without an import
import os
import sys

__all__ = ["main"]


def _end_at_once(number: int, _frame: object) -> None:
    os.write(2, b"sc-hw: interrupted\n")
    os._exit(128 + number)  # nothing has begun that would have to be cleared away


for _number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP):
    if _signal.getsignal(_number) is not _signal.SIG_IGN:
        _signal.signal(_number, _end_at_once)


def main() -> None:
    """Run the command line and leave with its exit status."""
    _open_standard_streams()
    from .interrupt import watch_signals

    watch_signals()
    import warnings

    from .outlet import guard_standard_output

    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # they are for programmers; a failure is one line
    guard_standard_output()
    from .cli import main as command_line

    command_line()


def _open_standard_streams() -> None:
    """Refuse to work without a standard output; open the other two where they are closed, so that no file takes their number."""
    from contextlib import suppress

    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number, which is this one
            if number == 1:
                with suppress(OSError):
                    os.write(2, b"sc-hw: standard output: is closed; give it a place to go, such as a file or /dev/null\n")
                os._exit(2)
            if number == 2:
                sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
