"""What the proof says of every mutant of one planted core: as much as possible from one netlist, the rest one by one."""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from os import cpu_count
from pathlib import Path

from ..equivalence import compare
from ..errors import UserError
from ..manifest import Core
from ..plant import Mutant, fixed
from .broken import find_broken
from .circuit import Circuit, read_circuit
from .prove import prove
from .result import Obligation
from .solver import Solver

__all__ = ["judge_mutants"]


_SEARCH = 10  # seconds for a break of a statement of the engine, mostly found in one; the others are compared


class _Refuted(Exception):  # noqa: N818 - what a mutant should be
    """Ends a proof at its first refuted obligation, which it names."""


def judge_mutants(
    planted: Core, mutants: Sequence[Mutant], survivors: Collection[int], solvers: Sequence[Solver], *, timeout: int,
    folder: Path, progress: Callable[[], None],
) -> dict[int, tuple[str, str]]:  # fmt: skip
    """Return for each mutant's number ``killed``, ``equivalent`` or ``unknown`` and what decided it.

    Of the ``survivors`` of a simulation only what a user would see counts as killed, of others whatever refutes an
    obligation. ``progress`` is called for each that is decided; ``folder`` is for the variants proven one by one.
    """
    judge = _Judge(planted, survivors, solvers, timeout, folder)
    modules = sorted({mutant.module for mutant in mutants})
    verdicts: dict[int, tuple[str, str]] = {}
    with ThreadPoolExecutor(cpu_count()) as pool:
        for together in pool.map(lambda module: dict(judge.together(module, mutants)), modules):
            verdicts |= together
            for _ in together:
                progress()
        left = [mutant for mutant in mutants if mutant.number not in verdicts]
        for mutant, verdict in zip(left, pool.map(judge.alone, left), strict=True):
            verdicts[mutant.number] = verdict
            progress()
    return verdicts


class _Judge:
    def __init__(self, planted: Core, survivors: Collection[int], solvers: Sequence[Solver], timeout: int, folder: Path) -> None:
        self._planted, self._survivors, self._solvers = planted, survivors, solvers
        self._timeout, self._folder = timeout, folder
        self._names = planted.manifest["modules"]
        self._circuit = cache(partial(read_circuit, planted))
        self._broken = cache(partial(find_broken, planted))
        self._gold = fixed(planted, 0, folder / "gold")

    def _parts(self, module: str) -> list[str]:
        """Return the parts of the proof that look at a module, the engine last."""
        if module == self._names["datapath"]:
            return ["datapath"]
        design = self._planted.design
        inside = {design.memory_module(lane) for lane in range(design.lanes)} | {
            f"{design.name}_queue{m}" for m in ("", "_memory")
        }
        return ["engine"] if module in inside else ["lane", "engine"] if module == self._names["core"] else ["lane"]

    def together(self, module: str, mutants: Sequence[Mutant]) -> Iterator[tuple[int, tuple[str, str]]]:
        """Yield the verdicts that the netlist with all mutants of a module in it gives."""
        left, parts = [], self._parts(module)
        quick = [part for part in parts if part != "engine"]
        for number in (mutant.number for mutant in mutants if mutant.module == module):
            proof, evidence = "unknown", ""
            if quick:
                proof, evidence = self._theorem(self._planted, quick, partial(self._selected, number))
            if (proof == "killed" and number not in self._survivors) or (proof == "equivalent" and quick == parts):
                yield number, (proof, evidence)
            else:
                left.append(number)
        if left and "engine" in parts:
            for number in left:
                if killed := self._search(number, module, _SEARCH):
                    yield number, killed

    def _selected(self, number: int, kind: str) -> Circuit:
        return replace(self._circuit(kind), selected=number)

    def _search(self, number: int, module: str, seconds: int) -> tuple[str, str] | None:
        """Return the verdict on a mutant of the engine or a memory that simulation kills, if a run breaks a statement."""
        clock = None if number in self._survivors else self._broken(module)(number, seconds)
        return None if clock is None else ("killed", f"a statement of the engine is broken in clock {clock} after reset")

    def alone(self, mutant: Mutant) -> tuple[str, str]:
        """Return the verdict on one mutant, the number a constant: compared with the proven core, then by the theorem.

        What differs from the proven core and fails in simulation is killed; a survivor may differ where the theorem is
        silent, such as a result while it is not valid, or where the datapath ignores it or is never given what shows it.
        """
        parts = self._parts(mutant.module)
        gate = fixed(self._planted, mutant.number, self._folder / f"mutant_{mutant.number}")
        verdict, how = compare(self._gold, gate, mutant.module, timeout=self._timeout)
        if verdict == "equal":
            return "equivalent", "equal to the core without it for all inputs and all time"
        if verdict == "different" and mutant.number not in self._survivors:
            return "killed", f"differs from the core without it in {how}"
        if "engine" in parts and (killed := self._search(mutant.number, mutant.module, self._timeout)):
            return killed
        verdict, how = self._theorem(gate, parts, None)
        if verdict != "equivalent" and mutant.number in self._survivors and parts != ["engine"]:
            ignored, _ = compare(self._gold, gate, mutant.module, timeout=self._timeout, through=True)
            if ignored == "equal":
                return "equivalent", "what it changes the core with its datapath never shows, for all inputs and all time"
        return verdict, how

    def _theorem(self, core: Core, parts: Sequence[str], circuit: Callable[[str], Circuit] | None) -> tuple[str, str]:
        """Return what ``sc-hw prove`` says and the obligation that decides."""

        def stop(obligation: Obligation) -> None:
            if obligation.verdict == "refuted":
                raise _Refuted(obligation.name)

        try:
            result = prove(core, self._solvers, timeout=self._timeout, parts=parts, covers=False, structure=False,
                           circuit=circuit, progress=stop)  # fmt: skip
        except _Refuted as refuted:
            return "killed", f"{refuted} refuted"
        except UserError as error:
            return "unknown", str(error)
        if result.verdict == "proven":
            return "equivalent", f"{len(result.obligations)} obligations proven"
        return "unknown", next(f"{o.name} {o.verdict}" for o in result.obligations if o.verdict not in ("proven", "no cut"))
