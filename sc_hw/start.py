"""The process ``sc-hw``: signals end it as they should from its first line, before anything that takes time is imported."""

import _signal  # type: ignore[import-not-found] # the part of signal that is there without an import
import os
import sys

__all__ = ["main"]

_LEAST_MEMORY, _LEAST_FILES = 384 << 20, 6


def _end_at_once(number: int, _frame: object) -> None:
    os.write(2, b"sc-hw: interrupted\n")
    os._exit(128 + number)  # nothing has begun that would have to be cleared away


for _number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP):
    if _signal.getsignal(_number) is not _signal.SIG_IGN:
        _signal.signal(_number, _end_at_once)

from contextlib import suppress  # noqa: E402


def main() -> None:
    """Run the command line and leave with its exit status."""
    _open_standard_streams()
    _check_limits()
    from .interrupt import watch_signals

    watch_signals()
    import warnings

    from .outlet import guard_standard_output

    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # they are for programmers; a failure is one line
    guard_standard_output()
    from .cli import main as command_line

    try:
        command_line()
    except SystemExit as end:
        _leave(end.code if isinstance(end.code, int) else 0)


def _leave(status: int) -> None:
    """End this process; the interpreter's own end gives signals back their defaults, waits for threads and takes its time."""
    import atexit

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    os._exit(status)


def _check_limits() -> None:
    """Refuse to work where the numerical library would end the process for want of memory, or no module could be read."""
    import resource

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= files < _LEAST_FILES:
        print(f"sc-hw: {files} files may be open at once; raise the limit to {_LEAST_FILES} (ulimit -n)", file=sys.stderr)
        sys.exit(2)
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if 0 <= limit < _LEAST_MEMORY:
        print(
            f"sc-hw: {limit >> 20} MiB of memory are allowed; raise the limit to {_LEAST_MEMORY >> 20} MiB (ulimit -v)",
            file=sys.stderr,
        )
        sys.exit(2)


def _open_standard_streams() -> None:
    """Refuse to work without a standard output; open the other two where they are closed, so that no file takes their number."""
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
