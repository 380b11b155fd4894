"""The folder ``bus`` inside an emitted one: what is in it, and how it is read back."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from .. import __version__
from ..errors import UserError
from ..manifest import MANIFEST
from ..manifest.describe import FILE_LIST, difference, sha256
from ..manifest.emitted import Design, Emitted
from ..manifest.schema import Digest
from ..registers.exports import register_files
from ..registers.layout import ABI, Layout
from ..strict import checked, read_file, read_json
from .buses import BUSES, Bus
from .c_design import c_files
from .interfaces import interfaces
from .verilog import bus_verilog, top_ports

__all__ = ["FOLDER", "RECORD", "SCHEMA", "STREAMS", "Behind", "behind", "bus_files", "bus_line", "chosen_bus", "load_bus"]

FOLDER, RECORD, SCHEMA = "bus", "bus.json", "sc-hw/bus/1"
STREAMS = ("registers", "axi-stream")  # how beats of several a timestep go
_AGAIN = "emit the core again, with --bus"
_MANIFEST_BYTES = 1 << 22


class _Record(Struct, forbid_unknown_fields=True, kw_only=True):
    schema: str
    bus: Literal["axi-lite", "wishbone", "apb"]
    streams: Literal["registers", "axi-stream"]
    abi: Annotated[int, Meta(ge=0, le=255)]
    manifest_sha256: Digest
    sc_hw: Annotated[str, Meta(max_length=64)]
    sha256: Annotated[dict[str, Digest], Meta(max_length=64)]


@dataclass(frozen=True, kw_only=True)
class Behind:
    """A design behind a bus: its registers, the bus, and the files of the folder."""

    layout: Layout
    bus: Bus
    files: Mapping[str, str]

    @property
    def top(self) -> str:
        """The name of the module on top."""
        return f"{self.layout.name}_bus"

    @property
    def verilog(self) -> dict[str, bytes]:
        """The Verilog of bus and registers by name, the top first."""
        return {name: text.encode() for name, text in self.files.items() if name.endswith(".v")}


def chosen_bus(name: str, streams: str, given: Callable[[str], bool]) -> Bus | None:
    """Return the bus of the command line, None for none; ``given`` tells whether an option was given. Errors: ``UserError``."""
    if name not in BUSES and name != "none":
        raise UserError(f"--bus {name!r}: unknown; allowed are {', '.join(BUSES)} and none")
    if streams not in STREAMS:
        raise UserError(f"--bus-streams {streams!r}: unknown; allowed are {', '.join(STREAMS)}")
    if name not in BUSES and given("bus_streams"):
        raise UserError(f"--bus-streams {streams}: is of a bus; give --bus too")
    return BUSES.get(name)


def bus_line(bus: Bus | None) -> str:
    """Return what ``emit`` adds to its line for a bus."""
    return f"; behind {bus.title} in {FOLDER}/" if bus else ""


def behind(design: Design, manifest: str | bytes, bus: Bus, streams: str, sources: list[str]) -> Behind:
    """Return what stands around a design whose manifest has this text and whose Verilog files are ``sources``.

    Errors: ``UserError`` for a name that something inside has.
    """
    layout = Layout(
        name=design.name,
        title=design.legend,
        streams=tuple(design.streams),
        axi_stream=streams == STREAMS[1],
        digest=sha256(manifest),
    )
    files = bus_verilog(layout, bus)
    if clash := {name.removesuffix(".v") for name in files} & {Path(name).stem for name in sources}:
        raise UserError(f"--name {design.name!r}: the core has a module {min(clash)} itself; give another name")
    listed = [*files, *(f"../{name}" for name in sources)]
    exported = register_files(layout, interfaces=interfaces(layout, bus), ports=top_ports(layout, bus), sources=listed)
    files = {**files, FILE_LIST: "".join(f"{name}\n" for name in listed), **exported}
    files |= c_files(layout, design.banks)
    record = {
        "schema": SCHEMA,
        "bus": bus.name,
        "streams": streams,
        "abi": ABI,
        "manifest_sha256": layout.digest,
        "sc_hw": __version__,
        "sha256": {name: sha256(text) for name, text in files.items()},
    }
    return Behind(layout=layout, bus=bus, files={**files, RECORD: json.dumps(record, indent=2) + "\n"})


def bus_files(design: Design, files: Mapping[str, str | bytes], bus: Bus, streams: str) -> dict[str, str]:
    """Return the files of the folder ``bus`` for the emitted ``files`` of a design, with their path in it."""
    sources = str(files[FILE_LIST]).split()
    around = behind(design, files[MANIFEST], bus, streams, sources)
    return {f"{FOLDER}/{name}": text for name, text in around.files.items()}


def load_bus(core: Emitted[Design]) -> Behind:
    """Read the folder ``bus`` of an emitted one; every file of it must be what follows from the core.

    Errors: ``UserError`` when there is none, and for the first file that is not as it was emitted.
    """
    folder = core.folder / FOLDER
    path = folder / RECORD
    if not path.exists() and not path.is_symlink():
        raise UserError(f"{core.folder}: has no bus; emit it with --bus {', '.join(BUSES)}")
    record: dict[str, Any] = read_json(path, limit=1 << 16, remedy=_AGAIN)
    checked(record, _Record, path, "of a bus", remedy=_AGAIN)
    manifest = read_file(core.folder / MANIFEST, limit=_MANIFEST_BYTES, remedy=_AGAIN)
    sources = [str(path.relative_to(core.folder)) for path in core.sources]
    around = behind(core.design, manifest, BUSES[record["bus"]], record["streams"], sources)
    if text := difference(record, json.loads(around.files[RECORD])):
        raise UserError(f"{path}: {text}, which follows from the core; {_AGAIN}")
    for name, text in around.files.items():
        if read_file(folder / name, limit=1 << 22, remedy=_AGAIN) != text.encode():
            raise UserError(f"{folder / name}: not as it was emitted; {_AGAIN}")
    return around
