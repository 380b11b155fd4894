"""Where a file that the user names is written: links, modes, FIFOs and devices stay what they are, ``-`` is standard output."""

import errno
import io
import os
import secrets
import select
import stat
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TextIO

from sc_hw_models.scratch import held, partial

from .errors import UserError
from .interrupt import interruption_held
from .written import wrote

__all__ = [
    "STANDARD_OUTPUT",
    "check_not_read",
    "check_outlet",
    "guard_standard_output",
    "outlet",
    "standard_output_free",
    "write_outlet",
]

STANDARD_OUTPUT = Path("-")
_SAME = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
_PATIENCE = 10.0  # seconds a FIFO may have no reader
_free: list[TextIO] = []  # standard output, while only the record goes there


class _Guarded(io.FileIO):
    """Standard output whose first failure is a ``UserError``, whatever library writes to it; what follows is dropped."""

    _broken = False

    def write(self, content: Any, /) -> int:
        try:
            return len(content) if self._broken else super().write(content)
        except OSError as error:
            self._broken = True
            raise UserError(_refusal(error.strerror)) from error


def guard_standard_output() -> None:
    """Put a guard around this process's standard output, and refuse one that takes nothing, before any work is done."""
    before = sys.stdout
    _check_takes(before.fileno())
    guarded = io.BufferedWriter(_Guarded(before.fileno(), "w", closefd=False))
    sys.stdout = io.TextIOWrapper(guarded, before.encoding, "backslashreplace", line_buffering=bool(before.line_buffering))


def _check_takes(number: int) -> None:
    """Leave with status 2 where it is known now that nothing can be written: to a full device, a pipe that nobody reads."""
    reason, kind = "", stat.S_IFMT(os.fstat(number).st_mode)
    if kind == stat.S_IFCHR:
        try:
            os.write(number, b"")
        except OSError as error:
            reason = str(error.strerror)
    elif kind == stat.S_IFIFO:
        asked = select.poll()
        asked.register(number, 0)
        reason = os.strerror(errno.EPIPE) if any(event & select.POLLERR for _, event in asked.poll(0)) else ""
    if reason:
        with suppress(OSError, ValueError, AttributeError):
            print(f"sc-hw: {_refusal(reason)}", file=sys.stderr, flush=True)
        os._exit(2)


def _refusal(reason: str | None) -> str:
    return f"standard output: cannot be written ({reason}); give it a place to go, such as a file"


def outlet(text: str) -> Path:
    """Return the path that a user's text names: absolute, or ``STANDARD_OUTPUT``."""
    return STANDARD_OUTPUT if text in _SAME else Path(os.path.abspath(text))


@contextmanager
def standard_output_free() -> Iterator[None]:
    """Send what would go to standard output to standard error: standard output is for the record alone."""
    if _free:
        raise UserError("-: standard output takes one file; give the other one a path")
    _free.append(sys.stdout)
    sys.stdout = sys.stderr
    try:
        yield
    finally:
        sys.stdout = _free.pop()


def check_outlet(path: Path, option: str) -> None:
    """Refuse, before any work is done, what could not be written. Errors: ``UserError``."""
    if path == STANDARD_OUTPUT:
        return
    try:
        kind = _kind(path)
        place = Path(os.path.realpath(path))
        if kind in (stat.S_IFDIR, stat.S_IFBLK, stat.S_IFSOCK):
            words = {stat.S_IFDIR: "a folder", stat.S_IFBLK: "a disk", stat.S_IFSOCK: "a socket"}
            raise UserError(f"{option} {path}: is {words[kind]}; give a file, a FIFO or -")
        if kind in (0, stat.S_IFREG):
            folder = os.stat(place.parent)
            if not stat.S_ISDIR(folder.st_mode):
                raise NotADirectoryError(0, "Not a directory")
            if not os.access(place if kind and not os.access(place.parent, os.W_OK) else place.parent, os.W_OK):
                raise PermissionError(0, "Permission denied")
    except OSError as error:
        raise _unwritable(path, option, error) from error


