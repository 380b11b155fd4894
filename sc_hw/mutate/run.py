"""Mutation: would a wrong netlist be noticed? Yosys mutants of a core, each simulated and put to the proof."""

import dataclasses
import itertools
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sc_hw_models.scratch import temporary_folder

from ..errors import CheckError
from ..faults.plant import Mutant, as_mutants, in_part, plant_faults, plant_mutants, planted_part
from ..manifest import Core
from ..proof.mutants import judge_faults, judge_mutants, see_proven
from ..proof.prove import prove
from ..proof.solver import Solver
from ..selftest.run import drawn_instance_faults, enough_timesteps
from ..sim.simulate import simulate
from ..yosys import find_yosys

__all__ = ["Judged", "MutationResult", "as_judged", "gap_of", "judged_as", "mutate", "simulated_longer"]

_ROUNDS = (1, 10, 100, 1000)
"""How many times ``enough_timesteps`` each simulation of those that survived the one before takes."""
_MOST = 1 << 25  # updates of a synapse in a simulation of one mutant, the first aside: what is rarer is no longer looked for


def gap_of(simulation: str, proof: str, *, rare: bool) -> str:
    """Return why a mutant is in the gap, empty if it is not; ``rare`` is one that no simulation of a sane length meets."""
    if proof not in ("refuted", "differs", "equivalent") or simulation not in ("killed", "survives"):
        return "the proof does not decide"
    if simulation == "killed":
        return "simulation kills what the proof calls equivalent" if proof == "equivalent" else ""
    return "" if proof == "equivalent" or rare else "survives simulation"


def judged_as(gaps: Sequence[str]) -> str:
    """Return ``pass`` when there are mutants and the gap is empty."""
    return "pass" if gaps and not any(gaps) else "fail"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A mutant and what became of it.

    ``simulation`` is ``killed`` or ``survives``; ``proof`` is ``refuted`` by the theorem, ``differs`` when only the comparison
    with the proven core tells, ``equivalent`` or ``unknown``; ``evidence`` is what decided.
    """

    mutant: Mutant
    simulation: str
    difference: str
    proof: str
    evidence: str

    @property
    def gap(self) -> str:
        """Why the mutant is in the gap, empty if it is not."""
        return gap_of(self.simulation, self.proof, rare=self.mutant.rare)

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
        """What ``judged_as`` says of all mutants."""
        return judged_as([judged.gap for judged in self.mutants])

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready record."""
        return {"verb": "mutate", "verdict": self.verdict, **vars(self), "mutants": [judged.to_dict() for judged in self.mutants]}


@dataclass(frozen=True, kw_only=True)
class _Run:
    """The simulations of one ``mutate``; ``rounds`` and ``tools`` are filled as they run."""

    core: Core
    seed: int
    output: Path
    note: Callable[[str], None]
    rounds: list[dict[str, int]]
    tools: dict[str, str]

    def simulated(
        self,
        planted: Core,
        numbers: Sequence[int],
        step: Callable[[], None] = lambda: None,
        *,
        turn: int = 0,
        alone: Collection[int] = (),
    ) -> dict[int, str]:
        """Return the first difference of each mutant, empty for those that survive; ``alone`` are in a process of their own."""
        steps, seed = _ROUNDS[turn] * enough_timesteps(self.core), self.seed + turn
        several = [number for number in numbers if number not in alone]
        # Without a mutant, first and last: then nothing a mutant leaves behind reaches the next one.
        records = self._simulate(planted, [0, *several, 0], steps, seed)
        if records[0] or records[-1]:
            raise CheckError(f"the netlist without a mutant differs from the model: {records[0] or records[-1]}")
        result = dict(zip(several, records[1:-1], strict=True))
        result |= {number: self._simulate(planted, [number], steps, seed)[0] for number in alone}
        for _ in result:
            step()
        survived = sum(not text for text in result.values())
        self.rounds.append({"steps": steps, "seed": seed, "mutants": len(result), "survived": survived})
        return result

    def _simulate(self, planted: Core, numbers: Sequence[int], steps: int, seed: int) -> list[str]:
        result = simulate([planted], steps=steps, seed=seed, output=self.output, faults=numbers, note=self.note)
        self.tools.update(result.tools)
        return [record["mismatch"]["text"].splitlines()[0] if record["mismatch"] else "" for record in result.cores]

    def longer(
        self,
        planted: Core,
        differences: Mapping[int, str],
        proofs: Mapping[int, tuple[str, str]],
        modules: Mapping[int, str],
    ) -> dict[int, str]:
        """Simulate those that survived and are not equivalent longer and longer; return what was found of each.

        First, of a layer or a crossbar, those in a part in that part alone, as its own folder is simulated: the proof of a part
        holds wherever it stands, and the whole may never bring it where a mutant shows.
        """
        found = self.in_parts(planted, _left(differences, proofs), modules)

        def once(left: list[int], turn: int) -> dict[int, str]:
            self.note(f"{len(left)} mutants survive {self.rounds[-1]['steps']} timesteps; simulating them longer")
            return self.simulated(planted, left, turn=turn)

        within = [r for r in _ROUNDS if r * enough_timesteps(self.core) * self.core.design.synapses <= _MOST]
        return found | simulated_longer(once, len(within), {**differences, **found}, proofs)

    def in_parts(self, planted: Core, left: Collection[int], modules: Mapping[int, str]) -> dict[int, str]:
        """Return the first difference of each mutant that a simulation of its part alone kills, with the part's name."""
        found: dict[int, str] = {}
        for part in self.core.parts:
            mine = [number for number in left if in_part(part, modules[number])]
            if mine:
                self.note(f"{len(mine)} mutants of {part.folder.name} survive in the whole; simulating {part.folder.name} alone")
                alone = dataclasses.replace(self, core=part)
                seen = alone.simulated(planted_part(planted, part), mine)
                found |= {number: f"{part.folder.name} alone: {text}" for number, text in seen.items() if text}
        return found


