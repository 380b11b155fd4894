"""Which rows of a crossbar a sweep has to visit: the module between presynaptic neurons and fan-out, as a description."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from sc_hw_models.parts import REST
from sc_hw_models.rule import Field, index_bits

from .faults import Fault, fault, marks_faults
from .instances import Instance, memory_instance
from .port import CONTROLLED, Port, input_port
from .stream import LAST, Item, Stream, Watch
from .text import select

__all__ = ["RowsDesign", "below", "rows_faults"]


@dataclass(frozen=True, kw_only=True)
class RowsDesign:
    """``rows`` presynaptic neurons, each with ``words`` beats of ``lanes`` synapses.

    A row is skipped when no input and no trace reaches it and all its synapses rest, as what they gave last tells. ``name`` is
    that of the module, ``given`` what a presynaptic neuron gives, the first ``inputs`` fields of which are its inputs; ``bounds``
    are the powers of two below which the others count as nothing. The lowest ``stored_bits`` of a beat of the others are inputs.
    Where it is ``checked`` the last neuron of a timestep is marked.
    """

    component: ClassVar[str] = "row_filter.RowFilter"
    harness: ClassVar[str] = "rows"
    golden: ClassVar[str] = "rows"
    template: ClassVar[str] = "lib/rows.v.j2"
    purpose: ClassVar[str] = "which rows of a crossbar a timestep has to visit"
    kept: ClassVar[str] = "whether the synapses of each row rest"

    name: str
    rows: int
    words: int
    lanes: int
    given: tuple[Field, ...]
    inputs: int
    bounds: dict[str, int]
    stored_bits: int
    checked: bool = False

    watches: ClassVar[tuple[Watch, ...]] = (
        Watch(name="command", moves="begins", items=("silent",)),
        Watch(name="change", moves="changed"),
        Watch(name="stored", moves="stored_moves", items=("stored_events",)),
        Watch(name="result", moves="result_moves", items=("result_skip", "result_rest")),
    )

    @property
    def settings(self) -> dict[str, Any]:
        """The numbers of its golden model."""
        own = ("rows", "words", "lanes", "inputs", "bounds", "checked")
        return {name: getattr(self, name) for name in own} | {"given": [[f.name, f.bits, f.signed] for f in self.given]}

    @property
    def data_bits(self) -> int:
        """Bits of what a presynaptic neuron gives."""
        return sum(f.bits for f in self.given)

    @property
    def row_bits(self) -> int:
        """Bits of the number of a row, at least 1."""
        return index_bits(self.rows)

    @property
    def word_bits(self) -> int:
        """Bits of the number of a word within its row, at least 1."""
        return index_bits(self.words)

    @property
    def level_bits(self) -> int:
        """Bits that are kept for each row."""
        return REST.bits

    @property
    def memory_bits(self) -> int:
        """Bits of its memory."""
        return self.rows * self.level_bits

    def slices(self) -> list[tuple[Field, int]]:
        """Return what a neuron gives with the lowest bit of each field."""
        return [(f, sum(g.bits for g in self.given[:k])) for k, f in enumerate(self.given)]

    @property
    def event_bits(self) -> int:
        """Bits of the neuron's inputs, the lowest of what it gives."""
        return sum(f.bits for f in self.given[: self.inputs])

    def instances(self) -> dict[str, Instance]:
        """Return the module inside that is proven apart: its memory."""
        return {"memory": memory_instance(f"{self.name}_memory", self.level_bits, self.rows, self.level_bits)}

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The presynaptic neurons as they come, and as they are played."""
        taken = "it is taken at this clock edge"
        return (
            Stream(
                name="pre",
                several=True,
                beats=self.rows if self.checked else 0,
                offered="a presynaptic neuron is offered",
                taken=taken,
                items=(
                    *((Item(name=LAST, meaning="last neuron of the timestep"),) if self.checked else ()),
                    Item(name="data", bits=self.data_bits, meaning="what it gives its synapses, its inputs lowest"),
                ),
            ),
            Stream(
                name="played",
                gives=True,
                several=True,
                offered="a row is offered",
                taken=taken,
                items=(
                    Item(name="data", bits=self.data_bits, meaning="what its neuron gives"),
                    Item(name="skip", meaning="1: the row need not be visited"),
                ),
            ),
        )

    @property
    def signals(self) -> tuple[Port, ...]:
        """What it watches, and what breach there was."""
        return (
            *(port for stream in self.streams for port in stream.signals()),
            input_port("begins", meaning="a timestep begins"),
            input_port("silent", meaning="its own inputs are 0"),
            input_port("changed", meaning="state changes by a clear or by the host: nothing is known of the rows"),
            input_port("stored_moves", meaning="a beat of the postsynaptic neurons moves"),
            input_port("stored_events", meaning="one of them has an input"),
            input_port("result_moves", meaning="a result of the synapses moves"),
            input_port("result_skip", meaning="it is that of a row that was skipped"),
            input_port("result_rest", REST.bits * self.lanes, meaning="whether its synapses rest, lane 0 lowest"),
        )

    def ports(self) -> tuple[Port, ...]:
        """Return the ports of the module."""
        return (*CONTROLLED, *self.signals, *(port for stream in self.streams for port in stream.ports()))

    # Verilog pieces, so that templates hold no arithmetic.

    def row_literal(self, row: int) -> str:
        """Return the number of a row as a sized literal."""
        return f"{self.row_bits}'d{row}"

    def word_literal(self, word: int) -> str:
        """Return the number of a word as a sized literal."""
        return f"{self.word_bits}'d{word}"

    def rest_of(self, lane: int) -> str:
        """Return what the synapse of a lane says of its rest."""
        bits = self.level_bits
        return select("result_rest", bits * self.lanes, (lane + 1) * bits - 1, lane * bits)

    @property
    def counts(self) -> str:
        """The condition that the state of the neuron on offer counts for something."""
        reached = [
            f"~{small}"
            for f, low in self.slices()
            if f.name in self.bounds
            if (small := below("pre_data", f, self.bounds[f.name], low, total=self.data_bits)) != "1'b1"
        ]
        return " | ".join(reached).replace("~~", "") or "1'b0"


def below(name: str, f: Field, exponent: int, low: int = 0, *, total: int = 0) -> str:
    """Return in Verilog whether the magnitude of a field is below 2^``exponent``.

    The field begins at bit ``low`` of a signal of ``total`` bits, by default its own.
    """
    high, total = low + f.bits - 1, total or f.bits
    if exponent >= f.bits:
        return "1'b1"
    above = select(name, total, high, low + exponent)
    zero = f"~(|{above})"
    if not f.signed or exponent == 0:
        return zero
    return f"({zero} | ((&{above}) & (|{select(name, total, low + exponent - 1, low)})))"


def rows_faults(rows: RowsDesign) -> list[Fault]:
    """Return the bugs that ``sc-hw selftest`` plants where rows are skipped."""
    own = partial(fault, within="rows")
    return [
        own(
            "postsynaptic input overlooked",
            "a row is skipped although a postsynaptic neuron has an input",
            "met",
            "1'b0",
            "" if rows.bounds else "no state of a presynaptic neuron pairs with it",
        ),
        own("presynaptic input overlooked", "a row is skipped although its neuron has an input", "input_offered", "1'b0"),
        own("last word rests for all", "a row counts as resting when its last word rests", "level_now", "rest", rest="rest"),
        own("change overlooked", "rows that the host or a clear changed are taken for resting", "known", "1'b1"),
        own(
            "step overlooked",
            "rows that only rest without inputs of the timestep are skipped with them",
            "rests",
            "level[0]",
            level="level",
        ),
        *marks_faults(rows.streams, "rows"),
    ]
