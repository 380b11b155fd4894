"""Do the checks bite? Plants known bugs in a copy of an emitted core and demands that the simulation fails."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from sc_hw_models.scratch import temporary_folder

from .manifest import Core
from .plant import plant_faults
from .rtl.crossbar import CrossbarDesign, crossbar_faults
from .rtl.faults import Fault, engine_faults
from .rtl.layer import LayerDesign, layer_faults
from .rtl.queue import queue_faults
from .simulate import simulate

__all__ = ["Outcome", "enough_timesteps", "faults_of", "selftest"]

_LEAST_TIMESTEPS = 200
_RESTING_TIMESTEPS = 8000  # of a crossbar: a row must come to rest before it can be skipped wrongly
_SYNAPSE_STEPS = 1 << 15


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one fault: ``caught``, ``missed`` or ``not applicable``, and the first difference seen."""

    fault: str
    description: str
    verdict: str
    evidence: str

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready record."""
        return dataclasses.asdict(self)


def faults_of(core: Core) -> list[Fault]:
    """Return the faults of the engine and of the core's rule; of a layer or a crossbar, those of what joins its cores."""
    if isinstance(core.design, LayerDesign):
        return layer_faults(core.design)
    if isinstance(core.design, CrossbarDesign):
        return crossbar_faults(core.design)
    engine = [*engine_faults(core.design), *queue_faults(core.design)]
    if core.design.rule.whole:  # its datapath is another rule's, whose faults are planted in a core of that
        return engine
    rule_module = import_module(f"sc_hw.rtl.rules.{core.design.rule.name}")
    return [*rule_module.faults(core.design), *engine]


def enough_timesteps(core: Core) -> int:
    """Return how many timesteps a fault needs to show: a small core reaches the rare ends of its state late."""
    least = _RESTING_TIMESTEPS if isinstance(core.design, CrossbarDesign) else _LEAST_TIMESTEPS
    return max(least, _SYNAPSE_STEPS // core.design.synapses)


def selftest(
    core: Core, *, steps: int, seed: int, output: Path, note: Callable[[str], None] = lambda _text: None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,    faults: Sequence[Fault] | None = None,
) -> list[Outcome]:  # fmt: skip
    """Simulate the core with each fault in turn, and without any, and return what was caught.

    ``steps`` is the timesteps for each fault (``enough_timesteps`` knows a number).
    One build holds all faults; a fault-free run of the same netlist must pass, or nothing here means anything.
    """
    everything = list(faults_of(core) if faults is None else faults)
    planted = [fault for fault in everything if fault.cuts]
    with temporary_folder() as folder:
        copy = plant_faults(core, planted, folder)
        result = simulate([copy], steps=steps, seed=seed, output=output, faults=range(len(planted) + 1), note=note,
                          progress=progress)  # fmt: skip
    evidence = [record["mismatch"]["text"].splitlines()[0] if record["mismatch"] else "" for record in result.cores]
    outcomes = [Outcome(fault="(none)", description="the same netlist without a fault",
                        verdict="fails" if evidence[0] else "passes",
                        evidence=evidence[0] or f"{result.cores[0]['synapse_steps']} synapse-steps equal")]  # fmt: skip
    for fault, text in zip(planted, evidence[1:], strict=True):
        outcomes.append(Outcome(fault=fault.name, description=fault.description, verdict="caught" if text else "missed",
                                evidence=text))  # fmt: skip
    for fault in everything:
        if not fault.cuts:
            outcomes.append(
                Outcome(fault=fault.name, description=fault.description, verdict="not applicable", evidence=fault.reason)
            )
    return outcomes
