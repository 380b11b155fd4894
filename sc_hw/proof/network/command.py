"""The verb ``prove`` on a network: a line an obligation while it runs, a table and a record at the end."""

from collections.abc import Callable, Collection
from pathlib import Path

from rich.console import Console

from ...run import begin_network
from ...toolchain import sby
from ..command import concluded, show_proof, times_of
from ..solver import find_solver
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
        result, partial = concluded(run, result, chosen, parts, json_path, only)
    show_proof(result, [solver.name for solver in chosen], partial, console, replay="")
    for name, text in only.items():
        console.print(f"simulated only, {name}: {text}", markup=False, highlight=False, soft_wrap=True)
    return 0 if result.verdict == "proven" else 1
