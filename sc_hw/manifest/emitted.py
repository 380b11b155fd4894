"""What every emitted folder is when it is read, whatever it is of, and how its files are read."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from ..errors import UserError, one_line
from ..rtl.bank import Bank
from ..rtl.contents import held
from ..rtl.instances import Instance
from ..rtl.port import Port
from ..rtl.stream import Stream
from ..strict import read_text
from .describe import sha256
from .sources import check_verilog
from .strays import spoiled_record, stray_verilog

__all__ = ["MANIFEST", "Design", "Emitted", "altered", "check_folder", "read_verilog", "whole_digest"]

MANIFEST = "manifest.json"


class Design(Protocol):
    """What is known of everything that is emitted: a module with streams, and state that a host reads and writes."""

    @property
    def name(self) -> str:
        """Of the module on top."""

    @property
    def legend(self) -> str:
        """What it is, in a line."""

    @property
    def streams(self) -> tuple[Stream, ...]:
        """In the order of their ports."""

    @property
    def banks(self) -> dict[str, Bank]:
        """The state, by name."""

    def ports(self) -> tuple[Port, ...]:
        """Return the ports."""


D = TypeVar("D", bound=Design, covariant=True)


@dataclass(frozen=True, kw_only=True)
class Emitted(Generic[D]):
    """An emitted folder as read back from its manifest; ``digest`` is one SHA-256 over the manifest and every file as it is.

    ``texts`` is the folder's own Verilog by name, the bytes of which the digest is: what works on the folder takes these, so
    that a file edited meanwhile changes neither the work nor the digest. ``edited`` lists files that are not as they were
    emitted; it and ``digest`` cover ``parts``, folders of their own inside.
    """

    folder: Path
    manifest: dict[str, Any]
    design: D
    edited: tuple[str, ...]
    digest: str
    texts: Mapping[str, bytes]
    parts: "tuple[Emitted[D], ...]" = ()

    @property
    def verilog(self) -> dict[str, bytes]:
        """The Verilog by file name, in the order of the file list, as it was when the folder was read."""
        files = {name: self.texts[name] for name in self.manifest["verilog"]}
        for part in self.parts:
            files |= part.verilog
        return files

    @property
    def texts_by_file(self) -> dict[str, str]:
        """The Verilog of this and of its parts as text, by path."""
        own = {str(self.folder / name): content.decode() for name, content in self.texts.items()}
        return own | {path: text for part in self.parts for path, text in part.texts_by_file.items()}

    @property
    def verilog_text(self) -> dict[str, str]:
        """The same as text."""
        return {name: content.decode().replace("\r\n", "\n") for name, content in self.verilog.items()}

    @property
    def sources(self) -> list[Path]:
        """The Verilog files as they are now, in the order of the file list, for a person or a tool that is not ours."""
        return [self.folder / name for name in self.manifest["verilog"]] + [path for part in self.parts for path in part.sources]


def read_verilog(folder: Path, names: Iterable[str], limit: int, again: str, *, system_tasks: bool) -> dict[str, bytes]:
    """Return Verilog by name as it is now. Errors: ``UserError`` for what ``check_verilog`` refuses; ``again`` mends it."""
    texts = {}
    for name in names:
        text = read_text(folder / name, limit=limit, remedy=again)
        check_verilog(text, str(folder / name), system_tasks=system_tasks)
        texts[name] = text.encode()
    return texts


def check_folder(
    folder: Path,
    texts: Mapping[str, bytes],
    listed: Iterable[str],
    parts: Iterable[str],
    instances: Iterable[Instance],
    again: str,
) -> None:
    """Raise ``UserError`` for what makes a folder another than its manifest says, beside the files that this lists.

    That is a link in its results, Verilog that nothing lists, and power-up contents of a memory that are not a number for each
    of its words.
    """
    _check_results(folder)
    sizes = {f"{i.module}.v": (i.parameters["WORDS"], i.parameters["WORD_BITS"]) for i in instances if i.parameters}
    for name, text in texts.items():
        words = held(text.decode())
        if words != (0, 0) and words != sizes.get(name):
            raise UserError(
                f"{folder / name}: contents of {words[0]} words of {words[1]} bits, not of as many as the memory has; {again}"
            )
    if stray := stray_verilog(folder, [*listed], [*parts]):
        if record := spoiled_record(folder, stray):
            raise UserError(
                f"{folder / record}: no record of sc-hw, of whose files {one_line(stray)!r} may be one; write them again"
            )
        raise UserError(f"{folder}: {one_line(stray)!r} is Verilog that {MANIFEST} does not list; move it elsewhere")


def whole_digest(manifest: Mapping[str, Any], files: Mapping[str, str], parts: Iterable[str] = ()) -> str:
    """Return the digest of a folder: of its manifest, of each file's digest, and of those of its parts."""
    return sha256(json.dumps([manifest, files, *parts], sort_keys=True))


def altered(path: Path, again: str) -> UserError:
    """Return the error for a file that is not as it was emitted and is no Verilog."""
    return UserError(f"{path}: not as it was emitted, and only Verilog may be edited; {again}")


def _check_results(folder: Path) -> None:
    """Raise ``UserError`` for a link in the folder's results: whoever writes and removes there would do it elsewhere."""
    results = folder / "results"
    places = [results]
    for inside, folders, files in os.walk(results) if not results.is_symlink() else ():
        folders[:] = [name for name in folders if not name.startswith(".run-")]  # of a run that was killed; removed as it is
        places += [Path(inside, name) for name in (*folders, *files)]
    for path in places:
        if path.is_symlink():
            raise UserError(f"{one_line(path)}: a symbolic link, where sc-hw writes and removes results; remove the link")
