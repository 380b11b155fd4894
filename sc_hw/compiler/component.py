"""A pipeline as an Amaranth component: the same nets and registers as the Verilog has."""

from typing import TYPE_CHECKING

from amaranth.hdl import Cat, ClockSignal, Const, EnableInserter, Fragment, Module, Mux, Shape, Signal, Value
from amaranth.lib import wiring

from ..rtl.arithmetic import members
from .node import Node, decided_by_one_lut
from .pipeline import Pipeline

if TYPE_CHECKING:
    from ..rtl.design import CoreDesign

__all__ = ["Datapath"]


class Datapath(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """One update of one synapse, compiled from the rule's step, pipelined.

    Parameters: ``design`` and its ``pipeline``. Ports: ``design.datapath_ports()``; ``clk`` is the clock domain. ``enable`` low
    freezes every register. Reset: none. Latency: ``pipeline.latency`` enabled clocks; one update a clock. Overflow: none but
    what the step says.
    """

    def __init__(self, design: "CoreDesign", pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        super().__init__(members(design.datapath_ports()))

    def elaborate(self, _platform: object) -> Fragment:
        """Build the stages; a register called ``<name>_<k>`` ends stage ``k``."""
        m, p = Module(), self._pipeline
        held: dict[tuple[int, int], Value] = {}  # by node and stage

        def given(node: Node, stage: int) -> Value:
            return Const(node.low, _shape(node)) if node.constant else held[node.number, stage]

        for node in p.nodes:
            first, name = p.schedule.stage[node.number], p.names[node.number]
            if node.operation == "var":
                value = getattr(self, name)
            else:
                value = Signal(_shape(node), name=name)
                m.d.comb += value.eq(_value(node, [given(a, first) for a in node.arguments]))
            held[node.number, first] = value
            for stage in range(first + 1, p.last[node.number] + 1):
                register = Signal(_shape(node), name=f"{name}_{stage}", reset_less=True)
                m.d.sync += register.eq(held[node.number, stage - 1])
                held[node.number, stage] = register
        for port, root in p.roots.items():
            m.d.comb += getattr(self, port).eq(given(root, p.latency))
        if not any(last > p.schedule.stage[number] for number, last in p.last.items()):
            m.d.comb += Signal(name="unused_clk").eq(ClockSignal())  # whatever is given, the results are numbers
        return EnableInserter(self.enable)(m)


def _shape(node: Node) -> Shape:
    return Shape(node.bits, node.signed)


def _widened(a: Value, bits: int) -> Value:
    """Return the lowest bits of a value, in that many bits: those above its own repeat its sign."""
    return (a | Const(0, bits))[:bits]


def _below(bit: Value, a: Value) -> Value:
    """Return a value with one more bit below its units."""
    both = Cat(bit, a)
    return both.as_signed() if a.shape().signed else both


def _value(node: Node, a: list[Value]) -> Value:
    """Return what a node gives; the signal that takes it has its width."""
    d = node.detail
    match node.operation:
        case "add" | "sub":
            adds = node.operation == "add"
            carry = node.arguments[2]
            if carry.constant and not carry.low:
                return a[0] + a[1] if adds else a[0] - a[1]
            left, right = _below(Const(int(adds), 1), a[0]), _below(a[2], a[1])
            return (left + right if adds else left - right).as_signed().shift_right(1)
        case "mul":
            return a[0] * a[1]
        case "shl":
            return a[0].shift_left(d)
        case "shr":
            return a[0].shift_right(d)
        case "low":
            return a[0][:d] if d <= len(a[0]) else _widened(a[0], d)  # a slice has no more bits than the value
        case "cat":
            both = Cat(_widened(a[1], d), a[0])
            return both.as_signed() if a[0].shape().signed else both
        case "comp":
            return ~_widened(a[0], d)
        case "rev":
            return _widened(a[0], d)[::-1]
        case "minus":
            return a[0].as_signed()
        case "flip":
            value = a[1] if a[1].shape().signed else Cat(a[1], Const(0, 1)).as_signed()
            return Mux(a[0], ~value, value)
        case "lt":
            x, limit = node.arguments
            return _below_number(a[0], limit.low) if decided_by_one_lut(x, limit) else a[0] < a[1]
        case "eq":
            return a[0] == a[1]
        case "any":
            return a[0].any()
        case "not":
            return ~a[0]
        case "and":
            return Cat(a).all()
        case "or":
            return Cat(a).any()
        case "select":
            return Mux(a[0], a[1], a[2])
        case "clamp":
            return _clamped(node, a[0])
    raise AssertionError(node.operation)


def _below_number(a: Value, limit: int) -> Value:
    """Return whether a value that is never negative is below a number, which its bits can hold."""
    if limit == 1:
        return ~a.any()
    rest, top = limit & ((1 << len(a) - 1) - 1), limit >> len(a) - 1
    if not rest:
        return ~a[-1]
    below = _below_number(a[:-1], rest)
    return ~a[-1] | below if top else ~a[-1] & below


def _clamped(node: Node, a: Value) -> Value:
    """Return a value within the bounds of its bits, by the bits above them."""
    given, bits = node.arguments[0], node.bits
    places = bits - node.signed
    kept, above = a[:bits], a[places:]
    # A choice, so that a register behind it is set or reset: Yosys does not look for that behind an operator.
    if not given.signed:
        return Mux(above.any(), Const(-1, bits), kept)
    negative = a[-1]
    if not node.signed:
        full = kept if node.detail[1] == given.high else kept | above.any().replicate(bits)
        return Mux(negative, 0, full)
    limit = Cat((~negative).replicate(places), negative)
    return Mux(above.all() | ~above.any(), kept, limit).as_signed()
