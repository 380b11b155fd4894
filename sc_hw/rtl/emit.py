"""Emission: a design becomes a self-describing folder, whole or not at all."""

import dataclasses
import json
import os
import re
import shutil
import tempfile
from pathlib import Path

from ..errors import UserError
from ..initial import initial_csv
from ..interrupt import interruption_held
from ..manifest import INITIAL, MANIFEST, manifest_of
from .design import CoreDesign

__all__ = ["GENERATORS", "core_files", "emit"]

GENERATORS = ("amaranth", "verilog")


def core_files(design: CoreDesign, generator: str) -> dict[str, str]:
    """Return every file of the folder by name; the same design gives the same bytes."""
    if generator not in GENERATORS:
        raise UserError(f"--generator {generator!r}: unknown; allowed are {', '.join(GENERATORS)}")
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
    files["config.toml"] = _toml(design)
    if design.initial:
        files[INITIAL] = initial_csv(design.initial)
    files[MANIFEST] = json.dumps(manifest_of(design, generator, files), indent=2) + "\n"
    return files


def _toml(design: CoreDesign) -> str:
    """Return the resolved configuration as TOML; TOML has no null, so an unset option is a comment."""
    lines = [f"# Resolved configuration of {design.name}, rule {design.rule.name}"]
    for key, value in dataclasses.asdict(design.config).items():
        lines.append(f"# {key} is not set" if value is None else f"{key} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"


def emit(design: CoreDesign, generator: str, output: Path, *, force: bool = False) -> Path:
    """Write the design's folder and return its path.

    The files are written to a hidden folder beside ``output`` and renamed into place, so ``output``
    is complete or absent. Errors: ``UserError`` when it exists (without ``force``), is no folder of
    ours (with it), or cannot be written.
    """
    output = Path(os.path.abspath(output))
    if output.exists() or output.is_symlink():
        if not force:
            raise UserError(f"-o {output}: exists; give another folder or --force to replace it")
        if not output.is_dir() or output.is_symlink() or (any(output.iterdir()) and not (output / MANIFEST).is_file()):
            raise UserError(f"-o {output}: not a folder that sc-hw emitted, so --force will not replace it; give another folder")
    files = core_files(design, generator)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        with interruption_held() as check:
            staging = Path(tempfile.mkdtemp(prefix=f".{output.name}.", dir=output.parent))
            try:
                fresh, old = staging / "new", staging / "old"
                fresh.mkdir()
                for name, text in files.items():
                    (fresh / name).write_text(text, encoding="utf-8")
                    check()
                if output.exists():
                    output.rename(old)
                try:
                    fresh.rename(output)
                except OSError:
                    if old.exists():
                        old.rename(output)
                    raise
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    except OSError as error:
        raise UserError(f"-o {output}: cannot be written ({error.strerror}); give a writable folder") from error
    return output
