"""What is to be built: one description that both generators, the manifest and the testbench read."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from sc_hw_models.lfsr import lane_seed
from sc_hw_models.rule import Field, Rule, RuleSpec, as_integer, index_bits

from ..errors import UserError
from .instances import Instance, memory_instance
from .keywords import VERILOG_KEYWORDS

__all__ = ["RESULTS", "CoreDesign", "Port", "input_port", "output_port"]

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


@dataclass(frozen=True, kw_only=True)
class Port:
    """One port of an emitted module; ``vector`` forces a ``[0:0]`` range on a one-bit bus."""

    name: str
    direction: str
    bits: int = 1
    signed: bool = False
    vector: bool = False
    meaning: str = ""

    @property
    def high(self) -> int:
        """Index of the top bit."""
        return self.bits - 1


def input_port(name: str, bits: int = 1, *, signed: bool = False, vector: bool = False, meaning: str = "") -> Port:
    """Return an input of a module."""
    return Port(name=name, direction="input", bits=bits, signed=signed, vector=vector, meaning=meaning)


def output_port(name: str, bits: int = 1, *, signed: bool = False, vector: bool = False, meaning: str = "") -> Port:
    """Return an output of a module."""
    return Port(name=name, direction="output", bits=bits, signed=signed, vector=vector, meaning=meaning)


def check_name(name: str) -> str:
    """Return ``name`` if it may name a Verilog module and a path; ``UserError`` otherwise."""
    formed = re.fullmatch(r"[A-Za-z](?:_?[A-Za-z0-9])*", name) and len(name) <= 48
    if not formed or name.lower() in VERILOG_KEYWORDS or name in _KEPT or name.lower().startswith("sc_hw_"):
        raise UserError(f"--name {name!r}: not usable as a module name; allowed: {NAME_RULE}")
    return name


@dataclass(frozen=True, kw_only=True)
class CoreDesign:
    """A core of ``synapses`` synapses of a configured rule on ``lanes`` lanes.

    Synapse ``i`` lives in lane ``i % lanes`` at address ``i // lanes``; every lane holds ``words`` words.
    ``initial`` optionally maps state fields to arrays ``(synapses,)`` that fill the memories at power-up. With ``row_words``,
    which divides the words, an event beat may skip that many words at once. With ``queued`` results wait in a queue, so that
    the lanes never stop; without it a result that waits stops them.
    """

    name: str
    rule: Rule
    config: Any
    synapses: int
    lanes: int = 1
    initial: dict[str, np.ndarray] = field(default_factory=dict)
    row_words: int = 0
    queued: bool = False

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

    def ports(self) -> tuple[Port, ...]:
        """Return the ports of the core."""
        spec, lanes = self.spec, self.lanes
        result = [
            input_port("clk", meaning="clock, rising edge"),
            input_port("rst", meaning="synchronous reset: drops the sweep under way, keeps the memory"),
            input_port("command_valid", meaning="a command is offered"),
            output_port("command_ready", meaning="the command is taken at this clock edge; may depend on command_clear"),
            input_port("command_clear", meaning="1: clear all state; 0: one timestep"),
        ]
        for f in spec.step_inputs:
            result.append(input_port(f"command_{f.name}", f.bits, signed=f.signed, meaning=f.meaning))
        result += [
            input_port("event_valid", meaning="an event beat is offered"),
            output_port("event_ready", meaning="the event beat is taken at this clock edge"),
        ]
        if self.row_words:
            result.append(
                input_port("event_skip", meaning=f"1: leave {self.row_words} words, the first of them next, as they are")
            )
        for f in spec.synapse_inputs:
            result.append(input_port(f"event_{f.name}", f.bits * lanes, vector=True, meaning=f"{f.meaning}, lane 0 lowest"))
        result += [
            output_port("result_valid", meaning="a result beat is offered"),
            input_port("result_ready", meaning="the result beat is taken at this clock edge"),
            output_port("result_last", meaning="last result beat of the timestep"),
        ]
        if self.row_words:
            result.append(
                output_port("result_skip", meaning=f"1: {self.row_words} words were left as they are; nothing else is meant")
            )
        for f in spec.outputs:
            result.append(output_port(f"result_{f.name}", f.bits * lanes, vector=True, meaning=f"{f.meaning}, lane 0 lowest"))
        result += [
            input_port("host_valid", meaning="a host access is offered; served while idle, commands first"),
            output_port("host_ready", meaning="the host access is taken at this clock edge"),
            input_port("host_write", meaning="1: write host_data; 0: read, answered on the readback stream"),
        ]
        if lanes > 1:
            result.append(input_port("host_lane", self.lane_bits, vector=True, meaning=f"lane of the word, below {lanes}"))
        result += [
            input_port("host_address", self.address_bits, vector=True, meaning=f"address of the word, below {self.words}"),
            input_port("host_data", spec.state_bits, vector=True, meaning="state word to write"),
            output_port("readback_valid", meaning="the word asked for is offered"),
            input_port("readback_ready", meaning="the word is taken at this clock edge"),
            output_port("readback_data", spec.state_bits, vector=True, meaning="state word read"),
            output_port("idle", meaning="no sweep or host access under way"),
        ]
        return tuple(result)

    def lane_ports(self) -> tuple[Port, ...]:
        """Return the ports of one lane."""
        spec = self.spec
        result = [input_port("clk"), input_port("enable")]
        if spec.lfsr:
            result += [input_port("restart"), input_port("accept"), input_port("seed", spec.lfsr.bits, vector=True)]
        result.append(input_port("word_in", spec.state_bits, vector=True))
        result += [input_port(f"in_{f.name}", f.bits, signed=f.signed) for f in spec.inputs]
        result += [output_port(f"out_{f.name}", f.bits, signed=f.signed) for f in spec.outputs]
        return (*result, output_port("word_out", spec.state_bits, vector=True))

    def datapath_ports(self) -> tuple[Port, ...]:
        """Return the ports of the rule's datapath."""
        spec = self.spec

        def named(make: Any, prefix: str, fields: tuple[Field, ...], vector: bool = False) -> list[Port]:
            return [make(f"{prefix}_{f.name}", f.bits, signed=f.signed, vector=vector) for f in fields]

        return (
            input_port("clk"),
            input_port("enable"),
            *named(input_port, "state", spec.state, True),
            *named(input_port, "in", spec.inputs),
            *named(input_port, "noise", spec.noise, True),
            *named(output_port, "out", spec.outputs),
            *named(output_port, "next", spec.state, True),
        )

    # Verilog literals and slices, so that templates hold no arithmetic.

    def lane_slice(self, f: Field, lane: int) -> str:
        """Return the bit range of one lane in a bus that carries ``f`` for every lane."""
        return f"{(lane + 1) * f.bits - 1}:{lane * f.bits}"

    def lane_literal(self, lane: int) -> str:
        """Return the number of a lane as a sized literal."""
        return f"{self.lane_bits}'d{lane}"

    def seed(self, lane: int) -> int:
        """Return the reset value of a lane's random register."""
        if self.spec.lfsr is None:
            raise ValueError("this design has no random register")
        return lane_seed(self.spec.random_seed, lane, self.spec.lfsr.bits)

    def seed_literal(self, lane: int) -> str:
        """Return the seed as a sized literal."""
        return f"{self.spec.lfsr.bits if self.spec.lfsr else 0}'h{self.seed(lane):x}"

    def memory_module(self, lane: int) -> str:
        """Return the module that holds a lane's state; lanes with initial contents have one each."""
        return f"{self.name}_memory_{lane}" if self.initial else f"{self.name}_memory"

    @property
    def reset_word(self) -> str:
        """The reset word as a sized literal."""
        return f"{self.spec.state_bits}'h{self.reset_value():x}"

    @property
    def last_address(self) -> str:
        """The last address as a sized literal."""
        return f"{self.address_bits}'d{self.words - 1}"

    @property
    def last_row(self) -> str:
        """The address of the last row's first word as a sized literal."""
        return f"{self.address_bits}'d{self.words - self.row_words}"

    @property
    def row_step(self) -> str:
        """The words of a row in the width of an address, in which a single row is none."""
        return f"{self.address_bits}'d{self.row_words % (1 << self.address_bits)}"

    @property
    def one(self) -> str:
        """The number one in the width of an address."""
        return f"{self.address_bits}'d1"
