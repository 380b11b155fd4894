"""What a run leaves about while it works: processes and temporary folders, which whoever ends the run clears away.

An exception cannot do that: one raised by a signal is lost in a destructor, in another library or in a thread that waits
for a compiler. So every process and every temporary folder is started and made here, and ``clear_away`` ends and removes
them from any thread, at any moment.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import TimeoutExpired

__all__ = [
    "TimeoutExpired",
    "clear_away",
    "end_processes",
    "held",
    "partial",
    "run_process",
    "said_by",
    "talking_process",
    "temporary_folder",
]

_lock = threading.RLock()
_paths: dict[Path, bool] = {}  # what has to go, in the order it was made; whether only when it is empty
_sessions: set[int] = set()  # each process is the head of a session of its own, so that all it starts is known
_PATIENCE = 0.4  # seconds a process has after SIGTERM, to remove temporary files of its own


@contextmanager
def held() -> Iterator[None]:
    """Let nothing be cleared away before the block ends: for short steps that belong together, as two renames.

    After ``clear_away`` has begun, this never returns.
    """
    with _lock:
        yield


@contextmanager
def partial(*paths: Path, empty: bool = False) -> Iterator[None]:
    """Name what the block writes; ``clear_away`` removes it while that has not ended, or only folders that are ``empty``."""
    with _lock:
        new = [path for path in paths if path not in _paths]
        _paths.update(dict.fromkeys(new, empty))
    try:
        yield
    finally:
        with _lock:
            for path in new:
                _paths.pop(path, None)


@contextmanager
def temporary_folder(within: Path | None = None, *, prefix: str = "") -> Iterator[Path]:
    """Make a folder of which nothing is left after the block; hidden, if it is made ``within`` another one.

    ``prefix`` begins its name where a folder that a kill left has to be known by that. Errors: ``OSError``.
    """
    with _lock:
        folder = Path(tempfile.mkdtemp(prefix=prefix or (".sc-hw-" if within else "sc-hw-"), dir=within))
        _paths[folder] = False
    try:
        yield folder
    finally:
        _remove(folder)
        with _lock:
            _paths.pop(folder, None)


def _remove(folder: Path) -> None:
    """Remove a folder with all in it, as far as that can be done."""
    shutil.rmtree(folder, ignore_errors=True)
    # It keeps a file open for each level; what failed for want of them is removed with one at a time.
    for place, folders, names in () if folder.is_symlink() else os.walk(folder, topdown=False):
        for name in (*names, *folders):
            with suppress(OSError):
                path = os.path.join(place, name)
                (os.rmdir if name in folders and not os.path.islink(path) else os.unlink)(path)
    with suppress(OSError):
        os.rmdir(folder)


def run_process(
    command: Sequence[str],
    *,
    text: str | None = None,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float | None = None,
    on_line: Callable[[str], None] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return its status and all that it printed.

    ``text`` is its standard input, ``environment`` what differs from this process's own; its temporary files go with it.
    ``on_line`` is called with each line, of both outputs, as it comes; then nothing of them is returned. It and all it started
    are ended after ``timeout`` seconds (``TimeoutExpired``, with what it printed) and when an exception leaves this function.
    Errors: ``OSError`` when it cannot be started.
    """
    with temporary_folder() as scratch:
        with _lock:
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, **(environment or {}), "TMPDIR": str(scratch)},
                stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if on_line else subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
            _sessions.add(process.pid)
        try:
            if on_line and process.stdout:
                for line in process.stdout:
                    on_line(line.rstrip("\n"))
            output, errors = process.communicate(text, timeout=timeout)
        except BaseException as error:
            _end(lambda: _found(set(), {process.pid}))
            output, errors = process.communicate()
            if isinstance(error, TimeoutExpired):
                raise TimeoutExpired(command, error.timeout, output, errors) from error
            raise
        finally:
            with _lock:
                _sessions.discard(process.pid)
    return subprocess.CompletedProcess(command, process.returncode, output or "", errors or "")


@contextmanager
def talking_process(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a command that is asked over its standard input and answers over its output; its input's end is its own.

    It and all it started are ended with the block. Errors: ``OSError`` when it cannot be started.
    """
    with _lock:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True
        )
        _sessions.add(process.pid)
    try:
        yield process
    finally:
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with suppress(OSError):  # what was not sent
                    pipe.close()
        with suppress(TimeoutExpired):
            process.wait(_PATIENCE)
        _end(lambda: _found(set(), {process.pid}))
        process.wait()
        with _lock:
            _sessions.discard(process.pid)


def said_by(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> str:
    """Return what a tool prints when asked for its version, nothing when it does not run or says nothing for a minute."""
    try:
        done = run_process(command, environment=environment, timeout=60)
    except (OSError, TimeoutExpired):
        return ""
    return done.stdout + done.stderr


def end_processes() -> None:
    """End every process that ``run_process`` has running in this one: for the thread that sees the first of them fail."""
    with _lock:
        sessions = set(_sessions)
    _end(lambda: _found(set(), sessions))


def clear_away() -> None:
    """End every process that this one started, with all that those started, and remove every temporary folder and file.

    For the last moment of a process: what other threads begin from here on waits for ever. Takes at most about two seconds.
    """
    _lock.acquire(timeout=1.0)  # for ever: see above
    sessions = set(_sessions)
    _end(lambda: _found({os.getpid()}, sessions))
    end = time.monotonic() + 0.5
    while True:
        for path, empty in reversed(_paths.items()):
            with suppress(OSError):
                if empty:
                    path.rmdir()
                elif path.is_dir() and not path.is_symlink():
                    _remove(path)
                else:
                    path.unlink()
        if not any(os.path.lexists(path) for path, empty in _paths.items() if not empty) or time.monotonic() > end:
            return
        time.sleep(0.01)  # another thread may still be writing into it


def _end(find: Callable[[], set[int]]) -> None:
    """End the processes that ``find`` returns, until it returns none."""
    start, told = time.monotonic(), set[int]()
    while (found := find()) and time.monotonic() < start + 1.5:
        late = time.monotonic() > start + _PATIENCE
        for number in found if late else found - told:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL if late else signal.SIGTERM)
        told |= found
        time.sleep(0.005)


def _found(roots: set[int], sessions: set[int]) -> set[int]:
    """Return the running processes below ``roots`` and those of ``sessions``, which grow by theirs."""
    table = _processes()
    below, added = set[int](), set(roots)
    while added:
        added = {number for number, (parent, _) in table.items() if parent in added} - below - roots
        below |= added
    own = os.getsid(0)
    sessions |= {table[number][1] for number in below} - {own}
    return below | {number for number, (_, session) in table.items() if session in sessions}


def _processes() -> dict[int, tuple[int, int]]:
    """Return parent and session of every process that runs; where the system does not say, nothing."""
    table = {}
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if name.isdigit():
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                state, parent, _, session = file.read().rpartition(b")")[2].split()[:4]
                if state not in (b"Z", b"X"):
                    table[int(name)] = (int(parent), int(session))
    return table
