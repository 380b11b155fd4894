"""A crossbar: cores of the two kinds of neurons, a core of the synapses between all of them, and the fan-out that joins them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from sc_hw_models.parts import NEURONS, REST, SYNAPSE, part
from sc_hw_models.rule import ConfigError, Field, Rule

from ..errors import UserError
from .addresses import AddressesDesign, address_faults
from .design import CoreDesign
from .faults import Fault, fault
from .graph import Channel, Graph, Node, Target, net, unpacked
from .instances import Instance, below
from .joint import FanoutDesign, fanout_faults
from .net import Both, Either, Expression, Net, Not, Some, both, join, times
from .order import in_any_order, stores_of
from .rows import RowsDesign, rows_faults
from .store import StoreDesign, store_faults
from .stream import Stream

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

    kind = "crossbar"

    pre: CoreDesign
    post: CoreDesign
    addressed: bool = False

    @classmethod
    def made(
        cls,
        name: str,
        rule: Rule,
        config: Any,
        *,
        pre: int,
        post: int,
        lanes: int,
        addressed: bool = False,
        initial: dict[str, np.ndarray] | None = None,
    ) -> Self:
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
            owner: CoreDesign(
                name=f"{name}_{owner}",
                rule=parts[owner],
                config=config,
                synapses=units,
                lanes=own,
                shared=True,
                checked=not addressed,
            )
            for owner, units, own in (("pre", pre, 1), ("post", post, lanes))
        }
        if addressed:
            _check_addressed(rule, sides, lanes)
        rests = parts[SYNAPSE].spec(config).rest is not None and post > lanes
        return cls(
            name=name,
            rule=parts[SYNAPSE],
            config=config,
            synapses=pre * post,
            lanes=lanes,
            initial=initial or {},
            addressed=addressed,
            row_words=post // lanes if rests else 0,
            pre=sides["pre"],
            post=sides["post"],
        )

    @cached_property
    def core(self) -> CoreDesign:
        """The core of the synapses."""
        return CoreDesign(
            name=f"{self.name}_synapses",
            rule=self.rule,
            config=self.config,
            synapses=self.synapses,
            lanes=self.lanes,
            initial=self.initial,
            row_words=self.row_words,
            shared=any(side.spec.state for side in (self.pre, self.post)),
            checked=False,
        )

    @cached_property
    def sides(self) -> dict[str, CoreDesign]:
        """The neurons by owner; where the synapses have initial contents, they have their reset values at power-up."""
        sides = {"pre": self.pre, "post": self.post}
        if not self.initial:
            return sides
        return {
            owner: replace(side, initial={f.name: np.full(side.synapses, f.reset) for f in side.spec.state})
            for owner, side in sides.items()
        }

    @property
    def around(self) -> dict[str, CoreDesign]:
        """Both kinds of neurons."""
        return self.sides

    @property
    def by_address(self) -> bool:
        """Whether spikes come as address events."""
        return self.addressed

    @property
    def addition(self) -> str:
        """Between whom the synapses are, in a few words."""
        return f"; between {self.pre.synapses} presynaptic and {self.post.synapses} postsynaptic neurons"

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
            name=f"{self.name}_fanout",
            words=self.post.words,
            stored_bits=self.lanes * _packed(self.given("post")),
            rounds=self.pre.synapses,
            played_bits=_packed(self.given("pre")),
            stored=f"{self.post.synapses} postsynaptic neurons",
            played=f"{self.pre.synapses} presynaptic neurons",
            skips=bool(self.rows),
            checked=frozenset(name for end, name in self._checkers().values() if end == "fan_out"),
        )

    @property
    def rows(self) -> RowsDesign | None:
        """What finds the rows to skip; ``None`` where the rule does not say when it rests, or a row is one word."""
        rest, inputs = self.spec.rest, self.pre.spec.synapse_inputs
        if rest is None or not self.row_words:
            return None
        return RowsDesign(
            name=f"{self.name}_rows",
            rows=self.pre.synapses,
            words=self.post.words,
            lanes=self.lanes,
            given=self.given("pre"),
            inputs=len(inputs),
            bounds=dict(rest.pre),
            stored_bits=self.lanes * _packed(self.post.spec.synapse_inputs),
            checked="pre" in self._bare,
        )

    @property
    def _bare(self) -> set[str]:
        """Owners whose events come from outside as they are: no core takes them, and no decoder gives them."""
        return {owner for owner, side in self.sides.items() if not (self.addressed or side.spec.state)}

    def _checkers(self) -> dict[str, tuple[str, str]]:
        """Return who compares the marks of bare events with its count: its place and its stream, by owner."""
        pre = ("row_filter", "pre") if self.rows else ("fan_out", "played")
        return {owner: end for owner, end in {"pre": pre, "post": ("fan_out", "stored")}.items() if owner in self._bare}

    @property
    def addresses(self) -> dict[str, AddressesDesign]:
        """What turns address events into bits, by owner; empty where spikes come as bits."""
        if not self.addressed:
            return {}
        return {
            owner: AddressesDesign(name=f"{self.name}_{owner}_addresses", neurons=side.synapses, lanes=side.lanes)
            for owner, side in self.sides.items()
        }

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
    def blocks(self) -> dict[str, CoreDesign | AddressesDesign | StoreDesign]:
        """What is joined, by instance: the cores, what turns address events into bits, and what keeps a timestep's events."""
        cores = {place: part for place, (_, part) in self.parts.items()}
        return cores | {f"{owner}_decoder": module for owner, module in self.addresses.items()} | stores_of(self.graph)

    @property
    def memories(self) -> list[int]:
        """Bits of each memory: those of the synapses, of the neurons, and what is stored of a timestep."""
        spikes = [module.words for module in self.addresses.values() for _ in range(module.lanes)]
        cores = [bits for _, design in self.parts.values() for bits in design.memories]
        kept = [store.memory_bits for store in stores_of(self.graph).values()]
        return [*cores, self.fanout.memory_bits, *([self.rows.memory_bits] if self.rows else []), *spikes, *kept]

    def inputs(self) -> dict[Field, int]:
        """Return the inputs of a timestep and how many values each has: those of the neurons come first."""
        neurons = {f: units for side in self.sides.values() for f, units in side.inputs().items()}
        return neurons | dict.fromkeys(self.spec.step_inputs, 0)

    @cached_property
    def graph(self) -> Graph:
        """Neurons, what turns address events into bits, row filter, fan-out and synapses, joined."""
        rows, cores, addresses = self.rows, self.parts, self.addresses
        nodes, outside, channels = {}, list[Stream | tuple[str, str]](), list[Channel]()
        data: dict[str, tuple[str, tuple[Net, ...]]] = {}  # by owner, what gives the synapses their beats, and its items
        for owner, side in self.sides.items():
            kind, place = f"{owner}synaptic", f"{owner}_decoder"
            fields = tuple(Net(f.name, f.bits * side.lanes) for f in self.given(owner))
            event = next(stream for stream in side.streams if stream.name == "event")
            source, given = f"{owner}_event", fields
            if owner in addresses:
                nodes[place] = Node(block=addresses[owner], note=f"Spikes of the {kind} neurons by number, as bits")
                outside.append((f"{place}.event", f"{owner}_event"))
                source, given = f"{place}.beat", (Net("data", side.lanes),)
            elif owner in cores:
                outside.append((f"{owner}.event", f"{owner}_event"))
            else:
                outside.append(event.named(f"{owner}_event"))
            if owner in cores:
                nodes[owner] = Node(block=side, note=f"{kind.capitalize()} neurons")
                outside += [(f"{owner}.{name}", f"{owner}_{name}") for name in ("host", "readback")]
                if owner in addresses:
                    spike = {side.spec.inputs[0].name: given[0]}
                    channels.append(Channel(source=source, targets=(Target(to=f"{owner}.event", items=spike),)))
                source, given = f"{owner}.result", fields
            data[owner] = source, given
        driven: dict[str, Expression] = {}
        played = "fan_out.played"
        if rows:
            nodes["row_filter"] = Node(block=rows, note="Rows: those that rest are skipped")
            channels.append(Channel(source="row_filter.played", targets=(Target(to="fan_out.played"),)))
            driven, played = (
                {f"row_filter.{name}": value for name, value in self._watched(*data["post"]).items()},
                "row_filter.pre",
            )
        nodes |= {
            "fan_out": Node(block=self.fanout, note="Fan-out: what the postsynaptic neurons give, for every presynaptic one"),
            "synapses": Node(block=self.core, note="Synapses"),
        }
        channels += [
            Channel(source=data[owner][0], targets=(Target(to=to, items={"data": join(data[owner][1])}),))
            for owner, to in (("pre", played), ("post", "fan_out.stored"))
        ]
        events = {f.name: times(value, self.lanes) for f, value in unpacked(self.given("pre"), "played")}
        events |= {f.name: value for f, value in unpacked(self.given("post"), "stored", self.lanes)}
        channels.append(Channel(source="fan_out.beat", targets=(Target(to="synapses.event", items=events),)))
        command = next(stream for stream in self.core.streams if stream.name == "command")
        if len(cores) > 1:
            outside.append(command)
            channels.append(Channel(source="command", targets=tuple(Target(to=f"{place}.command") for place in cores)))
        else:
            outside.append(("synapses.command", "command"))
        outside += [(f"synapses.{name}", name) for name in ("result", "host", "readback")]
        pre, post, rule = self.pre.synapses, self.post.synapses, self.rule.whole
        return in_any_order(
            name=self.name,
            purpose=f"{pre} presynaptic and {post} postsynaptic neurons, a synapse of {rule.name if rule else '?'} between each "
            "two",
            note=f"Synapse {post} i + j joins presynaptic neuron i to postsynaptic neuron j. All cores take commands at once. "
            f"In a timestep the\nfan-out stores what the postsynaptic neurons give, {self.lanes} in a beat, and plays it "
            "for every presynaptic neuron.",
            nodes=nodes,
            outside=tuple(outside),
            channels=tuple(channels),
            driven=driven,
            checks={f"{owner}_event": ".".join(end) for owner, end in self._checkers().items()},
        )

    def _watched(self, source: str, given: tuple[Net, ...]) -> dict[str, Expression]:
        """Return what the row filter sees of commands, host, results, and of the beats of ``source``, which hold ``given``."""
        taken, clear = both(net("command", "valid"), net("command", "ready")), net("command", "clear")
        stored = both(net("host", "valid"), net("host", "ready"), net("host", "write"))
        inputs = {f.name for f in self.post.spec.synapse_inputs}
        events = [net(source, one.name, one.bits) for one in given if one.name in inputs or len(given) == 1]
        step = [net("command", f.name, f.bits) for f in self.spec.step_inputs]
        return {
            "begins": both(taken, Not(clear)),
            "silent": Not(Some(join(step))) if step else Both(()),
            "changed": Either((both(taken, clear), stored)),
            "stored_moves": both(net(source, "valid"), net(source, "ready")),
            "stored_events": Some(join(events)),
            "result_moves": both(net("result", "valid"), net("result", "ready")),
            "result_skip": net("result", "skip"),
            "result_rest": net("result", "rest", REST.bits * self.lanes),
        }

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Those of the synapses' core without its events, and those of both kinds of neurons."""
        return self.graph.streams


def crossbar_faults(design: CrossbarDesign) -> list[Fault]:
    """Return the bugs that ``sc-hw selftest`` plants between the cores."""
    cores = list(design.parts)
    lonely = "" if len(cores) > 1 else "one core"
    # Presynaptic neurons that are taken before the postsynaptic ones: into the pipeline, the row filter, the fan-out.
    taken = design.pre.pipeline_depth * ("pre" in cores) + 2
    first = cores[0]

    return [
        *fanout_faults(design.fanout, waits="post" in cores),
        fault(
            "command taken alone",
            "a core begins a timestep before the others can",
            f"{first}.command_others",
            "1'b1",
            lonely,
        ),
        fault(
            "command not shown",
            "a core sees a command only when another can take it, so that its host goes first for ever",
            f"{first}.command_valid",
            "value & others",
            lonely,
            others=f"{cores[-1]}_command_able",
        ),
        fault("clear not shared", "the neurons take a clear for a timestep", f"{first}.command_clear", "1'b0", lonely),
        *(rows_faults(design.rows) if design.rows else []),
        *(one for owner in design.addresses for one in address_faults(f"{owner}_addresses")),
        *(one for place, store in stores_of(design.graph).items() for one in store_faults(place, store, behind=taken)),
    ]
