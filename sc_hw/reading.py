"""Every file from outside is read here: of a known kind, of a bounded size, and whatever is wrong with it is one line.

Sizes are known before anything is read, so that a file that never ends, or that unpacks to more than memory holds, costs nothing.
"""

import os
import re
import stat
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np

from .errors import UserError

__all__ = [
    "MOST_ARRAYS",
    "check_archive",
    "check_regular",
    "check_unpacked",
    "limited",
    "opened_regular",
    "read_bytes",
    "read_gzip",
    "read_npy",
    "read_npz",
    "read_text",
    "read_toml",
    "reading",
]

MOST_TOML, MOST_TEXT = 1 << 20, 512 << 20
MOST_ARRAYS = 2 << 30  # as they are in memory
_MOST_NAMES = 1 << 20  # of an archive's table of contents
_FREE, _RATIO = 256 << 20, 64  # unpacking so much takes half a second; numbers that mean something shrink less
_MOST_KEYS = 32  # of a dotted name: reading one takes time that grows with their square
_DOTTED = re.compile(rf"""(?:\.[ \t]*(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*){{{_MOST_KEYS}}}""")
_ONE_ARRAY = "one array without a name (.npy), no archive; write it by name: np.savez('FILE.npz', NAME=array)"
_KINDS = {stat.S_IFIFO: "a FIFO", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFSOCK: "a socket"}
_END_RECORD = 22  # bytes at the end of a zip file, before a comment


@contextmanager
def reading(path: Path, *, option: str = "", what: str, fault: str = "not usable") -> Iterator[None]:
    """Turn whatever goes wrong in the block into a ``UserError`` that names the ``option`` and the path.

    ``what`` says what to give instead, ``fault`` what the file is when a parser, of any library, refuses it.
    """
    name = f"{option} {path}".strip()
    try:
        yield
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"{name}: cannot be read ({error.strerror or error}); {what}") from error
    except Exception as error:
        reason = "more nested than anything of ours" if isinstance(error, RecursionError) else str(error) or type(error).__name__
        raise UserError(f"{name}: {fault} ({' '.join(reason.split())[:300]}); {what}") from error


def check_regular(path: Path) -> int:
    """Return the size of a regular file without opening it. Errors: ``OSError``; ``ValueError`` for another kind of file."""
    found = os.stat(path)
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(0, "Is a directory")
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"not a regular file but {_KINDS.get(stat.S_IFMT(found.st_mode), 'no file')}")
    return found.st_size