def check_not_read(record: Path, arguments: Sequence[str]) -> None:
    """Refuse a record that would take the place of what the same command reads.

    That is a file among the ``arguments``, or one of a folder among them, but for records of before. Errors: ``UserError``.
    """
    place, named = os.path.realpath(record), 0
    for argument in arguments:
        given = argument.partition("=")[2] if argument.startswith("--") else argument
        path = os.path.realpath(given) if given and "\0" not in given else ""
        named += path == place
        if not os.path.isfile(os.path.join(path, "manifest.json")) or os.path.commonpath((path, place)) != path:
            continue
        inside = os.path.relpath(place, path)
        if inside == "results" or (os.path.isfile(place) and not inside.startswith("results/") and not _is_record(place)):
            raise UserError(f"--json {record}: is a file of {given}, which this command reads; give another file")
    if named > 1 and os.path.isfile(place):
        raise UserError(f"--json {record}: is a file that this command reads; give another one")


def _is_record(place: str) -> bool:
    from .strict import read_json

    try:
        found = read_json(Path(place), remedy="")
    except UserError:
        return False
    return isinstance(found, dict) and "verb" in found


def write_outlet(path: Path, content: bytes, option: str) -> None:
    """Write a file whole or not at all, what it was before: a new file, or another content for the one that is there.

    A link is followed. A file with several names is written in place, and so is one in a folder where no other can be made.
    Errors: ``UserError`` when it cannot be written, or a FIFO has no reader for ten seconds.
    """
    if path == STANDARD_OUTPUT:
        stream = _free[-1] if _free else sys.stdout
        stream.write(content.decode(errors="backslashreplace"))
        stream.flush()
        return
    check_outlet(path, option)
    try:
        kind = _kind(path)
        if kind in (stat.S_IFIFO, stat.S_IFCHR):
            _pour(path, content, option)
            return
        place = Path(os.path.realpath(path))
        before = os.stat(place) if kind else None
        if before and (before.st_nlink > 1 or not os.access(place.parent, os.W_OK)):
            with held(), open(place, "r+b") as file:
                file.write(content)
                file.truncate()
        else:
            _replace(place, content, before)
        wrote(path)
    except OSError as error:
        raise _unwritable(path, option, error) from error


def _unwritable(path: Path, option: str, error: OSError) -> UserError:
    return UserError(f"{option} {path}: cannot be written ({error.strerror}); give a file in a folder that exists")


def _kind(path: Path) -> int:
    """Return the kind of what is at a path, 0 for nothing."""
    try:
        return stat.S_IFMT(os.stat(path).st_mode)
    except FileNotFoundError:
        return 0


def _replace(place: Path, content: bytes, before: os.stat_result | None) -> None:
    fresh = place.parent / f".sc-hw-{secrets.token_hex(8)}"
    with interruption_held(), partial(fresh):
        try:
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
                file.write(content)
                if before:
                    with suppress(PermissionError):
                        os.fchown(file.fileno(), before.st_uid, before.st_gid)
                    os.fchmod(file.fileno(), stat.S_IMODE(before.st_mode))
            with held():
                os.replace(fresh, place)
        except BaseException:
            fresh.unlink(missing_ok=True)
            raise


def _pour(path: Path, content: bytes, option: str) -> None:
    """Write into a FIFO or a device, without waiting for ever that something reads it."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            number = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
            break
        except OSError as error:
            if not stat.S_ISFIFO(os.stat(path).st_mode) or time.monotonic() > end:
                words = "nothing reads it" if stat.S_ISFIFO(os.stat(path).st_mode) else error.strerror
                raise UserError(f"{option} {path}: cannot be written ({words}); start its reader, or give a file") from error
            time.sleep(0.05)
    with open(number, "wb", buffering=0) as file:
        os.set_blocking(number, True)
        file.write(content)
