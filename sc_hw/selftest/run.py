"""Do the checks bite? Plants known bugs in a copy of an emitted core and demands that the simulation fails."""

import dataclasses
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from sc_hw_models.rule import ConfigError, Rule
from sc_hw_models.scratch import temporary_folder

from ..errors import CheckError, UserError
from ..faults.equivalence import compare_around
from ..faults.instance_faults import InstanceFault, by_turns, instance_faults
from ..faults.instances import Instance, read_instances, read_texts
from ..faults.plant import Mutant, alone, plant_faults
from ..folder import write_folder
from ..manifest import Core, load_core
from ..proof.mutants import judge_mutants
from ..proof.solver import find_solver
from ..rtl.design import CoreDesign
from ..rtl.emit import core_files
from ..rtl.faults import Fault
from ..rtl.topologies import TOPOLOGIES
from ..sim.simulate import simulate

__all__ = [
    "LONGER",
    "Outcome",
    "counted",
    "drawn_instance_faults",
    "enough_timesteps",
    "faults_of",
    "part_of_another",
    "passes",
    "selftest",
    "without_fault",
]

_SYNAPSE_STEPS = 1 << 15
_CORNERS = ("corner", "word")
LONGER = 10  # times as many timesteps for faults at instances that were not caught
_COMPARISON = 20  # seconds for each comparison of one that still was not


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one fault: ``caught``, ``missed``, ``invisible`` or ``not applicable``, and the first difference seen."""

    fault: str
    description: str
    verdict: str
    evidence: str

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready record."""
        return dataclasses.asdict(self)


def faults_of(core: Core) -> list[Fault]:
    """Return the faults of the core's rule and of the engine; of a graph, those of what joins its cores."""
    own = [] if core.parts else rule_faults(core)
    return [*own, *TOPOLOGIES[core.design.kind].faults(core.design)]


def rule_faults(core: Core) -> list[Fault]:
    """Return the faults of one core's rule; none when its datapath is another rule's, in a core of which they are planted."""
    if core.design.rule.datapath:
        return list(core.design.rule.datapath.faults(core.design))
    if core.design.rule.whole:
        return []
    return list(getattr(import_module(f"sc_hw.rtl.rules.{core.design.rule.name}"), "faults", lambda _design: [])(core.design))


def passes(outcomes: Sequence[Outcome]) -> bool:
    """Return whether the fault-free run passes, something was caught, and everything else was, or cannot be."""
    verdicts = [outcome.verdict for outcome in outcomes]
    return verdicts[:1] == ["passes"] and {"caught"} <= set(verdicts[1:]) <= {"caught", "invisible", "not applicable"}


def counted(faults: Sequence[Mapping[str, Any]]) -> str:
    """Return how many faults of a record came to what, on one line."""
    verdicts = [fault["verdict"] for fault in faults]
    texts = [f"{verdicts.count('caught')} faults caught", f"{verdicts.count('missed')} missed"]
    texts += [f"{verdicts.count('invisible')} proven invisible"] if "invisible" in verdicts else []
    missing = [fault["description"] for fault in faults if fault["verdict"] == "missing"]
    return ", ".join([*texts, *missing])


def without_fault(synapse_steps: int) -> str:
    """Return what the run without a fault is said to have compared."""
    return f"{synapse_steps} synapse-steps equal"


