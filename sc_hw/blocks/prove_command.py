"""The verb ``prove`` on one block, of a core, a layer or a crossbar, or of a network."""

import dataclasses
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from rich.console import Console

from ..errors import UserError
from ..network_folder import is_network
from ..partial import SOLVERS, fewer
from ..proof.command import show_proof, times_of
from ..proof.network.alone import prove_network_block
from ..proof.result import PARTS, Obligation, ProofResult
from ..proof.solver import find_solver
from ..run import Run, begin, begin_network
from ..toolchain import sby
from .network import network_place, within_network
from .place import placed, within
from .prove import prove_placed

__all__ = ["block_prove_command"]


def block_prove_command(
    folder: Path,
    name: str,
    solvers: list[str],
    parts: Collection[str],
    timeout: float,
    json_path: Path | None,
    console: Console,
    note: Callable[[str], None],
) -> int:
    """Prove one block and print the table; return 0 when everything about it is proven, else 1.

    Errors: ``UserError`` as ``prove_command``, and for ``parts``, which a block has none of.
    """
    if set(parts) != set(PARTS):
        raise UserError("--part: is of cores; a block has none; leave out --part or --block")
    chosen = [find_solver(one) for one in dict.fromkeys(solvers)]
    sby().require()

    def told(obligation: Obligation) -> None:
        note(f"{obligation.verdict} {obligation.name}: {times_of(obligation)}")

    if is_network(folder):
        with begin_network("prove", folder, within=within_network(name, proof=True)) as chip:
            place = network_place(chip.core, name)
            result = prove_network_block(chip.core, place, chosen, timeout=timeout, traces=chip.files, progress=told)
            named = {"core": chip.core.design.name, "block": place, "module": chip.core.design.blocks[place].name}
            result, partial = _concluded(chip, result, named, json_path, len(chosen))
    else:
        with begin("prove", folder, within=within(name, proof=True)) as run:
            one = placed(run.core, name)
            result = prove_placed(one, chosen, timeout=timeout, traces=run.files, progress=told)
            result, partial = _concluded(run, result, one.named, json_path, len(chosen))
    show_proof(result, [solver.name for solver in chosen], partial, console, replay="")
    others = sorted({by for one in result.assumptions for by in one["by"]} - {o.name for o in result.obligations})
    if others and result.verdict == "proven":
        text = f"assumed of others, which the proof of the whole discharges: {', '.join(others)}"
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    return 0 if result.verdict == "proven" else 1


def _concluded(
    run: Run[Any], result: ProofResult, named: dict[str, str], json_path: Path | None, solvers: int
) -> tuple[ProofResult, str]:
    """Write the record of a proof; return the proof with its final paths, and what it is a part of."""
    settled = [dataclasses.replace(o, note=run.settled(o.note)) for o in result.obligations]
    result, partial = dataclasses.replace(result, obligations=settled), fewer(solvers, len(SOLVERS), "solvers")
    run.publish([result.to_dict() | named], json_path, partial=partial)
    return result, partial
