"""The verb ``board``: a bitstream for a board, or the virtual board until it is ended."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from ..bus.folder import load_bus
from ..errors import CheckError, UserError, in_shell, shown
from ..folder import check_output, with_record, write_folder
from ..manifest.describe import FILE_LIST, sha256
from ..network_folder import load_emitted
from ..records import head, write_record
from .boards import BOARDS
from .build import Built, Plan, build, plan
from .virtual import DIVIDER, VirtualBoard

__all__ = ["RECORD", "SCHEMA", "board_command", "listed_files", "virtual_command"]

RECORD, SCHEMA = "board.json", "sc-hw/board/1"

listed_files = with_record("board", RECORD, SCHEMA)
"""Yields the files that we wrote into a folder. Errors: ``UserError`` when it is none of ours."""
_PATIENCE = 0.2  # seconds between looks at a board that works


def virtual_command(folder: Path, *, seconds: int | None, json_path: Path | None, console: Console) -> int:
    """Put an emitted folder behind a pseudo-terminal, say where, and leave it there until this is ended, or for ``seconds``.

    Errors: ``UserError`` for a folder without a bus, ``CheckError`` for a board that ends by itself.
    """
    core = load_emitted(folder)
    layout = load_bus(core).layout
    with console.status("building the board"):
        board = VirtualBoard(core, layout)
    with board:
        if json_path:
            write_record(json_path, head(core) | {"verb": "board", "board": "virtual", "port": board.port, "divider": DIVIDER})
        click.echo(board.port)
        click.echo(
            f"{shown(core.folder)} behind {board.port} until Ctrl-C; in Python: Driver(core, SerialLine({board.port!r}))",
            err=True,
        )
        start = time.monotonic()
        while seconds is None or time.monotonic() < start + seconds:
            if board.ended(_PATIENCE if seconds is None else min(_PATIENCE, seconds)):
                raise CheckError("the board ended by itself")
        clocks, to, back = board.counts()
        click.echo(f"{clocks:,} clocks, {to:,} bytes to the board, {back:,} from it", err=True)
    return 0


def board_command(
    folder: Path,
    name: str,
    output: Path,
    *,
    clock: float | None,
    baud: int,
    seeds: int,
    force: bool,
    json_path: Path | None,
    console: Console,
) -> int:
    """Make a bitstream for a board of an emitted folder; write it, and all that it was made of, into a folder.

    Errors: ``UserError`` for a folder without a bus, a board there is none of or that is too small, a clock or speed that it
    cannot have, and those of ``check_output``; ``CheckError`` for a clock that is not met.
    """
    if name not in BOARDS:
        raise UserError(f"--board {name!r}: unknown; allowed are {', '.join(BOARDS)}")
    core = load_emitted(folder)
    output = check_output(output, listed_files, force=force, verb="wrote")
    what = plan(load_bus(core).layout, BOARDS[name], clock=clock, baud=baud)
    with console.status("") as status:
        built = build(what, core.verilog, seeds=seeds, progress=lambda text: status.update(f"{name}: {text}"))
    files: dict[str, str | bytes] = {**what.verilog, **{f"core/{each}": text for each, text in core.verilog.items()}}
    files[FILE_LIST] = "".join(f"{each}\n" for each in files)
    pins = f"pins{what.board.family.suffix}"
    files |= {pins: what.board.family.pins(what.pins, what.board.clock_mhz()), built.name: built.bitstream}
    record = head(core) | _record(what, built)
    record["sha256"] = {each: sha256(content) for each, content in files.items()}
    write_folder(output, {**files, RECORD: json.dumps(record, indent=2) + "\n"})
    if json_path:
        write_record(json_path, record)
    for line in _told(what, built, output):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    return 0


def _record(what: Plan, built: Built) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "verb": "board",
        "verdict": "pass",
        "board": what.board.name,
        "clock_mhz": what.mhz,
        "reached_mhz": round(built.mhz, 2),
        "baud": round(what.baud),
        "divider": what.divider,
        "seed": built.seed,
        "resources": dict(built.resources),
        "cells": {name: list(used) for name, used in built.cells.items()},
        "bitstream": built.name,
        "load": " ".join(_load(what, built.name)),
        "tools": dict(built.tools),
    }


def _load(what: Plan, bitstream: str) -> Sequence[str]:
    return ("openFPGALoader", "-b", what.board.loader, bitstream)


def _told(what: Plan, built: Built, output: Path) -> Iterator[str]:
    used = ", ".join(f"{name} {n:,} of {most:,}" for name, (n, most) in built.cells.items() if most > 100 and n > 10)
    slack = 1000 / what.mhz - 1000 / built.mhz
    yield f"{shown(output / built.name)}: {what.board.title}"
    yield f"{what.mhz:g} MHz met, {built.mhz:.2f} reached (seed {built.seed}, slack {slack:.2f} ns); {used}"
    yield f"line: {what.baud:.0f} baud, {what.divider} clocks a bit"
    yield f"load it, from {in_shell(output)}: {' '.join(_load(what, built.name))}"
