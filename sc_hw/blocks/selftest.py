"""Known bugs planted in one block: its bench must catch each, or a comparison must show that nobody can see it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from sc_hw_models.scratch import temporary_folder

from ..faults.instance_faults import InstanceFault
from ..faults.plant import Mutant
from ..proof.solver import find_solver
from ..selftest.run import LONGER, Outcome
from .judge import Judge
from .mutate import simulations_of
from .place import Placed
from .planted import drawn_faults, fault_files, faults_of

__all__ = ["selftest_block"]

_QUESTION = 20  # seconds for each question about one that no simulation caught


def selftest_block(
    placed: Placed,
    *,
    steps: int,
    seed: int,
    instances: int,
    output: Path,
    note: Callable[[str], None] = lambda _text: None,
) -> list[Outcome]:
    """Simulate the block with each fault in turn, and without any, and return what was caught.

    The faults are those by hand that are in its module, up to ``instances`` of those at what stands inside, and as many of
    registers that a reset sets. One that nothing shows is simulated longer, then compared with the block without it, and put to
    the proof.
    """
    planted = faults_of(placed)
    drawn, _ = drawn_faults(placed, instances, seed, corners=False)
    with temporary_folder() as folder:
        files, resets = fault_files(placed, planted, folder, drawn, registers=instances, seed=seed)
    names = [(fault.name, fault.description) for fault in planted] + [(fault.name, "") for fault in drawn]
    names += [(mutant.text, "") for mutant in resets]
    others: list[InstanceFault | Mutant] = [*drawn, *resets]
    simulations = simulations_of(placed, seed, output, (steps, LONGER * steps))
    evidence = simulations.differences(files, range(1, 1 + len(names)), 0)
    if left := [number for number, text in evidence.items() if not text]:
        note(f"{len(left)} faults are not caught in {steps} timesteps; simulating them longer")
        evidence |= simulations.differences(files, left, 1)
        left = [number for number in left if not evidence[number]]
    unseen = {number: others[number - 1 - len(planted)] for number in left if number > len(planted)}
    judged = _unseen(placed, unseen, instances, seed)
    outcomes = [
        Outcome(
            fault="(none)",
            description="the same netlist without a fault",
            verdict="passes",
            evidence=f"{steps} timesteps equal",
        )
    ]
    for number, (name, description) in enumerate(names, 1):
        text, verdict = evidence[number], "caught" if evidence[number] else "missed"
        if number in judged:
            verdict, text = "invisible", judged[number]
        outcomes.append(Outcome(fault=name, description=description, verdict=verdict, evidence=text))
    return outcomes


def _unseen(placed: Placed, left: Mapping[int, InstanceFault | Mutant], registers: int, seed: int) -> dict[int, str]:
    """Return of faults that no simulation shows those that nobody can see, and what decided it, by number.

    Those of registers are planted alone: beside them faults of a memory would be as large as the memory.
    """
    if not left:
        return {}
    with temporary_folder() as folder:
        files, resets = fault_files(placed, (), folder, registers=registers, seed=seed)
    netlist, again = files[f"{placed.block.name}_planted.v"].decode(), {mutant.text: mutant for mutant in resets}
    judge = Judge(placed=placed, netlist=netlist, solvers=[find_solver("yices")], timeout=_QUESTION)
    found: dict[int, str] = {}
    for number, fault in left.items():
        if isinstance(fault, InstanceFault):
            verdict, how = judge.fault(fault, killed=False)
        elif fault.text in again:
            verdict, how = judge.mutant(again[fault.text], killed=False)
        else:
            continue
        found |= {number: how} if verdict == "equivalent" else {}
    return found
