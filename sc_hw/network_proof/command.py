"""The verb ``prove`` on a network: a line an obligation while it runs, a table and a record at the end."""

import dataclasses
from collections.abc import Callable, Collection
from pathlib import Path

from rich.console import Console

from ..partial import SOLVERS, fewer, joined
from ..proof.command import COUNTEREXAMPLE, show_proof, times_of
from ..proof.result import PARTS
from ..proof.solver import find_solver
from ..records import write_record
from ..run import begin_network
from ..toolchain import sby
from .prove import prove_network, simulated_only

__all__ = ["network_prove_command"]


def network_prove_command(
    folder: Path,
    solvers: Collection[str],
    parts: Collection[str],
    timeout: float,
    json_path: Path | None,
    console: Console,
    note: Callable[[str], None],
) -> int:
    """Prove an emitted network and print the table; return 0 when everything that is asked is proven, else 1.

    The record, and the last line, list what is simulated only. Errors: ``UserError`` as ``prove_command``.
    """
    chosen = [find_solver(name) for name in dict.fromkeys(solvers)]
    if "engine" in parts:
        sby().require()
    with begin_network("prove", folder) as run:
        network = run.core
        only = simulated_only(network)
        result = prove_network(
            network,
            chosen,
            timeout=timeout,
            parts=parts,
            traces=run.files,
            progress=lambda o: note(f"{o.verdict} {o.name}: {times_of(o)}"),
        )
        if result.counterexample:
            shared = {"core": result.core, "rule": result.rule, "config": result.config}
            write_record(run.files / COUNTEREXAMPLE, shared | dataclasses.asdict(result.counterexample))
        result = dataclasses.replace(
            result, obligations=[dataclasses.replace(o, note=run.settled(o.note)) for o in result.obligations]
        )
        partial = joined(
            "" if set(parts) == set(PARTS) else f"only {' and '.join(part for part in PARTS if part in parts)}",
            fewer(len(chosen), len(SOLVERS), "solvers"),
            f"simulated only: {', '.join(only)}",
        )
        simulated = [{"name": name, "statement": text} for name, text in only.items()]
        run.publish([result.to_dict() | {"simulated_only": simulated}], json_path, partial=partial)
    show_proof(result, [solver.name for solver in chosen], partial, console, replay="")
    for name, text in only.items():
        console.print(f"simulated only, {name}: {text}", markup=False, highlight=False, soft_wrap=True)
    return 0 if result.verdict == "proven" else 1
