"""The verb ``mutate``: the table by module, the gap one by one, and the record."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ..blocks.mutate import mutate_block
from ..blocks.place import placed, refuse_network, within
from ..network_folder import is_network
from ..partial import MUTANTS, SOLVERS, fewer, joined
from ..proof.solver import find_solver
from ..run import begin, begin_network
from .network.run import mutate_network
from .run import Judged, MutationResult, mutate

__all__ = ["mutate_command"]


def mutate_command(
    folder: Path,
    *,
    count: int,
    seed: int,
    solvers: list[str],
    timeout: int,
    json_path: Path | None,
    console: Console,
    note: Callable[[str], None],
    progress: Callable[[int, int], None],
    block: str = "",
) -> int:
    """Run the mutants of an emitted folder, or of a ``block`` inside, and print what became of them.

    Returns 0 when the gap is empty, else 1.

    Errors: ``UserError`` for a folder or solver that cannot be used.
    """
    chosen = [find_solver(name) for name in dict.fromkeys(solvers)]
    # Of the two kinds of folder each has its own reader, and its own mutants.
    begun: Any = begin
    mutated: Any = mutate
    if block:
        refuse_network(folder, block, "mutate")
        begun, mutated = (
            partial(begin, within=within(block)),
            lambda core, **options: mutate_block(placed(core, block), **options),
        )
    elif is_network(folder):
        begun, mutated = begin_network, mutate_network
    with begun("mutate", folder) as run:
        core = run.core
        result = mutated(
            core, count=count, seed=seed, solvers=chosen, timeout=timeout, output=run.files, note=note, progress=progress
        )
        less = joined(fewer(count, MUTANTS, "mutants"), fewer(len(chosen), len(SOLVERS), "solvers"))
        named = placed(core, block).named if block else {}
        run.publish([result.to_dict() | named], json_path, partial=less)
    console.print(_table(result))
    for judged in result.mutants:
        if judged.gap:
            console.print(
                f"GAP {judged.mutant.number}: {judged.gap}: {judged.mutant.text}", markup=False, highlight=False, soft_wrap=True
            )
    if core.edited:
        console.print(f"edited since it was emitted: {', '.join(core.edited)}", markup=False, highlight=False)
    gap = sum(bool(judged.gap) for judged in result.mutants)
    console.print(
        f"{result.verdict.upper()} {result.core}: {len(result.mutants)} mutants, {gap} in the gap, seed {seed}, "
        f"{result.seconds:.0f} s{'; ' * bool(less)}{less}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    return 0 if result.verdict == "pass" else 1


def _table(result: MutationResult) -> Table:
    columns = ("module", "mutants", "killed by simulation", "refuted by the theorem", "only differs", "equivalent", "gap")
    table = Table(*columns, title=f"mutants of {result.core}, {result.rule}, {result.generator}, seed {result.seed}")
    modules = sorted({judged.mutant.module for judged in result.mutants})
    for name in (*modules, "all"):
        table.add_row(name, *_counts([judged for judged in result.mutants if name in ("all", judged.mutant.module)]))
    return table


def _counts(mutants: list[Judged]) -> list[str]:
    killed = sum(judged.simulation == "killed" for judged in mutants)
    proofs = [judged.proof for judged in mutants]
    gap = sum(bool(judged.gap) for judged in mutants)
    return [str(number) for number in (len(mutants), killed, *map(proofs.count, ("refuted", "differs", "equivalent")), gap)]
