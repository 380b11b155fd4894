"""Prove the small network with each fault by hand in turn, and write one table.

Run from the root of the repository: python -m tests.networks.measure_proof_faults [-o FILE.md]
"""

import tempfile
import time
from pathlib import Path

import click

from sc_hw.folder import write_folder
from sc_hw.network_file import network_of
from sc_hw.network_folder import network_design, network_folder
from sc_hw.proof.solver import find_solver

from .proof_faults import FAULTS, first_broken, planted
from .small import SMALL

_TITLES = {"refuted": "refuted", "unknown": "not proven", "skipped": "not proven"}


@click.command()
@click.option("-o", "output", type=click.Path(path_type=Path), help="Write the table to this file.")
def main(output: Path | None) -> None:
    """Ask one solver, without the campaign of sc-hw sim, which finds most of these sooner."""
    solver, rows, proven = find_solver("yices"), [], []
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        (scratch / "small.toml").write_text(SMALL)
        folder = scratch / "tiny"
        write_folder(folder, network_folder(network_design(network_of(scratch / "small.toml", option=""), "tiny"), "verilog"))
        for number, fault in enumerate(FAULTS):
            started = time.monotonic()
            found = first_broken(planted(folder, fault), fault.part, solver, scratch / f"run{number}", 30.0)
            seconds = time.monotonic() - started
            said = f"{found.name}, {_TITLES[found.verdict]}: {found.note.partition('; waveform')[0]}" if found else "**proven**"
            proven += [] if found else [fault.what]
            rows.append(f"| `{fault.file}.v` | {fault.what} | {said.replace('|', chr(92) + '|')[:160]} | {seconds:.0f} |")
            click.echo(rows[-1])
    text = "\n".join(
        [
            "# Faults in a network's Verilog, and its proof",
            "",
            f"Each of {len(FAULTS)} faults is written by hand into the Verilog of the network of `tests/networks/small.py`, and",
            f"the part of the proof that is of its place is asked of {solver.name} alone, without the campaign. Made by",
            "`make network-faults`. *Not proven* means that no induction closes, and that no run of 64 clocks from reset was",
            "found in time: exit status 1, too.",
            "",
            f"**{len(FAULTS) - len(proven)} of {len(FAULTS)} are refuted or not proven.**",
            "",
            "| file | fault | first obligation that fails | s |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )
    if output:
        output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
