"""A rule whose datapath is compiled from its step: how fast it shall be, and what follows from that."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sc_hw_models.parts import NEURONS, part
from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.rule import ConfigError, Rule, RuleSpec, timed
from sc_hw_models.rule_file import rule_file

from ..errors import LackingError, UserError
from ..targets import load_target
from .delays import Delays
from .node import Node
from .pipeline import Pipeline, compiled_nodes, pipeline
from .schedule import slowest, stages_needed
from .trace import Place
from .verilog import verilog_text

if TYPE_CHECKING:
    from ..rtl.design import CoreDesign
    from ..rtl.faults import Fault
    from .component import Datapath

__all__ = ["DEFAULT_TARGET", "CompiledDatapath", "Timing", "compiled", "recorded_rule"]

DEFAULT_TARGET = "ecp5-25k"
MAX_LATENCY = 64
_Built = tuple[dict[str, Node], dict[int, Place]]


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What a datapath is cut into stages for: the device whose delays count, and MHz or clocks, 0 for what was not asked.

    With neither the clock is the one that the device's delays call its own. Errors: ``UserError`` names the option.
    """

    target: str = DEFAULT_TARGET
    clock: float = 0
    latency: int = 0

    def __post_init__(self) -> None:
        if self.clock and self.latency:
            raise UserError(
                f"--clock {self.clock:g} and --latency {self.latency}: each follows from the other; leave out one of the two"
            )
        if self.clock and not 1 <= self.clock <= 1000:
            raise UserError(f"--clock {self.clock:g}: out of range; allowed are 1..1000 MHz")
        if self.latency and not 1 <= self.latency <= MAX_LATENCY:
            raise UserError(f"--latency {self.latency}: out of range; allowed are 1..{MAX_LATENCY} clocks")

    @cached_property
    def delays(self) -> Delays:
        """The delays of the device."""
        return Delays.of_target(load_target(self.target))

    @property
    def period(self) -> float | None:
        """Nanoseconds, ``None`` where a latency was asked for."""
        return None if self.latency else 1000 / (self.clock or self.delays.clock)


class CompiledDatapath:
    """The datapaths of a rule and of its parts, each made once for a configuration.

    ``record`` is what the manifest says of it.
    """

    def __init__(self, timing: Timing, sha256: str = "", runtime: tuple[str, ...] = ()) -> None:
        self.timing = timing
        self.record: Mapping[str, Any] = {
            "kind": "compiled",
            "target": timing.target,
            "clock_mhz": timing.clock,
            "latency": timing.latency,
            "rule_sha256": sha256,
            "runtime": list(runtime),
        }
        self._built: dict[tuple[str, Any], _Built] = {}
        self._pipelines: dict[tuple[str, Any], Pipeline] = {}

    def _nodes(self, rule: Rule, config: Any) -> _Built:
        key = (rule.name, config)
        if key not in self._built:
            self._built[key] = compiled_nodes(rule, config)
        return self._built[key]

    def latency(self, rule: Rule, config: Any) -> int:
        """Return the clocks that a rule's datapath takes. Errors: ``UserError`` when the clock takes too many."""
        if self.timing.latency:
            return self.timing.latency
        roots, delays = self._nodes(rule, config)[0], self.timing.delays
        if self.timing.clock and (slow := slowest(roots, delays)) > 1000 / self.timing.clock:
            raise UserError(
                f"--clock {self.timing.clock:g}: one operation takes {slow:.1f} ns on {self.timing.target}, with its "
                f"register; allowed are at most {1000 / slow:.0f} MHz: narrow the rule, or ask for less"
            )
        stages = stages_needed(roots, delays, self.timing.period or 0)
        if stages > MAX_LATENCY:
            raise UserError(
                f"--clock {self.timing.clock:g}: takes {stages} stages on {self.timing.target}; allowed are "
                f"{MAX_LATENCY}: ask for a slower clock"
            )
        return stages

    def pipeline(self, design: "CoreDesign") -> Pipeline:
        """Return the datapath of a design, in as many stages as its specification has."""
        key = (design.rule.name, design.config)
        if key not in self._pipelines:
            self._pipelines[key] = pipeline(
                *self._nodes(design.rule, design.config), self.timing.delays, self.timing.period, design.spec.latency
            )
        return self._pipelines[key]

    def verilog(self, design: "CoreDesign") -> str:
        """Return the file of a design's datapath."""
        name = f"{design.name}_datapath"
        return verilog_text(name, self.purpose(design), design.datapath_ports(), self.pipeline(design))

    def component(self, design: "CoreDesign") -> "Datapath":
        """Return the same in Amaranth."""
        from .component import Datapath

        return Datapath(design, self.pipeline(design))

    def faults(self, design: "CoreDesign") -> "list[Fault]":
        """Return the bugs that ``sc-hw selftest`` plants in it."""
        from .faults import compiled_faults

        return compiled_faults(design, self.pipeline(design))

    def purpose(self, design: "CoreDesign") -> str:
        """Return what a compiled datapath is, in a line."""
        return f"one update of {design.rule.name}, compiled from its step, pipelined"


def compiled(rule: Rule, timing: Timing, sha256: str = "") -> Rule:
    """Return a rule whose datapath is compiled from its step; ``sha256`` is the digest of its file, if it is not one of ours."""
    datapath = CompiledDatapath(timing, sha256, rule.runtime)
    known: dict[Any, tuple[int, int]] = {}

    def clocks(config: Any) -> tuple[int, int]:
        if config not in known:
            known[config] = datapath.latency(rule, config), _neurons(rule, config, datapath)
        return known[config]

    return replace(timed(rule, clocks), datapath=datapath)


def _neurons(rule: Rule, config: Any, datapath: CompiledDatapath) -> int:
    """Return the latency of what a neuron of a crossbar keeps, 0 for a rule that has no such parts."""
    spec: RuleSpec = rule.spec(config)
    if not any(f.owner in NEURONS for f in spec.state):
        return 0
    try:
        return max(datapath.latency(part(rule, owner), config) for owner in NEURONS)
    except ConfigError:
        return 0


def recorded_rule(name: str, record: Mapping[str, Any]) -> Rule:
    """Return the rule that a manifest's entry is of. Errors: ``ConfigError``, ``UserError`` for what cannot be."""
    timing = Timing(target=record["target"], clock=record["clock_mhz"], latency=record["latency"])
    whole = name.partition(".")[0]
    given, digest = rule_file(whole), record["rule_sha256"]
    if digest and given is None:
        raise LackingError(
            f"rule {whole!r} comes from a file of its own, with SHA-256 {digest[:16]}...; give that file: --rule FILE.py"
        )
    if given and given.sha256 != digest and whole not in RULES:
        raise LackingError(
            f"--rule {given.path}: is not the file that this core was emitted from, which had SHA-256 "
            f"{digest[:16]}...; give that one, or emit the core again"
        )
    if "." in name:  # a part of a rule is made of the whole, as the whole's latency says
        return part(compiled(get_rule(whole, record["runtime"]), timing, digest), name.partition(".")[2])
    return compiled(get_rule(name, record["runtime"]), timing, digest if given else "")
