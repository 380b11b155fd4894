"""Mutation: would a wrong netlist be noticed? Yosys mutants of a core, each simulated and put to the proof."""

import dataclasses
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sc_hw_models.scratch import temporary_folder

from .errors import CheckError
from .manifest import Core
from .plant import Mutant, plant_mutants
from .proof.mutants import judge_mutants
from .proof.solver import Solver
from .selftest import enough_timesteps
from .simulate import simulate
from .yosys import find_yosys

__all__ = ["Judged", "MutationResult", "mutate"]

_ROUNDS = (1, 10, 100, 1000)
"""How many times ``enough_timesteps`` each simulation of those that survived the one before takes."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A mutant and what became of it.

    ``simulation`` is ``killed`` or ``survives``; ``proof`` is ``killed``, ``equivalent`` or ``unknown``; ``evidence`` is
    what decided: an obligation, or the comparison with the core without the mutant.
    """

    mutant: Mutant
    simulation: str
    difference: str
    proof: str
    evidence: str

    @property
    def gap(self) -> str:
        """Why the mutant is in the gap, empty if it is not."""
        if self.proof == "unknown":
            return "the proof does not decide"
        if self.simulation == "killed":
            return "simulation kills what the proof calls equivalent" if self.proof == "equivalent" else ""
        return "" if self.proof == "equivalent" else "survives simulation"

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready record."""
        rest = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "mutant"}
        return {**dataclasses.asdict(self.mutant), "text": self.mutant.text, **rest, "gap": self.gap}


@dataclass(frozen=True, kw_only=True)
class MutationResult:
    """Every mutant of one core; ``rounds`` are the simulations: timesteps, seed, mutants, how many survived."""

    core: str
    rule: str
    generator: str
    synapses: int
    lanes: int
    config: dict[str, Any]
    edited: tuple[str, ...]
    count: int
    seed: int
    rounds: list[dict[str, int]]
    tools: dict[str, str]
    seconds: float
    mutants: list[Judged]

    @property
    def verdict(self) -> str:
        """``pass`` when there are mutants and the gap is empty."""
        return "pass" if self.mutants and not any(judged.gap for judged in self.mutants) else "fail"

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready record."""
        return {"verb": "mutate", "verdict": self.verdict, **vars(self), "mutants": [judged.to_dict() for judged in self.mutants]}


def mutate(
    core: Core, *, count: int, seed: int, solvers: Sequence[Solver], timeout: int, output: Path,
    note: Callable[[str], None] = lambda _text: None, progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> MutationResult:  # fmt: skip
    """Plant up to ``count`` mutants drawn from ``seed``, simulate each and put each to the proof.

    All are in one netlist and one simulator. Each proof has ``timeout`` seconds a question. Those that survive a short
    simulation and are not equivalent are simulated longer, with other seeds. ``progress`` is called with what is done and
    all there is to do. Errors: ``CheckError`` when the netlist without a mutant fails, or Yosys does.
    """
    start = time.monotonic()
    with temporary_folder() as folder:
        planted, mutants = plant_mutants(core, count, seed, folder)
        total = 2 * len(mutants) + 2
        rounds: list[dict[str, int]] = []
        differences = dict.fromkeys((m.number for m in mutants), "")
        tools = {"yosys": find_yosys()[1]} | {solver.name: solver.tool.version for solver in solvers}

        def simulated(numbers: Sequence[int], progress: Callable[[int, int], None] = lambda _done, _total: None) -> None:
            steps, run_seed = _ROUNDS[len(rounds)] * enough_timesteps(core), seed + len(rounds)
            # Without a mutant, first and last: then nothing a mutant leaves behind reaches the next one.
            result = simulate([planted], steps=steps, seed=run_seed, output=output, faults=[0, *numbers, 0], note=note,
                              progress=progress)  # fmt: skip
            tools.update(result.tools)
            clean, *records, last = (record["mismatch"]["text"].splitlines()[0] if record["mismatch"] else ""
                                     for record in result.cores)  # fmt: skip
            if clean or last:
                raise CheckError(f"the netlist without a mutant differs from the model: {clean or last}")
            differences.update(zip(numbers, records, strict=True))
            survived = sum(not record for record in records)
            rounds.append({"steps": steps, "seed": run_seed, "mutants": len(records), "survived": survived})

        simulated([m.number for m in mutants], lambda done, _all: progress(done, total))
        done = itertools.count(len(mutants) + 3)
        survivors = [number for number, text in differences.items() if not text]
        proofs = judge_mutants(planted, mutants, survivors, solvers, timeout=timeout, folder=folder,
                               progress=lambda: progress(next(done), total))  # fmt: skip
        while len(rounds) < len(_ROUNDS):
            left = [number for number, text in differences.items() if not text and proofs[number][0] != "equivalent"]
            if not left:
                break
            note(f"{len(left)} mutants survive {rounds[-1]['steps']} timesteps; simulating them longer")
            simulated(left)
    judged = [
        Judged(mutant=m, simulation="killed" if differences[m.number] else "survives", difference=differences[m.number],
               proof=proofs[m.number][0], evidence=proofs[m.number][1])
        for m in mutants
    ]  # fmt: skip
    return MutationResult(
        core=core.design.name, rule=core.design.rule.name, generator=core.manifest["generator"], synapses=core.design.synapses,
        lanes=core.design.lanes, config=dataclasses.asdict(core.design.config), edited=core.edited, count=count, seed=seed,
        rounds=rounds, tools=tools, seconds=round(time.monotonic() - start, 3), mutants=judged,
    )  # fmt: skip
