"""The verb ``prove``: a line an obligation while it runs, a table and a record at the end."""

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..errors import in_shell
from ..partial import SOLVERS, fewer, joined
from ..records import write_record
from ..run import Run, begin
from ..toolchain import sby
from .prove import prove
from .result import PARTS, Obligation, ProofResult
from .run import made_for
from .solver import Solver, find_solver

__all__ = ["COUNTEREXAMPLE", "concluded", "prove_command", "show_proof", "times_of"]

COUNTEREXAMPLE = "counterexample.json"


def prove_command(
    folder: Path,
    solvers: list[str],
    parts: list[str],
    timeout: float,
    json_path: Path | None,
    console: Console,
    note: Callable[[str], None],
) -> int:
    """Prove an emitted folder and print the table; return 0 when everything is proven, else 1.

    Errors: ``UserError`` before any output for a folder or solver that cannot be used. The record is
    written whatever the verdict.
    """
    chosen = [find_solver(name) for name in dict.fromkeys(solvers)]
    if "engine" in parts:
        sby().require()
    with begin("prove", folder) as run:
        core = run.core
        result = prove(
            core,
            chosen,
            timeout=timeout,
            parts=parts,
            traces=run.files,
            progress=lambda o: note(f"{o.verdict} {o.name}: {times_of(o)}"),
        )
        result, partial = concluded(run, result, chosen, parts, json_path)
    show_proof(result, [solver.name for solver in chosen], partial, console, replay=f"sc-hw replay {in_shell(folder)}")
    return 0 if result.verdict == "proven" else 1


def concluded(
    run: Run[Any],
    result: ProofResult,
    solvers: Sequence[Solver],
    parts: Collection[str],
    json_path: Path | None,
    simulated_only: Mapping[str, str] | None = None,
) -> tuple[ProofResult, str]:
    """Write the counterexample and the record of a proof; return the proof with its final paths, and what it is a part of.

    ``simulated_only`` are the statements by name that no proof is about; where it is given the record lists them.
    """
    if result.counterexample:
        shared = {"core": result.core, "rule": result.rule, "config": result.config}
        for part in run.core.parts:
            if part.folder.name == result.counterexample.part:
                shared = made_for(part.design)
        write_record(run.files / COUNTEREXAMPLE, shared | dataclasses.asdict(result.counterexample))
    result = dataclasses.replace(
        result, obligations=[dataclasses.replace(o, note=run.settled(o.note)) for o in result.obligations]
    )
    partial = joined(
        "" if set(parts) == set(PARTS) else f"only {' and '.join(part for part in PARTS if part in parts)}",
        fewer(len(solvers), len(SOLVERS), "solvers"),
        f"simulated only: {', '.join(simulated_only)}" if simulated_only else "",
    )
    record = result.to_dict()
    if simulated_only is not None:
        record["simulated_only"] = [{"name": name, "statement": text} for name, text in simulated_only.items()]
    run.publish([record], json_path, partial=partial)
    return result, partial


def show_proof(result: ProofResult, solvers: Sequence[str], partial: str, console: Console, *, replay: str) -> None:
    """Print the table of a proof, its counterexample, which ``replay`` is the command to see, and the line of its verdict."""
    console.print(_table(result))
    if result.edited:
        console.print(f"edited since it was emitted: {', '.join(result.edited)}", markup=False, highlight=False)
    if result.counterexample:
        console.print(f"counterexample to {result.counterexample.obligation}:", markup=False, highlight=False)
        console.print(result.counterexample.text, markup=False, highlight=False, soft_wrap=True)
        see = f"see it in a waveform: {replay}" if replay else ""
        console.print(
            see if result.counterexample.run else "no run of the lane was found that shows it",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    verdict = {"proven": "PASS", "refuted": "FAIL"}.get(result.verdict, "UNKNOWN")
    needed = [o for o in result.obligations if o.verdict != "no cut"]
    count = sum(o.verdict == "proven" for o in needed)
    agreed = " and ".join(solvers)
    console.print(
        f"{verdict} {result.core}: {count} of {len(needed)} obligations proven by {agreed}, "
        f"{result.seconds:.1f} s{', ' * bool(partial)}{partial}",
        markup=False,
        highlight=False,
    )


def times_of(obligation: Obligation) -> str:
    """Return the seconds of each solver, or the note where none was asked."""
    seconds: dict[str, float] = {}
    for answer in obligation.answers:
        seconds[answer["solver"]] = seconds.get(answer["solver"], 0.0) + answer["seconds"]
    return ", ".join(f"{name} {value:.2f} s" for name, value in seconds.items()) or obligation.note


def _table(result: ProofResult) -> Table:
    table = Table("obligation", "verdict", "seconds", title=f"proof of {result.core}, {result.rule}, {result.generator}")
    for o in result.obligations:
        table.add_row(f"{o.name}: {o.statement}", f"{o.verdict}: {o.note}" if o.note else o.verdict, times_of(o))
    return table