@contextmanager
def opened_regular(path: Path, most: int, *, links: bool = True) -> Iterator[IO[bytes]]:
    """Open a regular file of at most so many bytes; ``links`` are followed. Errors: ``OSError``, ``ValueError``."""
    if check_regular(path) > most:
        raise ValueError(_too_large(most))
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC | (0 if links else os.O_NOFOLLOW)
    with open(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it became another kind of file")
        yield file


def _too_large(most: int) -> str:
    unit, name = next((1 << 10 * k, name) for k, name in ((3, "GiB"), (2, "MiB"), (1, "KiB")) if most >= 1 << 10 * k)
    return f"larger than {most // unit} {name}, the most that is read here"


def limited(file: IO[bytes], most: int) -> bytes:
    """Return what is left in a file that may never end. Errors: ``ValueError`` for more than ``most`` bytes."""
    content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(_too_large(most))
    return content


def read_bytes(path: Path, *, option: str = "", what: str, most: int = MOST_TEXT, fault: str = "cannot be read") -> bytes:
    """Return the bytes of a file; ``UserError`` as ``reading``, and for more than ``most``."""
    with reading(path, option=option, what=what, fault=fault), opened_regular(path, most) as file:
        return limited(file, most)


def read_text(path: Path, *, option: str = "", what: str, most: int = MOST_TEXT, fault: str = "not usable") -> str:
    """Return a text in UTF-8, without a byte-order mark; ``UserError`` as ``read_bytes``."""
    with reading(path, option=option, what=what, fault=fault), opened_regular(path, most) as file:
        return limited(file, most).decode("utf-8-sig")


def read_gzip(path: Path, *, option: str = "", what: str, most: int = MOST_ARRAYS, fault: str = "cannot be read") -> bytes:
    """Return the bytes in a file compressed by gzip; ``UserError`` as ``read_bytes``, ``most`` once unpacked."""
    import gzip

    with (
        reading(path, option=option, what=what, fault=fault),
        opened_regular(path, most) as file,
        gzip.GzipFile(fileobj=file) as unpacked,
    ):
        size = os.fstat(file.fileno()).st_size
        content = unpacked.read(min(most, max(_FREE, _RATIO * size)) + 1)
        check_unpacked(len(content), size, most, "unpacked it is")
        return content


def read_toml(path: Path, *, option: str = "", what: str = "correct the file") -> dict[str, Any]:
    """Return the table of a TOML file of at most 1 MiB; ``UserError`` also for an integer of more than 64 bits."""
    text = read_text(path, option=option, what="give a readable TOML file", most=MOST_TOML, fault="not valid TOML")
    with reading(path, option=option, what=what, fault="not valid TOML"):
        if _DOTTED.search(text):
            raise ValueError(f"a name of more than {_MOST_KEYS} parts")
        table = tomllib.loads(text)
        _check_integers(table)
        return table


def _check_integers(table: object) -> None:
    left = [table]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += value.values()
        elif isinstance(value, list):
            left += value
        elif isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
            raise ValueError(f"an integer of {value.bit_length()} bits; allowed are 64")


def read_npz(
    path: Path, *, option: str = "", what: str, most: int = MOST_ARRAYS, fault: str = "not a usable .npz"
) -> dict[str, np.ndarray]:
    """Return the arrays of an ``.npz`` archive by name; ``UserError`` as ``reading``, ``most`` for all as they are in memory."""
    with reading(path, option=option, what=what, fault=fault), opened_regular(path, most) as file:
        if file.read(6) == np.lib.format.MAGIC_PREFIX:
            raise UserError(f"{option} {path}".strip() + f": {_ONE_ARRAY}; {what}")
        arrays = {}
        with check_archive(file, most) as archive:
            for entry in archive.infolist():
                name = entry.filename.removesuffix(".npy")
                if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise ValueError(f"{name!r} is compressed in another way than NumPy does")
                if name in arrays:
                    raise ValueError(f"{name!r} is in it twice")
                with archive.open(entry) as member:
                    arrays[name] = _array(member, entry.file_size)
        return arrays


def check_unpacked(unpacked: int, size: int, most: int, what: str) -> None:
    """Refuse ``what`` a file of ``size`` unpacks to: more than ``most``, or, beyond 256 MiB, than 64 times its size.

    Errors: ``ValueError``.
    """
    if unpacked > most:
        raise ValueError(f"{what} {_too_large(most)}")
    if unpacked > max(_FREE, _RATIO * size):
        raise ValueError(f"{what} more than {_RATIO} times its size and {_FREE >> 20} MiB; save it without compression")


def check_archive(file: IO[bytes], most: int = MOST_ARRAYS) -> zipfile.ZipFile:
    """Return an opened zip file, of which nothing is unpacked yet, in a ``file`` that stays open.

    Errors: ``ValueError`` for a large table of contents, which would be read whole, and as ``check_unpacked``.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_RECORD - 0xFFFF))
    tail = file.read()
    end = tail.rfind(b"PK\5\6")
    if end >= 0 and len(tail) - end >= _END_RECORD and int.from_bytes(tail[end + 12 : end + 16], "little") > _MOST_NAMES:
        raise ValueError(f"its table of contents is {_too_large(_MOST_NAMES)}")
    file.seek(0)
    archive = zipfile.ZipFile(file)
    check_unpacked(sum(entry.file_size for entry in archive.infolist()), size, most, "its arrays are")
    return archive


def read_npy(path: Path, *, option: str = "", what: str, most: int = MOST_ARRAYS, fault: str = "not a usable .npy") -> np.ndarray:
    """Return the array of an ``.npy`` file; ``UserError`` as ``reading``, ``most`` for the array as it is in memory."""
    with reading(path, option=option, what=what, fault=fault), opened_regular(path, most) as file:
        return _array(file, os.fstat(file.fileno()).st_size)


def _array(file: IO[bytes], size: int) -> np.ndarray:
    """Return the array in a stream of ``size`` bytes in NumPy's format. Errors: ``ValueError``, those of the stream."""
    version = np.lib.format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"version {version} of NumPy's format; allowed are arrays of numbers")
    head = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = head(file)
    if dtype.hasobject or not dtype.itemsize:
        raise ValueError("Python objects, which are not read; allowed are arrays of numbers")
    if prod(shape) * dtype.itemsize != size - file.tell():
        raise ValueError(f"it has {size - file.tell()} bytes of data; its head says {dtype} {shape}")
    flat = np.empty(prod(shape), dtype)
    left = memoryview(flat.view(np.uint8).data) if flat.size else memoryview(bytearray())
    while left and (count := file.readinto(left)):  # type: ignore[attr-defined] # of every binary stream
        left = left[count:]
    if left or file.read(1):  # the end of a member is where its checksum is compared
        raise ValueError("it ends before its data does")
    return flat.reshape(shape, order="F" if fortran else "C")