def enough_timesteps(core: Core) -> int:
    """Return how many timesteps a fault needs to show: a small core reaches the rare ends of its state late."""
    return max(TOPOLOGIES[core.design.kind].timesteps, _SYNAPSE_STEPS // core.design.synapses)


def drawn_instance_faults(
    core: Core, count: int, seed: int, *, corners: bool = False
) -> tuple[list[InstanceFault], list[Instance]]:
    """Return up to ``count`` faults at the core's instances, as many of each kind as can be, and the instances.

    Those that show in ``corners`` only, in one clock, for one word, or in how a stage moves while nothing overlaps, are for
    ``mutate``: whether they can be seen at all takes a proof. Never drawn is what only an address shows which holds no synapse.
    """
    instances = read_instances(core)
    padded = {(part.name, f"memory_{lane}") for part in _cores(core) for lane in part.padded_lanes}
    still = {f"{part.name}_datapath" for part in _cores(core) if not part.overlap}
    shown: list[InstanceFault] = []
    for fault in instance_faults(instances, read_texts(core)):
        parent = fault.instance.parent
        unseen = (parent, fault.instance.name) in padded and (fault.parameter or ("",))[0] == "WORDS"
        # A stage that does not stall, is late or one too many shows only to an update of another timestep behind it.
        stage = (fault.pin is not None and fault.pin.name in ("clk", "enable")) or (fault.parameter or ("",))[0] == "STAGES"
        corner = fault.rare or fault.kind in _CORNERS or (stage and any(parent.startswith(module) for module in still))
        if not unseen and (corners or not corner):
            shown.append(fault)
    return by_turns(shown, count, seed), instances


def _cores(core: Core) -> list[CoreDesign]:
    return [part for _, part in core.design.parts.values()] or [core.design]


def selftest(
    core: Core,
    *,
    steps: int,
    seed: int,
    output: Path,
    note: Callable[[str], None] = lambda _text: None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    faults: Sequence[Fault] | None = None,
    instances: int = 0,
    parts: bool = False,
) -> list[Outcome]:
    """Simulate the core with each fault in turn, and without any, and return what was caught.

    ``steps`` is the timesteps for each fault (``enough_timesteps`` knows a number); up to ``instances`` faults are drawn from
    those at the instances of the design, and as many of registers that a reset sets. Of these, one that no simulation shows is
    put to the proof, which may say that it is invisible. With ``parts`` each part of a layer or crossbar is one of another
    emission, too.
    One build holds all faults; a fault-free run of the same netlist must pass, or nothing here means anything.
    """
    everything = list(faults_of(core) if faults is None else faults)
    planted = [fault for fault in everything if fault.cuts]
    drawn, elaborated = drawn_instance_faults(core, instances, seed) if instances else ([], [])
    with temporary_folder() as folder:
        copy, resets = plant_faults(core, planted, folder, drawn, registers=instances, seed=seed)
        names = [(fault.name, fault.description) for fault in planted] + [(fault.name, "") for fault in drawn]
        names += [(mutant.text, "") for mutant in resets]

        def simulated(numbers: Sequence[int], factor: int = 1) -> list[str]:
            result = simulate(
                [copy], steps=factor * steps, seed=seed + factor - 1, output=output, faults=numbers, note=note, progress=progress
            )
            compared.append(result.cores[0]["synapse_steps"])
            return [record["mismatch"]["text"].splitlines()[0] if record["mismatch"] else "" for record in result.cores]

        def run(numbers: Sequence[int], factor: int = 1) -> list[str]:
            # Once more without a fault, last: then nothing that one leaves behind counts as a catch of the next.
            *texts, last = simulated([*numbers, 0], factor)
            if last and not texts[0]:
                raise CheckError(f"the netlist without a fault differs from the model after those with one: {last}")
            return texts

        compared: list[int] = []
        powered = [n for n, fault in enumerate(drawn, 1 + len(planted)) if fault.initial]
        evidence = run([n for n in range(1 + len(names)) if n not in powered])
        for number in powered:  # what it holds when it is powered up is compared in a process of one run only
            evidence.insert(number, simulated([number])[0])
        left = [n for n in range(1 + len(planted), len(evidence)) if not evidence[n] and n not in powered]
        if left and not evidence[0]:
            note(f"{len(left)} faults are not caught in {steps} timesteps; simulating them longer")
            for number, text in zip(left, run([0, *left], LONGER)[1:], strict=True):
                evidence[number] = text
        unseen = [mutant for mutant in resets if not evidence[mutant.number]]
        proofs = _proofs(core, unseen, instances, seed) if unseen and not evidence[0] else {}
    outcomes = [
        Outcome(
            fault="(none)",
            description="the same netlist without a fault",
            verdict="fails" if evidence[0] else "passes",
            evidence=evidence[0] or without_fault(compared[0]),
        )
    ]
    for number, (name, description) in enumerate(names, 1):
        text, verdict = evidence[number], "caught" if evidence[number] else "missed"
        at_instance = len(planted) < number <= len(planted) + len(drawn)
        if not text and at_instance and _invisible(core, drawn[number - 1 - len(planted)], elaborated):
            verdict, text = "invisible", "equal to the core without it for all inputs and all time"
        if proofs.get(number, ("",))[0] == "equivalent":
            verdict, text = "invisible", proofs[number][1]
        outcomes.append(Outcome(fault=name, description=description, verdict=verdict, evidence=text))
    for fault in everything:
        if not fault.cuts:
            outcomes.append(
                Outcome(fault=fault.name, description=fault.description, verdict="not applicable", evidence=fault.reason)
            )
    if parts:
        outcomes += [part_of_another(core, part, steps=steps, seed=seed, output=output, note=note) for part in core.parts]
    if faults is None and not core.parts and not any(fault.cuts for fault in rule_faults(core)):
        outcomes.append(_no_faults(core.design.rule))
    return outcomes


def _invisible(core: Core, fault: InstanceFault, instances: Sequence[Instance]) -> bool:
    return compare_around(core, alone(core, fault), fault, instances, timeout=_COMPARISON) == "equal"


def _proofs(core: Core, unseen: Sequence[Mutant], registers: int, seed: int) -> dict[int, tuple[str, str]]:
    """Return what the proof says of faults of registers that no simulation shows, by number.

    They are planted alone, in the netlist of the core itself: copies of a memory, which hold faults of its parameters, would be
    as large as the memory, and what they are given would have to be equal, too.
    """
    numbers = {mutant.text: mutant.number for mutant in unseen}
    with temporary_folder() as folder:
        planted, resets = plant_faults(core, (), folder, registers=registers, seed=seed)
        again = [mutant for mutant in resets if mutant.text in numbers]
        found = judge_mutants(
            core,
            planted,
            again,
            [mutant.number for mutant in again],
            [find_solver("yices")],
            timeout=_COMPARISON,
            folder=folder,
            progress=lambda: None,
        )
        return {numbers[mutant.text]: found[mutant.number] for mutant in again if mutant.number in found}


def _no_faults(rule: Rule) -> Outcome:
    where = f"a core of {rule.whole.name}" if rule.whole else f"sc_hw/rtl/rules/{rule.name}.py: add faults(design)"
    return Outcome(
        fault="(rule)",
        description=f"no faults of rule {rule.name} itself",
        verdict="missing",
        evidence=f"nothing shows that its datapath is looked at; see {where}",
    )


def part_of_another(
    core: Core, part: Core, *, steps: int, seed: int, output: Path, note: Callable[[str], None] = lambda _text: None
) -> Outcome:
    """Put a part of another emission, which differs in one number of its configuration, into a copy of a whole.

    It must be refused when it is read, or fail in simulation.
    """
    other = _neighbour(part.design)
    name = f"part: {part.folder.name}"
    if other is None:
        return Outcome(fault=name, description="of another emission", verdict="not applicable", evidence="has no neighbour")
    (changed,) = (
        f.name for f in dataclasses.fields(other.config) if getattr(other.config, f.name) != getattr(part.design.config, f.name)
    )
    description = f"is of an emission with {changed}={getattr(other.config, changed)}"
    with temporary_folder() as scratch:
        folder = scratch / "copy"
        shutil.copytree(core.folder, folder, ignore=shutil.ignore_patterns("results"))
        shutil.rmtree(folder / part.folder.name)
        write_folder(folder / part.folder.name, core_files(other, part.manifest["generator"]))
        try:
            copy = load_core(folder)
        except UserError as error:
            return Outcome(fault=name, description=description, verdict="caught", evidence=f"refused: {error}")
        result = simulate([copy], steps=steps, seed=seed, output=output, note=note)
    mismatch = result.cores[0]["mismatch"]
    return Outcome(
        fault=name,
        description=description,
        verdict="caught" if mismatch else "missed",
        evidence=mismatch["text"].splitlines()[0] if mismatch else "",
    )


def _neighbour(design: CoreDesign) -> CoreDesign | None:
    """Return a design with the same ports whose configuration differs in one number."""
    for f in dataclasses.fields(design.config):
        value = getattr(design.config, f.name)
        for changed in (value + 1, value - 1) if type(value) is int else ():
            try:
                config = dataclasses.replace(design.config, **{f.name: changed})
                other = dataclasses.replace(design, config=config, initial={})
                if other.ports() == design.ports():
                    return other
            except (ConfigError, UserError):
                continue
    return None
