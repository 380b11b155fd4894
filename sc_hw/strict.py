"""Files that a verb reads back: of bounded size, without hanging; JSON without what two readers could read differently."""

import json
import math
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from .errors import UserError, one_line
from .reading import limited, opened_regular

__all__ = ["JSON_BYTES", "checked", "opened", "read_file", "read_json", "read_text"]

JSON_BYTES = 1 << 26  # of a record; the largest, coverage of a large core, has some megabytes


@contextmanager
def opened(path: Path, *, limit: int, remedy: str, links: bool = False, option: str = "") -> Iterator[IO[bytes]]:
    """Open a regular file of at most ``limit`` bytes for reading.

    A queue, device or folder is refused and not waited for. ``links`` allows a symbolic link; without it the file cannot be
    one outside its folder. Errors: ``UserError`` that begins with the ``option`` it came from and ends with ``remedy``.
    """
    where = one_line(f"{option} {path}")
    with ExitStack() as stack:
        try:
            if not links and path.is_symlink():
                raise UserError(f"{where}: a symbolic link, not a file of this folder; {remedy}")
            file = stack.enter_context(opened_regular(path, limit, links=links))
        except IsADirectoryError as error:
            raise UserError(f"{where}: not a regular file but a folder; {remedy}") from error
        except OSError as error:
            raise UserError(f"{where}: cannot be read ({one_line(error.strerror)}); {remedy}") from error
        except ValueError as error:  # also a name with a 0 in it
            raise UserError(f"{where}: {one_line(error)}; {remedy}") from error
        yield file


def read_file(path: Path, *, limit: int, remedy: str, links: bool = False, option: str = "") -> bytes:
    """Return the bytes of a file. Errors: as ``opened``."""
    with opened(path, limit=limit, remedy=remedy, links=links, option=option) as file:
        try:
            return limited(file, limit)
        except OSError as error:
            raise UserError(f"{one_line(f'{option} {path}')}: cannot be read ({one_line(error.strerror)}); {remedy}") from error
        except ValueError as error:
            raise UserError(f"{one_line(f'{option} {path}')}: {one_line(error)}; {remedy}") from error


def read_text(path: Path, *, limit: int, remedy: str, links: bool = False, option: str = "") -> str:
    """Return the text of a file in UTF-8. Errors: as ``opened``."""
    try:
        return read_file(path, limit=limit, remedy=remedy, links=links, option=option).decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{one_line(f'{option} {path}')}: byte {error.start} is no text in UTF-8; {remedy}") from error


def read_json(path: Path, *, limit: int = JSON_BYTES, remedy: str, links: bool = False, option: str = "") -> Any:
    """Return the document of a JSON file.

    Errors: as ``read_file``; also ``UserError`` for what is no JSON of the standard (NaN, infinite numbers, half a surrogate),
    for a key that stands twice in one object, and for nesting too deep to read.
    """
    text = read_text(path, limit=limit, remedy=remedy, links=links, option=option)
    where = one_line(f"{option} {path}")
    try:
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_constant, parse_float=_finite)
        json.dumps(document, ensure_ascii=False).encode()
    except RecursionError as error:
        raise UserError(f"{where}: not valid JSON (nested too deeply); {remedy}") from error
    except ValueError as error:
        raise UserError(f"{where}: not valid JSON ({one_line(error)}); {remedy}") from error
    return document


def checked(document: Any, kind: Any, path: Path, what: str, *, remedy: str) -> None:
    """Raise ``UserError`` when a document is not of the type ``kind``, naming the first entry that is not."""
    try:
        msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        key = repr(_key(document, kind, str(error)))
        text = one_line(str(error).replace("[...]", f"[{key}]", 1).replace("`key`", f"key {key}"))
        raise UserError(f"{one_line(path)}: not {what} of this version ({text}); {remedy}") from error


def _key(document: Any, kind: Any, message: str) -> str:
    """Return the key at fault, which msgspec does not name, of an object in the document's first level."""
    found = re.search(r"`\$\.(\w+)\[\.\.\.\]|`key` in `\$\.(\w+)`", message)
    place = (found[1] or found[2]) if found else ""
    for key, value in document[place].items() if place else ():
        try:
            msgspec.convert(document | {place: {key: value}}, kind)
        except msgspec.ValidationError:
            return str(key)
    return "..."


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"key {key!r} stands twice")
        result[key] = value
    return result


def _constant(word: str) -> float:
    raise ValueError(f"{word} is no number")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"{digits} is no finite number")
    return value
