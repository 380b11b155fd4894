"""Mutants and faults in turns: simulated, put to the proof, and what survived both simulated longer."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from os import cpu_count
from typing import Protocol

from ..errors import CheckError
from ..faults.instance_faults import InstanceFault
from ..faults.plant import Mutant, as_mutants
from .run import Judged, as_judged, simulated_longer

__all__ = ["Judge", "Simulations", "Verdict", "judged_in_turns"]

Files = Mapping[str, bytes]
Verdict = tuple[str, str]
# The first difference of each fault by its number in files, empty where none shows, after so many steps of a seed; the tools.
Play = Callable[[Files, Sequence[int], int, int], tuple[list[str], Mapping[str, str]]]


class Judge(Protocol):
    """Says ``refuted``, ``differs``, ``equivalent`` or ``unknown``, and what decided it; ``killed``: simulation told it."""

    def mutant(self, mutant: Mutant, *, killed: bool) -> Verdict:
        """Judge a mutant of a netlist."""

    def fault(self, fault: InstanceFault, *, killed: bool) -> Verdict:
        """Judge a fault at an instance."""


@dataclass(kw_only=True)
class Simulations:
    """The simulations of one run: each turn is of those that survived the one before, ``steps`` has its length.

    ``rounds`` and ``tools`` are filled as they run.
    """

    play: Play
    seed: int
    steps: Sequence[int]
    rounds: list[dict[str, int]] = field(default_factory=list)
    tools: dict[str, str] = field(default_factory=dict)

    def differences(self, files: Files, numbers: Sequence[int], turn: int, alone: Sequence[int] = ()) -> dict[int, str]:
        """Return the first difference of each, empty for those that survive; ``alone`` have a process of their own."""
        steps, seed = self.steps[turn], self.seed + turn
        several = [number for number in numbers if number not in alone]
        first, *texts, last = self._texts(files, [0, *several, 0], steps, seed)
        if first or last:
            raise CheckError(f"the netlist without a mutant differs from the model: {first or last}")
        found = dict(zip(several, texts, strict=True)) | {n: self._texts(files, [n], steps, seed)[0] for n in alone}
        survived = sum(not text for text in found.values())
        self.rounds.append({"steps": steps, "seed": seed, "mutants": len(found), "survived": survived})
        return found

    def _texts(self, files: Files, numbers: Sequence[int], steps: int, seed: int) -> list[str]:
        texts, tools = self.play(files, numbers, steps, seed)
        self.tools.update(tools)
        return texts


def judged_in_turns(
    simulations: Simulations,
    judge: Judge,
    planted: tuple[Files, Sequence[Mutant]],
    beside: tuple[Files, Sequence[InstanceFault]],
    *,
    note: Callable[[str], None],
    progress: Callable[[int, int], None],
) -> list[Judged]:
    """Return what simulation and proof say of mutants ``planted`` into files, and of faults at instances ``beside`` them."""
    (files, mutants), (several, faults) = planted, beside
    numbered, counter = dict(enumerate(faults, 1)), itertools.count(1)

    def asked(of: Mapping[int, Callable[..., Verdict]], differences: Mapping[int, str]) -> dict[int, Verdict]:
        def judged(number: int) -> Verdict:
            verdict = of[number](killed=bool(differences[number]))
            progress(next(counter), len(mutants) + len(faults))
            return verdict

        with ThreadPoolExecutor(cpu_count()) as pool:
            return dict(zip(of, pool.map(judged, of), strict=True))

    turns = len(simulations.steps)
    note(f"simulating {len(mutants)} mutants")
    differences = simulations.differences(files, [m.number for m in mutants], 0)
    proofs = asked({m.number: partial(judge.mutant, m) for m in mutants}, differences)
    differences |= simulated_longer(partial(simulations.differences, files), turns, differences, proofs)

    note(f"simulating {len(faults)} faults at instances")
    seen = simulations.differences(several, list(numbered), 0, [n for n, f in numbered.items() if f.initial])
    shown = asked({n: partial(judge.fault, f) for n, f in numbered.items()}, seen)
    left = {n: text for n, text in seen.items() if not numbered[n].rare and not numbered[n].initial}
    seen |= simulated_longer(partial(simulations.differences, several), turns, left, shown)
    differences |= {n + len(mutants): text for n, text in seen.items()}
    proofs |= {n + len(mutants): verdict for n, verdict in shown.items()}
    return as_judged([*mutants, *as_mutants(faults, 1 + len(mutants))], differences, proofs)
