"""Emission: a design becomes a self-describing folder, whole or not at all."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from ..emitted import listed_files
from ..errors import UserError
from ..folder import check_apart, check_output, write_folder
from ..manifest.describe import manifest_of, manifest_text, own_texts
from ..manifest.load import MANIFEST
from .design import CoreDesign
from .generators import GENERATORS
from .names import verilog_names

__all__ = ["GENERATORS", "core_files", "emit"]


def core_files(design: CoreDesign, generator: str) -> dict[str, str]:
    """Return every file of the folder by name; the same design gives the same bytes."""
    if generator not in GENERATORS:
        raise UserError(f"--generator {generator!r}: unknown; allowed are {', '.join(GENERATORS)}")
    design.check_ports()
    if design.graph:
        return _joined_files(design, generator)
    if generator == "amaranth":
        from .amaranth import amaranth_files  # imported here: it costs a quarter of a second

        files = amaranth_files(design)
    else:
        from .verilog import verilog_files

        files = verilog_files(design)
    memories = {f"{design.memory_module(lane)}.v" for lane in range(design.lanes)}  # long with initial contents, and ours
    code = re.sub(r"//.*", "", "\n".join(text for name, text in files.items() if name not in memories))
    if len(re.findall(rf"\b{design.name}\b", code)) > 1:
        raise UserError(f"--name {design.name!r}: the core has a signal or instance of that name inside; give another")
    return _described(design, generator, files, {})


def _described(design: CoreDesign, generator: str, verilog: Mapping[str, str], parts: Mapping[str, str]) -> dict[str, str]:
    """Return the Verilog files and what describes them; ``parts`` are the manifests of the parts."""
    if list(verilog) != verilog_names(design, generator):
        raise RuntimeError(f"emitted {', '.join(verilog)}, but rtl.names says {', '.join(verilog_names(design, generator))}")
    files = {**verilog, **own_texts(design, generator)}
    return {**files, MANIFEST: manifest_text(manifest_of(design, generator, files, parts))}


def _joined_files(design: CoreDesign, generator: str) -> dict[str, str]:
    """Return the files of a graph: its own, and each of its cores in a folder of its own."""
    if generator == "amaranth":
        from .amaranth import amaranth_joined_files

        files = amaranth_joined_files(design)
    else:
        from .verilog import joined_files

        files = joined_files(design)
    parts = {part: core_files(core, generator) for part, (_, core) in design.parts.items()}
    own = _described(design, generator, files, {part: texts[MANIFEST] for part, texts in parts.items()})
    return own | {f"{part}/{name}": text for part, texts in parts.items() for name, text in texts.items()}


def emit(
    design: CoreDesign,
    generator: str,
    output: Path,
    *,
    force: bool = False,
    around: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda _files: {},
) -> Path:
    """Write the design's folder and return its path; ``around`` gives what stands beside its files.

    ``output`` is complete or absent. Errors: ``UserError`` when it exists (without ``force``), is no folder of
    ours (with it), or cannot be written.
    """
    check_apart(output)
    output = check_output(output, listed_files, force=force, verb="emitted")
    files = core_files(design, generator)
    write_folder(output, {**files, **around(files)})
    return output
