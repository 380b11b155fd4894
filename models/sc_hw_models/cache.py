"""The cache of what sc-hw builds: entries verified at every use, safe with many processes, pruned by last use to a size.

An entry is a folder named by the digest of everything its file was built from. It holds the file and a digest of that name
and the file's bytes: an entry that is damaged, incomplete or another's is built again. The lock of a folder is the lock of
the folder itself (``flock``): it leaves nothing behind and ends with the process that has it, however that ends.
"""

import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from .rule import ConfigError
from .scratch import temporary_folder

__all__ = ["LIMIT_VARIABLE", "CacheError", "cache_folder", "cache_limit", "cache_size", "cached", "locked"]

LIMIT_VARIABLE = "SC_HW_CACHE_MEGABYTES"
_DEFAULT_LIMIT = 2000
_KINDS = ("sim", "models")  # what is pruned; ccache prunes its own folder beside them
_FILE, _DIGEST, _NEW = "built", "sha256", "new"
_DIGEST_BYTES = 64


class CacheError(ConfigError):
    """The cache cannot be used; the message names its folder and the variable that chooses another."""


def cache_folder() -> Path:
    """Return the folder of what sc-hw builds: ``SC_HW_CACHE``, or ``sc-hw`` in the user's cache folder."""
    base = os.environ.get("SC_HW_CACHE")
    if base:
        return Path(base).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path(os.path.expanduser("~")) / ".cache").absolute() / "sc-hw"


def cache_limit() -> int:
    """Return the bytes that finished builds may take: ``SC_HW_CACHE_MEGABYTES`` x 10^6. Errors: ``CacheError`` for no number."""
    given = os.environ.get(LIMIT_VARIABLE) or str(_DEFAULT_LIMIT)
    if not (given.isascii() and given.isdigit() and 1 <= int(given) <= 10**6):
        raise CacheError(f"{LIMIT_VARIABLE}={given!r}: not a size; allowed are whole megabytes, 1..1000000")
    return int(given) * 10**6


def cache_size() -> int:
    """Return the bytes that finished builds take now."""
    return sum(_size(entry) for entry in _entries())


@contextmanager
def locked(
    folder: Path, *, shared: bool = False, make: bool = False, waiting: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Hold the lock of a folder, alone or ``shared`` with others who share it; ``waiting`` is called once when another has it.

    ``make`` makes the folder when it is not there. The folder locked is the one that stands at the path when the block
    begins, also when it was replaced while this waited. Errors: ``OSError`` for a folder that cannot be opened or made.
    """
    mode, told = fcntl.LOCK_SH if shared else fcntl.LOCK_EX, False
    while True:
        if make:
            folder.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            if make:  # removed by another in between
                continue
            raise
        try:
            try:
                fcntl.flock(handle, mode | fcntl.LOCK_NB)
            except BlockingIOError:
                if not told:
                    waiting()
                told = True
                fcntl.flock(handle, mode)
            if _stands(handle, folder):
                yield
                return
        finally:
            os.close(handle)


def _stands(handle: int, folder: Path) -> bool:
    """Return whether an open folder is the one at a path."""
    try:
        found, own = os.stat(folder), os.fstat(handle)
    except FileNotFoundError:
        return False
    return (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino)


@contextmanager
def cached(kind: str, key: str, build: Callable[[Path], None]) -> Iterator[tuple[Path, bool]]:
    """Give the file that ``build`` writes to the path it is called with, and whether the cache had it.

    ``key`` is a digest of all that the file depends on. One process builds, others wait; nobody removes or replaces the
    file within the block. Errors: ``CacheError`` for a cache that cannot be read or written; those of ``build``.
    """
    with ExitStack() as stack:
        try:
            hit = _held(stack, cache_folder() / kind / key, build)
        except OSError as error:
            raise CacheError(
                f"{cache_folder()}: the cache cannot be used ({error.strerror or error}); "
                "let SC_HW_CACHE name a folder that can be written"
            ) from error
        yield cache_folder() / kind / key / _FILE, hit


def _held(stack: ExitStack, entry: Path, build: Callable[[Path], None]) -> bool:
    """Enter the shared lock of an entry that is whole, built first if need be; return whether it was whole before."""
    hit = True
    cache_limit()  # refused before anything is built
    while True:
        entry.parent.mkdir(parents=True, exist_ok=True)
        if entry.is_symlink() or (entry.exists() and not entry.is_dir()):
            entry.unlink()
        attempt = ExitStack()
        with attempt:
            attempt.enter_context(locked(entry, shared=True, make=True))
            if _whole(entry):
                with suppress(OSError):  # a cache that can only be read is good enough
                    os.utime(entry)
                stack.enter_context(attempt.pop_all())
                return hit
        with locked(entry, make=True):
            if not _whole(entry):
                hit = False
                try:
                    _fill(entry, build)
                except BaseException:
                    with suppress(OSError):  # not empty: it was damaged, and is no entry
                        entry.rmdir()
                    raise
        _prune(entry)


def _seal(entry: Path, content: bytes) -> str:
    """Return the digest of an entry: of its name too, so that a file in another's place is no entry."""
    return hashlib.sha256(entry.name.encode() + b"\0" + content).hexdigest()


def _whole(entry: Path) -> bool:
    file, sealed = entry / _FILE, entry / _DIGEST
    try:
        # What is no file of a known size, such as a queue, would be waited for or never end.
        if not all(stat.S_ISREG(path.lstat().st_mode) for path in (file, sealed)) or sealed.stat().st_size != _DIGEST_BYTES:
            return False
        return os.access(file, os.X_OK) and sealed.read_text(encoding="ascii") == _seal(entry, file.read_bytes())
    except (OSError, UnicodeDecodeError):
        return False


def _fill(entry: Path, build: Callable[[Path], None]) -> None:
    with temporary_folder() as folder:
        made = folder / _FILE
        build(made)
        content = made.read_bytes()
    for name in (_FILE, _DIGEST, _NEW):
        if (entry / name).is_dir() and not (entry / name).is_symlink():
            shutil.rmtree(entry / name)
        else:
            (entry / name).unlink(missing_ok=True)
    (entry / _NEW).write_bytes(content)
    (entry / _NEW).chmod(0o755)
    (entry / _NEW).rename(entry / _FILE)
    (entry / _DIGEST).write_text(_seal(entry, content), encoding="ascii")


def _entries() -> list[Path]:
    return [entry for kind in _KINDS if (cache_folder() / kind).is_dir() for entry in (cache_folder() / kind).iterdir()]


def _size(entry: Path) -> int:
    with suppress(OSError):
        return sum(path.lstat().st_size for path in (entry, *entry.rglob("*")))
    return 0  # removed meanwhile


def _prune(kept: Path) -> None:
    """Remove what was used longest ago until the cache keeps its limit; what is in use now stays, and so does ``kept``."""
    limit, entries = cache_limit(), []
    for entry in _entries():
        with suppress(OSError):
            entries.append((entry.lstat().st_mtime, _size(entry), entry))
    total = sum(size for _, size, _ in entries)
    for _, size, entry in sorted(entries):
        if total > limit and entry != kept:
            with suppress(OSError):  # in use, or removed by another
                _remove(entry)
                total -= size


def _remove(entry: Path) -> None:
    if entry.is_symlink() or not entry.is_dir():
        entry.unlink()
        return
    with locked(entry, waiting=_in_use):
        shutil.rmtree(entry)


def _in_use() -> None:
    raise BlockingIOError
