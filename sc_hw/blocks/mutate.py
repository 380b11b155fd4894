"""Mutants of one block: each simulated in its bench and put to the proof of the block."""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from sc_hw_models.scratch import temporary_folder

from ..mutate.run import MutationResult
from ..mutate.turns import Simulations, judged_in_turns
from ..partial import STEPS
from ..proof.mutants import see_proven
from ..proof.solver import Solver
from ..yosys import find_yosys
from .judge import Judge
from .place import Placed
from .planted import drawn_faults, fault_files, mutant_files
from .prove import prove_placed
from .simulate import simulate_block

__all__ = ["mutate_block", "simulations_of"]

_ROUNDS = (STEPS, 10 * STEPS, 50 * STEPS)  # timesteps: each round is of those that survived the one before
_NOTHING = lambda *_: None  # noqa: E731


def simulations_of(placed: Placed, seed: int, output: Path, steps: Sequence[int]) -> Simulations:
    """Return the simulations of a run: ``steps`` are the timesteps of each turn."""

    def play(files: Mapping[str, bytes], numbers: Sequence[int], length: int, own: int) -> tuple[list[str], Mapping[str, str]]:
        result = simulate_block(placed, output=output, seed=own, steps=length, faults=numbers, files=files)
        return [run["mismatch"]["text"] if run["mismatch"] else "" for run in result.runs], result.tools

    return Simulations(play=play, seed=seed, steps=steps)


def mutate_block(
    placed: Placed,
    *,
    count: int,
    seed: int,
    solvers: Sequence[Solver],
    timeout: int,
    output: Path,
    note: Callable[[str], None] = _NOTHING,
    progress: Callable[[int, int], None] = _NOTHING,
) -> MutationResult:
    """Plant up to ``count`` mutants of bits of a block, as many of registers in a reset and as many at its instances.

    As ``mutate`` of a core. Errors: ``CheckError`` when the block without a mutant is not proven or fails in simulation, or
    Yosys does.
    """
    start, simulations, core = time.monotonic(), simulations_of(placed, seed, output, _ROUNDS), placed.core
    note("proving the block without a mutant")
    see_proven(core.folder, partial(prove_placed, placed, solvers, timeout=timeout, covers=False))
    faults, _ = drawn_faults(placed, count, seed, corners=True)
    with temporary_folder() as scratch:
        bits, beside = scratch / "bits", scratch / "instances"
        bits.mkdir()
        beside.mkdir()
        files, mutants = mutant_files(placed, count, seed, bits)
        several, _ = fault_files(placed, (), beside, faults)
    judge = Judge(placed=placed, netlist=files[f"{placed.block.name}_planted.v"].decode(), solvers=solvers, timeout=timeout)
    judged = judged_in_turns(simulations, judge, (files, mutants), (several, faults), note=note, progress=progress)
    return MutationResult(
        core=placed.block.name,
        rule=core.design.rule.name,
        generator=core.manifest["generator"],
        synapses=core.design.synapses,
        lanes=core.design.lanes,
        config=dataclasses.asdict(core.design.config),
        edited=core.edited,
        count=count,
        seed=seed,
        rounds=simulations.rounds,
        tools={"yosys": find_yosys()[1]} | {s.name: s.tool.version for s in solvers} | simulations.tools,
        seconds=round(time.monotonic() - start, 3),
        mutants=judged,
    )
