"""Mutants of one block: each simulated in its bench and put to the proof of the block."""

import dataclasses
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from os import cpu_count
from pathlib import Path

from sc_hw_models.scratch import temporary_folder

from ..errors import CheckError
from ..mutate import MutationResult, as_judged, simulated_longer
from ..partial import STEPS
from ..plant import as_mutants
from ..proof.mutants import see_proven
from ..proof.solver import Solver
from ..yosys import find_yosys
from .judge import Judge, Verdict
from .place import Placed
from .planted import drawn_faults, fault_files, mutant_files
from .prove import prove_placed
from .simulate import simulate_block

__all__ = ["Simulations", "mutate_block"]

_ROUNDS = (STEPS, 10 * STEPS, 50 * STEPS)  # timesteps: each round is of those that survived the one before
_NOTHING = lambda *_: None  # noqa: E731


class Simulations:
    """The simulations of one run; ``rounds`` and ``tools`` are filled as they run."""

    def __init__(self, placed: Placed, seed: int, output: Path) -> None:
        self._placed, self._seed, self._output = placed, seed, output
        self.rounds: list[dict[str, int]] = []
        self.tools: dict[str, str] = {}

    def differences(
        self, files: Mapping[str, bytes], numbers: Sequence[int], turn: int, *, steps: int = 0, alone: Sequence[int] = ()
    ) -> dict[int, str]:
        """Return the first difference of each, empty for those that survive; ``alone`` have a process of their own."""
        steps, seed = steps or _ROUNDS[turn], self._seed + turn
        several = [number for number in numbers if number not in alone]
        first, *texts, last = self._texts(files, [0, *several, 0], steps, seed)
        if first or last:
            raise CheckError(f"the netlist without a mutant differs from the model: {first or last}")
        found = dict(zip(several, texts, strict=True)) | {n: self._texts(files, [n], steps, seed)[0] for n in alone}
        survived = sum(not text for text in found.values())
        self.rounds.append({"steps": steps, "seed": seed, "mutants": len(found), "survived": survived})
        return found

    def _texts(self, files: Mapping[str, bytes], numbers: Sequence[int], steps: int, seed: int) -> list[str]:
        result = simulate_block(self._placed, output=self._output, seed=seed, steps=steps, faults=numbers, files=files)
        self.tools.update(result.tools)
        return [run["mismatch"]["text"] if run["mismatch"] else "" for run in result.runs]


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
    start, simulations, core = time.monotonic(), Simulations(placed, seed, output), placed.core
    note("proving the block without a mutant")
    see_proven(core.folder, partial(prove_placed, placed, solvers, timeout=timeout, covers=False))
    faults, _ = drawn_faults(placed, count, seed, corners=True)
    numbered = dict(enumerate(faults, 1))
    with temporary_folder() as scratch:
        bits, beside = scratch / "bits", scratch / "instances"
        bits.mkdir()
        beside.mkdir()
        files, mutants = mutant_files(placed, count, seed, bits)
        several, _ = fault_files(placed, (), beside, faults)
    judge = Judge(placed=placed, netlist=files[f"{placed.block.name}_planted.v"].decode(), solvers=solvers, timeout=timeout)
    total, counter = len(mutants) + len(faults), itertools.count(1)

    def judged(number: int, ask: Callable[..., Verdict], killed: bool) -> tuple[int, Verdict]:
        verdict = ask(killed=killed)
        progress(next(counter), total)
        return number, verdict

    note(f"simulating {len(mutants)} mutants")
    differences = simulations.differences(files, [m.number for m in mutants], 0)
    with ThreadPoolExecutor(cpu_count()) as pool:
        asked = [pool.submit(judged, m.number, partial(judge.mutant, m), bool(differences[m.number])) for m in mutants]
        proofs = dict(one.result() for one in asked)
    differences |= simulated_longer(partial(simulations.differences, files), len(_ROUNDS), differences, proofs)

    note(f"simulating {len(faults)} faults at instances")
    seen = simulations.differences(several, list(numbered), 0)
    with ThreadPoolExecutor(cpu_count()) as pool:
        asked = [pool.submit(judged, n, partial(judge.fault, f), bool(seen[n])) for n, f in numbered.items()]
        shown = dict(one.result() for one in asked)
    left = {n: text for n, text in seen.items() if not numbered[n].rare}
    seen |= simulated_longer(partial(simulations.differences, several), len(_ROUNDS), left, shown)
    differences |= {n + len(mutants): text for n, text in seen.items()}
    proofs |= {n + len(mutants): verdict for n, verdict in shown.items()}
    mutants += as_mutants(faults, 1 + len(mutants))
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
        mutants=as_judged(mutants, differences, proofs),
    )