def _left(differences: Mapping[int, str], proofs: Mapping[int, tuple[str, str]]) -> list[int]:
    return [number for number, text in differences.items() if not text and proofs[number][0] != "equivalent"]


def simulated_longer(
    once: Callable[[list[int], int], dict[int, str]],
    rounds: int,
    differences: Mapping[int, str],
    proofs: Mapping[int, tuple[str, str]],
) -> dict[int, str]:
    """Call ``once``, with numbers and a round, for what survived and is not equivalent; return what was found of each."""
    found: dict[int, str] = {}
    for turn in range(1, rounds):
        left = _left({**differences, **found}, proofs)
        if not left:
            break
        found |= once(left, turn)
    return found


def as_judged(mutants: Sequence[Mutant], differences: Mapping[int, str], proofs: Mapping[int, tuple[str, str]]) -> list[Judged]:
    """Return what simulation and proof, each by a mutant's number, say of mutants."""
    return [
        Judged(
            mutant=m,
            simulation="killed" if differences[m.number] else "survives",
            difference=differences[m.number],
            proof=proofs[m.number][0],
            evidence=proofs[m.number][1],
        )
        for m in mutants
    ]


def mutate(
    core: Core,
    *,
    count: int,
    seed: int,
    solvers: Sequence[Solver],
    timeout: int,
    output: Path,
    note: Callable[[str], None] = lambda _text: None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> MutationResult:
    """Plant up to ``count`` mutants of bits, as many of registers in a reset and as many at instances, from ``seed``.

    Each is simulated and put to the proof.

    All of a kind are in one netlist and one simulator. Each proof has ``timeout`` seconds a question. Those that survive a short
    simulation and are not equivalent are simulated longer, with other seeds. ``progress`` is called with what is done and
    all there is to do. Errors: ``CheckError`` when the core without a mutant is not proven or fails in simulation, or Yosys does.
    """
    start = time.monotonic()
    run = _Run(
        core=core,
        seed=seed,
        output=output,
        note=note,
        rounds=[],
        tools={"yosys": find_yosys()[1]} | {solver.name: solver.tool.version for solver in solvers},
    )
    note("proving the core without a mutant")
    see_proven(core.folder, partial(prove, core, solvers, timeout=timeout, covers=False))
    faults, instances = drawn_instance_faults(core, count, seed, corners=True)
    with temporary_folder() as scratch:
        folder, beside = scratch / "bits", scratch / "instances"
        folder.mkdir()
        beside.mkdir()
        planted, mutants = plant_mutants(core, count, seed, folder)
        numbered = dict(enumerate(faults, 1 + len(mutants)))
        total = 2 * (len(mutants) + len(faults))
        counter = itertools.count(1)

        def step() -> None:
            progress(next(counter), total)

        differences = run.simulated(planted, [m.number for m in mutants], step)
        survivors = [number for number, text in differences.items() if not text]
        proofs = judge_mutants(core, planted, mutants, survivors, solvers, timeout=timeout, folder=folder, progress=step)
        differences |= run.longer(planted, differences, proofs, {m.number: m.module for m in mutants})

        several, _ = plant_faults(core, [], beside, faults)
        seen = run.simulated(several, range(1, 1 + len(faults)), step, alone=[k for k, f in enumerate(faults, 1) if f.initial])
        seen = {number + len(mutants): text for number, text in seen.items()}
        survivors = [number for number, text in seen.items() if not text]
        proofs |= judge_faults(core, numbered, survivors, instances, solvers, timeout=timeout, progress=step)
        left = {n - len(mutants): text for n, text in seen.items() if not numbered[n].rare and not numbered[n].initial}
        modules = {number: fault.instance.parent for number, fault in enumerate(faults, 1)}
        found = run.longer(several, left, {n - len(mutants): proofs[n] for n in seen}, modules)
        differences |= seen | {number + len(mutants): text for number, text in found.items()}
        mutants += as_mutants(faults, 1 + len(mutants))
    return MutationResult(
        core=core.design.name,
        rule=core.design.rule.name,
        generator=core.manifest["generator"],
        synapses=core.design.synapses,
        lanes=core.design.lanes,
        config=dataclasses.asdict(core.design.config),
        edited=core.edited,
        count=count,
        seed=seed,
        rounds=run.rounds,
        tools=run.tools,
        seconds=round(time.monotonic() - start, 3),
        mutants=as_judged(mutants, differences, proofs),
    )
