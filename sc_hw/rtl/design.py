"""What is to be built: one description that both generators, the manifest and the testbench read."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from sc_hw_models.lfsr import lane_seed
from sc_hw_models.rule import Field, Rule, RuleSpec, as_integer, index_bits

from ..errors import UserError
from .bank import Bank, bank_of
from .graph import Graph
from .instances import Instance, memory_instance
from .keywords import VERILOG_KEYWORDS
from .literals import Literals
from .port import ABLE, CLOCKED, IDLE, OTHERS, Port, input_port, output_port
from .stream import LAST, Item, Stream
from .text import select

__all__ = ["RESULTS", "CoreDesign"]

MAX_SYNAPSES = 1 << 24
MAX_LANES = 256
LANE_GROUP = 4
RESULTS = ("stall", "queue")  # what a result that waits does: stop the lanes, or queue up
_SHALLOW_WORDS = 1024
_COLUMN_BLOCK_BITS = 16384
NAME_RULE = (
    "a letter, then letters, digits or single _, at most 48, no Verilog or SystemVerilog keyword, none of TOP, randomize, std, "
    "which Verilator keeps, and none that begins with sc_hw_, as the testbench's do"
)
_KEPT = frozenset({"TOP", "randomize", "std"})


def check_name(name: str) -> str:
    """Return ``name`` if it may name a Verilog module and a path; ``UserError`` otherwise."""
    formed = re.fullmatch(r"[A-Za-z](?:_?[A-Za-z0-9])*", name) and len(name) <= 48
    if not formed or name.lower() in VERILOG_KEYWORDS or name in _KEPT or name.lower().startswith("sc_hw_"):
        raise UserError(f"--name {name!r}: not usable as a module name; allowed: {NAME_RULE}")
    return name


@dataclass(frozen=True, kw_only=True)
class CoreDesign(Literals):
    """A core of ``synapses`` synapses of a configured rule on ``lanes`` lanes.

    Synapse ``i`` lives in lane ``i % lanes`` at address ``i // lanes``; every lane holds ``words`` words.
    ``initial`` optionally maps state fields to arrays ``(synapses,)`` that fill the memories at power-up. With ``row_words``,
    which divides the words, an event beat may skip that many words at once. With ``queued`` results wait in a queue, so that
    the lanes never stop; without it a result that waits stops them. One that is ``shared`` takes a command in the clock in
    which others take it, too, and knows before that it waits. Of one that is ``checked`` the last event beat of a timestep is
    marked, and it tells of a mark that is not where its own count ends.
    """

    kind: ClassVar[str] = "core"

    name: str
    rule: Rule
    config: Any
    synapses: int
    lanes: int = 1
    initial: dict[str, np.ndarray] = field(default_factory=dict)
    row_words: int = 0
    queued: bool = False
    shared: bool = False
    checked: bool = True

    def __post_init__(self) -> None:
        check_name(self.name)
        for option in ("synapses", "lanes", "row_words"):  # integers of NumPy are no JSON
            object.__setattr__(self, option, as_integer(f"--{option}", getattr(self, option)))
        if not 1 <= self.synapses <= MAX_SYNAPSES:
            raise UserError(f"--synapses {self.synapses}: out of range; allowed are 1..{MAX_SYNAPSES}")
        if not 1 <= self.lanes <= min(self.synapses, MAX_LANES):
            allowed = min(self.synapses, MAX_LANES)
            raise UserError(f"--lanes {self.lanes}: out of range; allowed are 1..{allowed} for {self.synapses} synapses")
        if self.queued and self.row_words:
            raise ValueError("a core that skips rows has no queue")

    @cached_property
    def spec(self) -> RuleSpec:
        """Widths, signs, resets and latency."""
        return self.rule.spec(self.config)

    @property
    def parts(self) -> "dict[str, tuple[str, CoreDesign]]":
        """The cores inside by instance, each with what begins the names of its streams; none in a core."""
        return {}

    @property
    def banks(self) -> dict[str, Bank]:
        """What the host reads and writes, by what begins the names of its streams."""
        parts: dict[str, CoreDesign] = dict(self.parts.values()) or {"": self}
        return {owner: bank_of(own.spec, own.synapses, own.lanes, owner=owner) for owner, own in parts.items()}

    @property
    def around(self) -> "dict[str, CoreDesign]":
        """The neurons in front of the synapses or around them, by place, whether or not they have a core; none in a core."""
        return {}

    @property
    def by_address(self) -> bool:
        """Whether spikes come as address events."""
        return False

    @property
    def addition(self) -> str:
        """What there is beside the synapses, in a few words."""
        return "; results queue" if self.queued else ""

    @property
    def graph(self) -> Graph | None:
        """What joins the blocks inside; none in a core."""
        return None

    @property
    def words(self) -> int:
        """Words of each lane's memory."""
        return -(-self.synapses // self.lanes)

    @property
    def address_bits(self) -> int:
        """Bits of a word address, at least 1."""
        return index_bits(self.words)

    @property
    def lane_bits(self) -> int:
        """Bits of a lane number (0 for one lane)."""
        return (self.lanes - 1).bit_length()

    @property
    def padded_lanes(self) -> frozenset[int]:
        """Lanes whose last word holds no synapse."""
        return frozenset(range(self.synapses - (self.words - 1) * self.lanes, self.lanes))

    @property
    def column_bits(self) -> int:
        """Bits of a memory column: as narrow as the deepest block of a 16-kbit family is (16384 x 1, 8192 x 2, ...).

        Shallow memories stay whole, and so do those with initial contents, which are written word by word.
        """
        if self.words <= _SHALLOW_WORDS or self.initial:
            return self.spec.state_bits
        return max(1, _COLUMN_BLOCK_BITS // self.words)

    @property
    def memories(self) -> list[int]:
        """Bits of each memory: those of the lanes, and those in which results wait."""
        queues = [self.queue_slots * self.queue_bits for _ in self.lane_groups] if self.queued else []
        return [self.words * self.spec.state_bits] * self.lanes + queues

    @property
    def title(self) -> str:
        """What it is a core of."""
        return self.rule.name

    @property
    def legend(self) -> str:
        """What it is, in a line."""
        return f"{self.synapses} synapses of {self.title}{self.addition}"

    @property
    def synapse_bits(self) -> int:
        """Bits of what all synapses keep."""
        return self.synapses * self.spec.state_bits

    @property
    def lane_groups(self) -> list[range]:
        """Lanes that share what stands behind them where many lanes must stay fast: four, or what is left."""
        return [range(first, min(first + LANE_GROUP, self.lanes)) for first in range(0, self.lanes, LANE_GROUP)]

    @property
    def queue_bits(self) -> int:
        """Bits of a result of a group of lanes that waits: the last flag, and the outputs of every lane."""
        return 1 + sum(f.bits for f in self.spec.outputs) * len(self.lane_groups[0])

    @property
    def queue_slots(self) -> int:
        """Results that a queue holds: the power of two that lets a beat move every clock.

        A slot is taken from the clock after its event's beat until two clocks after its result left the lanes.
        """
        return 1 << (self.pipeline_depth + 1).bit_length()

    @property
    def pipeline_depth(self) -> int:
        """Clocks from issuing a read to its write-back: memory, word register, datapath."""
        return 2 + self.spec.latency

    @property
    def overlap(self) -> bool:
        """Whether a sweep may start while the last one drains: no word is then read before it is written.

        Not where words may be skipped, which makes a sweep as short as it has rows.
        """
        return self.words > self.pipeline_depth and not self.row_words

    @property
    def timestep_clocks(self) -> int:
        """Clocks from one timestep to the next when no stream waits: a word each, one between sweeps, and what cannot overlap."""
        return self.words + 1 + (0 if self.overlap else self.pipeline_depth)

    @property
    def readback_tree(self) -> list[list[range]]:
        """Registers between the lanes and the host's readback, by level: what each picks from, up to four of the level before.

        Empty where one multiplexer answers: with one lane, and where a result that waits stops the lanes.
        """
        levels: list[list[range]] = []
        inputs = self.lanes if self.queued else 1
        while inputs > 1:
            levels.append([range(first, min(first + LANE_GROUP, inputs)) for first in range(0, inputs, LANE_GROUP)])
            inputs = len(levels[-1])
        return levels

    def instances(self) -> dict[str, Instance]:
        """Return the modules inside that are proven apart, by place: each lane and its datapath, each memory, each queue."""
        found = {}
        for lane in range(self.lanes):
            found[f"lane_{lane}"] = Instance(module=f"{self.name}_lane")
            found[f"lane_{lane}.datapath"] = Instance(module=f"{self.name}_datapath")
            found[f"memory_{lane}"] = memory_instance(
                self.memory_module(lane), self.spec.state_bits, self.words, self.column_bits
            )
        for group in range(len(self.lane_groups) if self.queued else 0):
            found[f"result_queue_{group}"] = Instance(module=f"{self.name}_queue")
            found[f"result_queue_{group}.memory"] = memory_instance(
                f"{self.name}_queue_memory", self.queue_bits, self.queue_slots, self.queue_bits
            )
        return found

    def reset_value(self) -> int:
        """Return the state word after a clear."""
        positions = self.spec.positions()
        return sum((f.reset & ((1 << f.bits) - 1)) << positions[f.name] for f in self.spec.state)

    def initial_words(self, lane: int) -> list[int]:
        """Return the words of one lane at power-up."""
        positions = self.spec.positions()
        words = [0] * self.words
        for f in self.spec.state:
            values = self.initial.get(f.name)
            if values is None and f.reset == 0:
                continue
            own = np.full(self.words, f.reset) if values is None else values[lane :: self.lanes]
            low, mask = positions[f.name], (1 << f.bits) - 1
            for address, value in enumerate((own & mask).tolist()):
                words[address] |= value << low
        return words

    def inputs(self) -> dict[Field, int]:
        """Return the inputs of a timestep: how many values each has, 0 for one of the timestep itself."""
        return dict.fromkeys(self.spec.synapse_inputs, self.synapses) | dict.fromkeys(self.spec.step_inputs, 0)

    @cached_property
    def streams(self) -> tuple[Stream, ...]:
        """Commands, events, results, accesses of the host and what they read, in the order of their ports."""
        spec, lanes = self.spec, self.lanes
        lowest = ", lane 0 lowest" if lanes > 1 else ""

        def of_lanes(fields: tuple[Field, ...]) -> tuple[Item, ...]:
            return tuple(Item(name=f.name, bits=f.bits * lanes, meaning=f"{f.meaning}{lowest}") for f in fields)

        step = tuple(Item(name=f.name, bits=f.bits, signed=f.signed, meaning=f.meaning) for f in spec.step_inputs)
        skip = f"1: leave {self.row_words} words, the first of them next, as they are"
        skipped = f"1: {self.row_words} words were left as they are; nothing else is meant"
        lane = (Item(name="lane", bits=self.lane_bits, meaning=f"lane of the word, below {lanes}"),) if lanes > 1 else ()
        return (
            Stream(
                name="command",
                offered="a command is offered",
                taken="the command is taken at this clock edge; may depend on command_clear",
                items=(Item(name="clear", meaning="1: clear all state; 0: one timestep"), *step),
            ),
            Stream(
                name="event",
                several=True,
                beats=self.words if self.checked else 0,
                offered="an event beat is offered",
                taken="the event beat is taken at this clock edge",
                items=(
                    *((Item(name=LAST, meaning="last event beat of the timestep"),) if self.checked else ()),
                    *((Item(name="skip", meaning=skip),) if self.row_words else ()),
                    *of_lanes(spec.synapse_inputs),
                ),
            ),
            Stream(
                name="result",
                gives=True,
                several=True,
                offered="a result beat is offered",
                taken="the result beat is taken at this clock edge",
                items=(
                    Item(name=LAST, meaning="last result beat of the timestep"),
                    *((Item(name="skip", meaning=skipped),) if self.row_words else ()),
                    *of_lanes(spec.outputs),
                ),
            ),
            Stream(
                name="host",
                offered="a host access is offered; served while idle, after one command at most",
                taken="the host access is taken at this clock edge",
                items=(
                    Item(name="write", meaning="1: write host_data; 0: read, answered on the readback stream"),
                    *lane,
                    Item(name="address", bits=self.address_bits, meaning=f"address of the word, below {self.words}"),
                    Item(name="data", bits=spec.state_bits, meaning="state word to write"),
                ),
            ),
            Stream(
                name="readback",
                gives=True,
                offered="the word asked for is offered",
                taken="the word is taken at this clock edge",
                items=(Item(name="data", bits=spec.state_bits, meaning="state word read"),),
            ),
        )

    @property
    def signals(self) -> tuple[Port, ...]:
        """Ports of no stream: how those that take a command together agree on a clock, what is told of marks, idle."""
        told = [port for stream in self.streams for port in stream.signals()]
        return (*((ABLE, OTHERS) if self.shared else ()), *told, IDLE)

    def ports(self) -> tuple[Port, ...]:
        """Return the ports of the core."""
        return (*CLOCKED, *(port for stream in self.streams for port in stream.ports()), *self.signals)

    def check_ports(self) -> None:
        """Refuse a field whose port would be one that a stream has anyhow. Errors: ``UserError`` with the name."""
        for ports in (self.ports(), self.lane_ports()):
            names = [port.name for port in ports]
            if twice := next((name for name in names if names.count(name) > 1), ""):
                raise UserError(
                    f"rule {self.rule.name}: one of its fields would be a second port {twice}; "
                    f"give it another name than {twice.split('_', 1)[-1]}"
                )

    def lane_ports(self) -> tuple[Port, ...]:
        """Return the ports of one lane."""
        spec = self.spec
        result = [
            input_port("clk", meaning="clock, rising edge"),
            input_port("enable", meaning="0: every register keeps its value"),
        ]
        if spec.lfsr:
            result += [
                input_port("restart", meaning="load the random register with the seed"),
                input_port("accept", meaning="an update enters: draw its noise"),
                input_port("seed", spec.lfsr.bits, meaning="what the random register starts from, not 0"),
            ]
        result.append(input_port("word_in", spec.state_bits, meaning="state word before the update"))
        result += [input_port(f"in_{f.name}", f.bits, signed=f.signed, meaning=f.meaning) for f in spec.inputs]
        result += [output_port(f"out_{f.name}", f.bits, signed=f.signed, meaning=f.meaning) for f in spec.outputs]
        return (*result, output_port("word_out", spec.state_bits, meaning="state word after the update"))

    def datapath_ports(self) -> tuple[Port, ...]:
        """Return the ports of the rule's datapath."""
        spec = self.spec

        def named(make: Any, prefix: str, fields: tuple[Field, ...], meaning: str = "{}") -> list[Port]:
            return [make(f"{prefix}_{f.name}", f.bits, signed=f.signed, meaning=meaning.format(f.meaning)) for f in fields]

        return (
            input_port("clk", meaning="clock, rising edge"),
            input_port("enable", meaning="0: every register keeps its value"),
            *named(input_port, "state", spec.state, "{}, before"),
            *named(input_port, "in", spec.inputs),
            *named(input_port, "noise", spec.noise, "random bits, new for every update"),
            *named(output_port, "out", spec.outputs),
            *named(output_port, "next", spec.state, "{}, after"),
        )

    # Slices and names, so that templates hold no arithmetic; literals are in ``Literals``.

    def lane_part(self, bus: str, f: Field, lane: int) -> str:
        """Return the bits of one lane of a bus that carries ``f`` for every lane."""
        return select(bus, f.bits * self.lanes, (lane + 1) * f.bits - 1, lane * f.bits)

    def seed(self, lane: int) -> int:
        """Return the reset value of a lane's random register."""
        if self.spec.lfsr is None:
            raise ValueError("this design has no random register")
        return lane_seed(self.spec.random_seed, lane, self.spec.lfsr.bits)

    def memory_module(self, lane: int) -> str:
        """Return the module that holds a lane's state; lanes with initial contents have one each."""
        return f"{self.name}_memory_{lane}" if self.initial else f"{self.name}_memory"

    def group_part(self, bus: str, f: Field, lanes: range) -> str:
        """Return the bits of some lanes in a row of a bus that carries ``f`` for every lane."""
        return select(bus, f.bits * self.lanes, (lanes[-1] + 1) * f.bits - 1, lanes[0] * f.bits)
