"""A crossbar: cores of the two kinds of neurons, a core of the synapses between all of them, and the fan-out that joins them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from sc_hw_models.parts import NEURONS, SYNAPSE, part
from sc_hw_models.rule import ConfigError, Field, Rule

from ..errors import UserError
from .addresses import AddressesDesign, address_faults
from .design import CoreDesign, Port
from .faults import Fault, fault
from .instances import Instance, below
from .joint import FanoutDesign, fanout_faults
from .rows import RowsDesign, rows_faults
from .text import concat

__all__ = ["CrossbarDesign", "crossbar_faults"]


def _packed(fields: Iterable[Field]) -> int:
    return sum(f.bits for f in fields)


def _check_addressed(rule: Rule, sides: dict[str, CoreDesign], lanes: int) -> None:
    """Raise ``UserError`` where an address event cannot say what a neuron gets."""
    for side in sides.values():
        for f in side.spec.inputs:
            if len(side.spec.inputs) > 1 or f.bits > 1:
                raise UserError(f"--spikes addresses: {f.name} of rule {rule.name} is no spike; use --spikes bits")
    if lanes & (lanes - 1):
        raise UserError(f"--lanes {lanes}: with --spikes addresses allowed are powers of two")


@dataclass(frozen=True, kw_only=True)
class CrossbarDesign(CoreDesign):
    """``pre.synapses`` presynaptic and ``post.synapses`` postsynaptic neurons and a synapse for each pair of them.

    Synapse ``i * B + j`` joins presynaptic neuron ``i`` to postsynaptic neuron ``j`` of B; ``rule``, ``config``, ``synapses``,
    ``lanes`` and ``initial`` are those of the synapses. ``made`` builds all three parts of a rule. A side whose rule keeps no
    state has no core: its inputs go to the synapses as they come. With ``addressed`` spikes come as address events, not as
    bits. Errors: ``UserError`` for numbers that do not fit.
    """

    pre: CoreDesign
    post: CoreDesign
    addressed: bool = False

    @classmethod
    def made(cls, name: str, rule: Rule, config: Any, *, pre: int, post: int, lanes: int, addressed: bool = False,
             initial: dict[str, np.ndarray] | None = None) -> Self:  # fmt: skip
        """Return the crossbar of a rule. Errors: ``UserError`` for a rule that does not allow it, and for numbers."""
        for option, value in (("--pre", pre), ("--post", post)):
            if value < 1:
                raise UserError(f"{option} {value}: out of range; allowed are 1 and more, with a product of at most 16777216")
        if not 1 <= lanes <= post or post % lanes:
            raise UserError(f"--lanes {lanes}: allowed are divisors of the {post} postsynaptic neurons")
        try:
            parts = {owner: part(rule, owner) for owner in (*NEURONS, SYNAPSE)}
            parts[SYNAPSE].spec(config)
        except ConfigError as error:
            raise UserError(str(error)) from error
        sides = {
            owner: CoreDesign(name=f"{name}_{owner}", rule=parts[owner], config=config, synapses=units, lanes=own)
            for owner, units, own in (("pre", pre, 1), ("post", post, lanes))
        }
        if addressed:
            _check_addressed(rule, sides, lanes)
        rests = parts[SYNAPSE].spec(config).rest is not None and post > lanes
        return cls(name=name, rule=parts[SYNAPSE], config=config, synapses=pre * post, lanes=lanes, initial=initial or {},
                   addressed=addressed, row_words=post // lanes if rests else 0,
                   pre=sides["pre"], post=sides["post"])  # fmt: skip

    @cached_property
    def core(self) -> CoreDesign:
        """The core of the synapses."""
        return CoreDesign(name=f"{self.name}_synapses", rule=self.rule, config=self.config, synapses=self.synapses,
                          lanes=self.lanes, initial=self.initial, row_words=self.row_words)  # fmt: skip

    @cached_property
    def sides(self) -> dict[str, CoreDesign]:
        """The neurons by owner; where the synapses have initial contents, they have their reset values at power-up."""
        sides = {"pre": self.pre, "post": self.post}
        if not self.initial:
            return sides
        return {owner: replace(side, initial={f.name: np.full(side.synapses, f.reset) for f in side.spec.state})
                for owner, side in sides.items()}  # fmt: skip

    @property
    def parts(self) -> dict[str, tuple[str, CoreDesign]]:
        """Return the cores inside by instance, the neurons first."""
        own = {owner: (f"{owner}_", side) for owner, side in self.sides.items() if side.spec.state}
        return own | {"synapses": ("", self.core)}

    @property
    def timestep_clocks(self) -> int:
        """Clocks of a timestep, at most, that skips no row and waits for nobody: the postsynaptic neurons, then all synapses."""
        return self.words + self.post.words + self.pipeline_depth + self.post.pipeline_depth + 4

    @property
    def fanout(self) -> FanoutDesign:
        """What joins the cores: one timestep of the postsynaptic neurons is stored and played for every presynaptic one."""
        return FanoutDesign(
            name=f"{self.name}_fanout", words=self.post.words, stored_bits=self.lanes * _packed(self.given("post")),
            rounds=self.pre.synapses, played_bits=_packed(self.given("pre")),
            stored=f"{self.post.synapses} postsynaptic neurons", played=f"{self.pre.synapses} presynaptic neurons",
            skips=bool(self.rows),
        )  # fmt: skip

    @property
    def rows(self) -> RowsDesign | None:
        """What finds the rows to skip; ``None`` where the rule does not say when it rests, or a row is one word."""
        rest, inputs = self.spec.rest, self.pre.spec.synapse_inputs
        if rest is None or not self.row_words:
            return None
        return RowsDesign(name=f"{self.name}_rows", rows=self.pre.synapses, words=self.post.words, lanes=self.lanes,
                          given=self.given("pre"), inputs=len(inputs), bounds=dict(rest.pre))  # fmt: skip

    @property
    def addresses(self) -> dict[str, AddressesDesign]:
        """What turns address events into bits, by owner; empty where spikes come as bits."""
        if not self.addressed:
            return {}
        return {owner: AddressesDesign(name=f"{self.name}_{owner}_addresses", neurons=side.synapses, lanes=side.lanes)
                for owner, side in self.sides.items()}  # fmt: skip

    def given(self, owner: str) -> tuple[Field, ...]:
        """Return what a neuron gives its synapses, the first field in the lowest bits."""
        return self.sides[owner].spec.outputs

    def instances(self) -> dict[str, Instance]:
        """Return the modules inside that are proven apart, by place: as of a layer, and the row filter's memory, the decoders."""
        found = below("fan_out", self.fanout.instances())
        if self.rows:
            found |= below("row_filter", self.rows.instances())
        for place, block in self.blocks.items():
            found |= {place: Instance(module=block.name)} | below(place, block.instances())
        return found

    @property
    def blocks(self) -> dict[str, CoreDesign | AddressesDesign]:
        """What is joined, by instance: the cores, and what turns address events into bits."""
        cores = {place: part for place, (_, part) in self.parts.items()}
        return cores | {f"{owner}_decoder": module for owner, module in self.addresses.items()}

    @property
    def memories(self) -> list[int]:
        """Bits of each memory: those of the synapses, of the neurons, and what is stored of a timestep."""
        spikes = [module.words for module in self.addresses.values() for _ in range(module.lanes)]
        cores = [bits for _, design in self.parts.values() for bits in design.memories]
        return [*cores, self.fanout.memory_bits, *([self.rows.memory_bits] if self.rows else []), *spikes]

    def inputs(self) -> dict[Field, int]:
        """Return the inputs of a timestep and how many values each has: those of the neurons come first."""
        neurons = {f: units for side in self.sides.values() for f, units in side.inputs().items()}
        return neurons | dict.fromkeys(self.spec.step_inputs, 0)

    def side_ports(self, owner: str) -> list[Port]:
        """Return the ports of one kind of neurons as they are called outside: events, and the host's if they keep state."""
        kept = ("event_", "host_", "readback_") if self.sides[owner].spec.state else ("event_",)
        ports = [port for port in self.sides[owner].ports() if port.name.startswith(kept)]
        if self.addressed:
            events = [port for port in self.addresses[owner].ports() if port.name.startswith("event_")]
            ports = events + [port for port in ports if not port.name.startswith("event_")]
        return [replace(port, name=f"{owner}_{port.name}") for port in ports]

    def ports(self) -> tuple[Port, ...]:
        """Return the ports of the crossbar: those of the synapses' core without its events, and both kinds of neurons'."""
        own = [port for port in self.core.ports() if not port.name.startswith("event_")]
        return (*own[:2], *self.side_ports("pre"), *self.side_ports("post"), *own[2:])

    # Verilog pieces, so that templates hold no arithmetic.

    @property
    def silent(self) -> str:
        """The condition that all inputs of the timestep are 0."""
        inputs = [f"command_{f.name}" for f in self.spec.step_inputs]
        return f"~(|{concat(inputs)})" if inputs else "1'b1"

    @property
    def post_events(self) -> str:
        """The condition that one of the postsynaptic neurons of a beat has an input."""
        return f"|{concat([f'post_{f.name}' for f in self.post.spec.synapse_inputs])}"

    def agreed(self, place: str) -> str:
        """Return the condition under which a core is offered a command: every other core can take it, too."""
        return " & ".join(["command_valid", *(f"{other}_command_ready" for other in self.parts if other != place)])


def crossbar_faults(design: CrossbarDesign) -> list[Fault]:
    """Return the bugs that ``sc-hw selftest`` plants between the cores."""
    cores = list(design.parts)
    lonely = "" if len(cores) > 1 else "one core"
    first = cores[0]

    return [
        *fanout_faults(design.fanout, waits="post" in cores),
        fault("command taken alone", "a core begins a timestep before the others can", f"{first}.command_valid", "offered",
              lonely, offered="command_valid"),
        fault("clear not shared", "the neurons take a clear for a timestep", f"{first}.command_clear", "1'b0", lonely),
        *(rows_faults() if design.rows else []),
        *(one for owner in design.addresses for one in address_faults(f"{owner}_addresses")),
    ]  # fmt: skip
