"""The verb ``vectors``: a folder that any Verilog simulator runs, without Python."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import PackageLoader

from .. import __version__
from ..errors import UserError, shown
from ..folder import check_output, with_record, write_folder
from ..manifest import Core, load_core
from ..manifest.describe import sha256
from ..records import stamp
from ..rtl.text import finished, vector
from ..templates import verilog_templates
from .play import played
from .script import Script, Track

__all__ = ["listed_files", "vectors_command", "vectors_of"]

SCHEMA, RECORD = "sc-hw/vectors/1", "vectors.json"

_recorded = with_record("vectors", RECORD, SCHEMA)
PHASES = ("clear", "write all words", "timesteps", "read all words")
COMMANDS = (
    "  iverilog -g2012 -s testbench -o testbench.vvp -f filelist.f && vvp testbench.vvp",
    "  verilator --binary --timing -Wno-fatal -CFLAGS -std=c++20 --top-module testbench -f filelist.f && obj_dir/Vtestbench",
)
MOST_BEATS = 2_000_000  # of all streams: what a simulator reads in seconds


def vectors_command(folder: Path, output: Path, *, steps: int, seed: int, force: bool) -> str:
    """Write a folder with stimulus, expected results and a testbench for an emitted folder; return what to do with it.

    Errors: ``UserError`` for a folder that cannot be read, one that has no such vectors, and those of ``check_output``.
    """
    core = load_core(folder)
    output = check_output(output, listed_files, force=force, verb="wrote")
    script = vectors_of(core, steps, seed)
    files: dict[str, str | bytes] = {f"rtl/{name}": text for name, text in core.verilog.items()}
    sources = [*files, "testbench.v"]
    files |= {name: text.encode() for name, text in _hex_files(script).items()}
    files["testbench.v"] = _testbench(core, script, steps, seed)
    files["filelist.f"] = "".join(f"{name}\n" for name in sources)
    record = {
        **stamp(),
        "schema": SCHEMA,
        "verb": "vectors",
        "core": core.design.name,
        "core_sha256": core.digest,
        "steps": steps,
        "seed": seed,
        "phases": list(PHASES),
        "beats": {name: len(track.beats) for name, track in script.tracks.items()},
        "sha256": {name: sha256(content) for name, content in files.items()},
    }
    record.pop("finished")  # the same request, the same bytes
    write_folder(output, {**files, RECORD: json.dumps(record, indent=2) + "\n"})
    compared = sum(len(track.beats) for track in script.tracks.values() if track.stream.gives)
    line = f"{shown(output)}: {steps} timesteps, {compared:,} beats to compare, seed {seed}; in it, either of"
    return "\n".join([line, *COMMANDS])


def vectors_of(core: Core, steps: int, seed: int) -> Script:
    """Return what moves on every stream of a core. Errors: ``UserError`` where that is more than a simulator should read."""
    design = core.design
    beats = steps * design.words + 3 * design.synapses
    if beats > MOST_BEATS:
        most = max(0, (MOST_BEATS - 3 * design.synapses) // design.words)
        remedy = f"{most} timesteps of this core" if most else "a smaller core, whose lanes are the same"
        raise UserError(f"--steps {steps}: makes {beats:,} beats; allowed are {MOST_BEATS:,}, {remedy}")
    return played(design, steps, seed)


def _hex_files(script: Script) -> dict[str, str]:
    """Return the beats of each stream, and which bits of what comes back mean something."""
    files = {}
    for name, track in script.tracks.items():
        files[f"{name}.hex"] = _hex(track, track.beats)
        if track.stream.gives:
            files[f"{name}_care.hex"] = _hex(track, track.cares)
    return files


def _hex(track: Track, values: list[int]) -> str:
    digits = -(-track.bits // 4)
    return "".join(f"{value:0{digits}x}\n" for value in values or [0])


def _testbench(core: Core, script: Script, steps: int, seed: int) -> str:
    environment = verilog_templates(PackageLoader("sc_hw.vectors", "."))
    environment.globals.update(vector=vector)
    tracks = list(script.tracks.values())
    design = core.design
    values: dict[str, Any] = {
        "name": design.name,
        "tied": [port.name for port in design.signals if port.direction == "input"],
        "steps": steps,
        "seed": seed,
        "version": __version__,
        "phases": PHASES,
        "tracks": tracks,
        "patience": 1000 + 4 * design.words,
    }
    return finished(environment.get_template("testbench.v.j2").render(values))


def listed_files(folder: Path) -> Iterator[str]:
    """Yield the files that we wrote into a folder. Errors: ``UserError`` when it is none of ours."""
    yield from _recorded(folder)
    yield from ("testbench.vvp", "testbench.vcd")  # what the commands that we print leave
    yield from (path.relative_to(folder).as_posix() for path in (folder / "obj_dir").rglob("*") if path.is_file())
