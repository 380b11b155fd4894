"""Emission: a design becomes a self-describing folder, whole or not at all."""

import hashlib
import json
import re
from pathlib import Path

from ..config import config_toml
from ..emitted import listed_files
from ..errors import UserError
from ..folder import check_output, write_folder
from ..initial import initial_csv
from ..manifest import INITIAL, MANIFEST, joined_manifest, manifest_of
from .crossbar import CrossbarDesign
from .design import CoreDesign
from .layer import LayerDesign

__all__ = ["GENERATORS", "core_files", "emit"]

GENERATORS = ("amaranth", "verilog")


def core_files(design: CoreDesign, generator: str) -> dict[str, str]:
    """Return every file of the folder by name; the same design gives the same bytes."""
    if generator not in GENERATORS:
        raise UserError(f"--generator {generator!r}: unknown; allowed are {', '.join(GENERATORS)}")
    if isinstance(design, LayerDesign | CrossbarDesign):
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
    files["filelist.f"] = "".join(f"{name}\n" for name in files)
    files["config.toml"] = config_toml(design.config, f"Resolved configuration of {design.name}, rule {design.rule.name}")
    if design.initial:
        files[INITIAL] = initial_csv(design.initial)
    files[MANIFEST] = json.dumps(manifest_of(design, generator, files), indent=2) + "\n"
    return files


def _joined_files(design: LayerDesign | CrossbarDesign, generator: str) -> dict[str, str]:
    """Return the files of a layer or a crossbar: its own, and each of its cores in a folder of its own."""
    if generator == "amaranth":
        from .amaranth import amaranth_joined_files

        files = amaranth_joined_files(design)
    else:
        from .verilog import joined_files

        files = joined_files(design)
    parts = {part: core_files(core, generator) for part, (_, core) in design.parts.items()}
    inside = [f"{part}/{name}" for part, texts in parts.items() for name in texts if name.endswith(".v")]
    files["filelist.f"] = "".join(f"{name}\n" for name in (*files, *inside))
    digests = {part: hashlib.sha256(texts[MANIFEST].encode()).hexdigest() for part, texts in parts.items()}
    files[MANIFEST] = json.dumps(joined_manifest(design, generator, files, digests), indent=2) + "\n"
    return files | {f"{part}/{name}": text for part, texts in parts.items() for name, text in texts.items()}


def emit(design: CoreDesign, generator: str, output: Path, *, force: bool = False) -> Path:
    """Write the design's folder and return its path.

    ``output`` is complete or absent. Errors: ``UserError`` when it exists (without ``force``), is no folder of
    ours (with it), or cannot be written.
    """
    output = check_output(output, listed_files, force=force, verb="emitted")
    write_folder(output, core_files(design, generator))
    return output
