"""What the proof says of every mutant of one planted core: as much as possible from one netlist, the rest one by one."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from os import cpu_count
from pathlib import Path

from sc_hw_models.scratch import temporary_folder

from ..errors import CheckError, UserError
from ..faults.equivalence import compare, compare_around
from ..faults.instance_faults import InstanceFault
from ..faults.instances import Instance
from ..faults.plant import Mutant, alone, fixed, in_part, planted_part
from ..manifest import Core
from .broken import find_broken
from .circuit import Circuit, read_circuit
from .graph import prove_graph
from .induction import Inquiry
from .prove import prove
from .result import PARTS, Obligation, ProofResult
from .solver import Solver
from .structure import check_structure

__all__ = ["answered", "judge_faults", "judge_mutants", "mutant_verdict", "see_proven", "stop"]


_SEARCH = 10  # seconds for a break of a statement of the engine, mostly found in one; the others are compared


class _Refuted(Exception):  # noqa: N818 - what a mutant should be
    """Ends a proof at its first refuted obligation, which it names."""


def judge_mutants(
    core: Core,
    planted: Core,
    mutants: Sequence[Mutant],
    survivors: Collection[int],
    solvers: Sequence[Solver],
    *,
    timeout: int,
    folder: Path,
    progress: Callable[[], None],
) -> dict[int, tuple[str, str]]:
    """Return for each mutant's number ``refuted``, ``differs``, ``equivalent`` or ``unknown`` and what decided it.

    ``refuted`` is by an obligation, ``differs`` by the comparison with the proven core alone, and only of what simulation
    kills. Of the ``survivors`` of a simulation only what a user would see counts as refuted, of others whatever refutes an
    obligation. ``progress`` is called for each that is decided; ``folder`` is for the variants proven one by one. The mutants
    of a layer or a crossbar ``core`` are those of its parts, and those of what joins them.
    """
    verdicts: dict[int, tuple[str, str]] = {}
    for part in core.parts:
        mine = [m for m in mutants if in_part(part, m.module)]
        if mine:
            place = folder / part.folder.name
            place.mkdir()
            verdicts |= judge_mutants(
                part, planted_part(planted, part), mine, survivors, solvers, timeout=timeout, folder=place, progress=progress
            )
    mutants = [m for m in mutants if m.number not in verdicts]
    if not mutants:
        return verdicts
    judge = (_JointJudge if core.parts else _Judge)(planted, survivors, solvers, timeout, folder)
    modules = sorted({mutant.module for mutant in mutants})
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
            if (proof == "refuted" and number not in self._survivors) or (proof == "equivalent" and quick == parts):
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
        return None if clock is None else ("refuted", f"a statement of the engine is broken in clock {clock} after reset")

    def _compared(self, mutant: Mutant) -> tuple[Core, tuple[str, str] | None]:
        """Return the netlist in which the number of one mutant is a constant, and the verdict of its comparison, if that decides.

        What differs from the proven core and fails in simulation is noted as that; a survivor may differ where nothing shows it.
        """
        gate = fixed(self._planted, mutant.number, self._folder / f"mutant_{mutant.number}")
        verdict, how = compare(self._gold, gate, mutant.module, timeout=self._timeout)
        if verdict == "equal":
            return gate, ("equivalent", "equal to the design without it for all inputs and all time")
        if verdict == "different" and mutant.number not in self._survivors:
            return gate, ("differs", f"differs from the design without it in {how}")
        return gate, None

    def alone(self, mutant: Mutant) -> tuple[str, str]:
        """Return the verdict on one mutant, compared with the proven core, then by the theorem.

        A survivor may differ where the theorem is silent, such as a result while it is not valid, or where a memory is not
        enabled, the datapath ignores it, or is never given what shows it.
        """
        parts = self._parts(mutant.module)
        gate, decided = self._compared(mutant)
        if decided:
            return decided
        if mutant.number in self._survivors and parts[-1] == "engine":
            unseen, _ = compare(self._gold, gate, mutant.module, timeout=self._timeout, enabled=True)
            if unseen == "equal":
                return "equivalent", "what it changes no memory takes and no beat shows, for all inputs and all time"
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
        try:
            result = prove(
                core,
                self._solvers,
                timeout=self._timeout,
                parts=parts,
                covers=False,
                structure=False,
                circuit=circuit,
                progress=stop,
            )
        except _Refuted as refuted:
            return "refuted", str(refuted)
        except UserError as error:
            return "unknown", str(error)
        return _said(result.obligations)


class _JointJudge(_Judge):
    """The judge of mutants of what joins the cores of a layer or a crossbar."""

    def __init__(self, planted: Core, survivors: Collection[int], solvers: Sequence[Solver], timeout: int, folder: Path) -> None:
        self._planted, self._survivors, self._solvers = planted, survivors, solvers
        self._timeout, self._folder = timeout, folder
        self._gold = fixed(planted, 0, folder / "gold")
        verdict, how = _joint(self._gold, solvers, timeout)
        if verdict != "equivalent":
            raise CheckError(f"{planted.design.name}: the netlist without a mutant is not proven ({how}), so no mutant is judged")

    def together(self, module: str, mutants: Sequence[Mutant]) -> Iterator[tuple[int, tuple[str, str]]]:
        """Yield nothing: each is judged alone."""
        yield from ()

    def alone(self, mutant: Mutant) -> tuple[str, str]:
        """Return the verdict on one mutant: compared with the design without it, its cores taken out, then by the theorem."""
        gate, decided = self._compared(mutant)
        if decided:
            return decided
        try:
            return _joint(gate, self._solvers, self._timeout)
        except UserError as error:
            return "unknown", str(error)


def _joint(gate: Core, solvers: Sequence[Solver], timeout: int) -> tuple[str, str]:
    """Return what ``sc-hw prove`` says of what joins the cores of a layer or a crossbar."""
    with temporary_folder() as scratch:
        folder = scratch
        inquiry = Inquiry(core=gate, solvers=solvers, timeout=timeout, folder=folder / "run", traces=None)
        return answered(lambda: prove_graph(inquiry))


def answered(obligations: Callable[[], Iterable[Obligation]]) -> tuple[str, str]:
    """Return the verdict of a proof, which ends at the first refuted obligation; ``UserError`` when it refuses to begin."""
    decided = []
    try:
        for obligation in obligations():
            stop(obligation)
            decided.append(obligation)
    except _Refuted as refuted:
        return "refuted", str(refuted)
    return _said(decided)


def _said(obligations: Sequence[Obligation]) -> tuple[str, str]:
    if not obligations:
        return "unknown", "nothing is proven of it"
    left = [o for o in obligations if o.verdict not in ("proven", "no cut")]
    return ("unknown", f"{left[0].name} {left[0].verdict}") if left else ("equivalent", f"{len(obligations)} obligations proven")


def stop(obligation: Obligation) -> None:
    """Raise what ends a proof at an obligation that is refuted: a mutant needs no second one."""
    if obligation.verdict == "refuted":
        raise _Refuted(f"{obligation.name} refuted{f': {obligation.note}' if obligation.note else ''}")


def mutant_verdict(
    proof: Callable[[], tuple[str, str]], compared: Callable[[], tuple[str, str]], *, killed: bool
) -> tuple[str, str]:
    """Return the verdict: of what survives a comparison first, which is quicker; of what was killed when no proof decides.

    ``compared`` says ``equal`` or ``different``, and where, of the module with a mutant and without it.
    """
    if not killed and compared()[0] == "equal":
        return "equivalent", "equal to the module without it for all inputs and all time"
    try:
        verdict, how = proof()
    except UserError as error:  # as a user of sc-hw prove would be told; without the mutant nothing is refused
        verdict, how = "refuted", f"refused: {error}"
    if verdict == "unknown" and killed:
        different, where = compared()
        if different == "different":
            return "differs", f"differs from the module without it in {where}; {how}"
    return verdict, how


def see_proven(folder: Path, proof: Callable[..., ProofResult]) -> None:
    """Raise ``CheckError`` unless ``folder`` is proven as it is: else what refutes a mutant, or does not, says nothing.

    ``proof``, which is called with ``progress``, asks what mutants are asked: not whether it is vacuous, which without them it is
    not either.
    """
    try:
        verdict, how = _said(proof(progress=stop).obligations)
    except _Refuted as refuted:
        verdict, how = "refuted", str(refuted)
    if verdict != "equivalent":
        raise CheckError(f"{folder}: not proven as it is, so no proof tells a mutant from it ({how}); run sc-hw prove")


def judge_faults(
    core: Core,
    faults: Mapping[int, InstanceFault],
    survivors: Collection[int],
    instances: Sequence[Instance],
    solvers: Sequence[Solver],
    *,
    timeout: int,
    progress: Callable[[], None],
) -> dict[int, tuple[str, str]]:
    """Return for each fault at an instance, by number, what ``judge_mutants`` does of a mutant, and what decided it.

    Each is an edit of the emitted text, put to the proof alone, which refuses or refutes it. One that survives
    simulation and is refused may be invisible all the same: it is compared with the design without it. So is one that the
    proof does not decide: what differs and fails in simulation is noted as that, as a mutant of a bit is.
    """

    def judged(number: int) -> tuple[str, str]:
        fault = faults[number]
        gate = alone(core, fault)
        try:
            verdict, how = _proven(gate, fault, solvers, timeout)
        except UserError as error:  # as a user of sc-hw prove would be told; without the fault nothing is refused
            verdict, how = "refuted", f"refused: {error}"
        if verdict == "unknown" or (verdict == "refuted" and number in survivors and not fault.rare):
            around = compare_around(core, gate, fault, instances, timeout=timeout)
            if around == "equal":
                verdict, how = "equivalent", f"equal to the design without it for all inputs and all time ({how})"
            elif around == "different" and number not in survivors:
                verdict, how = "differs", f"differs from the design without it ({how})"
        progress()
        return verdict, how

    with ThreadPoolExecutor(cpu_count()) as pool:
        return dict(zip(faults, pool.map(judged, faults), strict=True))


def _proven(gate: Core, fault: InstanceFault, solvers: Sequence[Solver], timeout: int) -> tuple[str, str]:
    """Return what the proof says of an instance: its structure first, then the parts that look at its module."""
    # What a fault remembers, such as a clock ago, is known to be strange; whether it shows is what is asked.
    verdict, how = answered(lambda: check_structure(gate, registers=False))
    cores = [part for part in gate.parts or (gate,) if fault.instance.file in part.manifest["verilog"]]
    if verdict != "equivalent":
        return verdict, how
    if not cores:
        return _joint(gate, solvers, timeout)
    (core,) = cores
    names = core.manifest["modules"]
    inside = {names["core"]: ["lane", "engine"], names["lane"]: ["lane", "datapath"]}
    parts = inside.get(fault.instance.parent, ["datapath"] if names["datapath"] in fault.instance.parent else PARTS)

    def theorem() -> Iterable[Obligation]:
        return prove(core, solvers, timeout=timeout, parts=parts, covers=False, structure=False, progress=stop).obligations

    return answered(theorem)
