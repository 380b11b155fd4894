"""The verb ``package``: a design behind a bus as a folder that another tool takes."""

import json
from pathlib import Path

from ..bus.folder import Behind, load_bus
from ..errors import UserError, in_shell, shown
from ..folder import check_output, with_record, write_folder
from ..manifest.describe import sha256
from ..manifest.emitted import Design, Emitted
from ..network_folder import load_emitted
from ..records import stamp
from . import PACKAGES
from .description import Contents, Package

__all__ = ["RECORD", "SCHEMA", "listed_files", "package_command", "package_files"]

RECORD, SCHEMA = "package.json", "sc-hw/package/1"

listed_files = with_record("package", RECORD, SCHEMA)
"""Yields the files that we wrote into a folder. Errors: ``UserError`` when it is none of ours."""
_SOFTWARE = (".h", ".c", ".py", ".svd", ".rdl", ".md")


def package_command(folder: Path, kind: str, output: Path, *, force: bool) -> str:
    """Write the package of an emitted folder with a bus and return how to begin with it.

    Errors: ``UserError`` for a kind that there is not, a folder without a bus or with one that the tool does not know, and those
    of ``check_output``.
    """
    if kind not in PACKAGES:
        raise UserError(f"--format {kind!r}: unknown; allowed are {', '.join(PACKAGES)}")
    package, core = PACKAGES[kind], load_emitted(folder)
    around = load_bus(core)
    if around.bus.name not in package.buses:
        raise UserError(
            f"--format {kind}: {package.tool} does not know {around.bus.title}, which {core.folder} has; "
            f"emit it with --bus {' or '.join(package.buses)}"
        )
    output = check_output(output, listed_files, force=force, verb="wrote")
    files = package_files(core, around, package)
    record = {
        **stamp(),
        "schema": SCHEMA,
        "verb": "package",
        "format": kind,
        "core": core.design.name,
        "core_sha256": core.digest,
        "bus": around.bus.name,
        "abi": around.layout.map.version,
        "sha256": {name: sha256(content) for name, content in files.items()},
    }
    record.pop("finished")  # the same request, the same bytes
    write_folder(output, {**files, RECORD: json.dumps(record, indent=2) + "\n"})
    use = package.use.format(top=around.top, name=around.layout.name, output=in_shell(output))
    return f"{shown(output)}: {around.top} behind {around.bus.title} for {package.tool}, {len(files)} files\n{use}"


def package_files(core: Emitted[Design], around: Behind, package: Package) -> dict[str, str | bytes]:
    """Return the files of a package by path: Verilog in ``rtl``, what software needs in ``sw``, and what the tool takes."""
    files: dict[str, str | bytes] = {f"rtl/{name}": text for name, text in (around.verilog | core.verilog).items()}
    sources = list(files)
    files |= {f"sw/{name}": text for name, text in around.files.items() if name.endswith(_SOFTWARE)}
    software = [name for name in files if name.startswith("sw/")]
    contents = Contents(layout=around.layout, bus=around.bus, banks=core.design.banks, sources=sources, software=software)
    return {**package.files(contents), **files}
