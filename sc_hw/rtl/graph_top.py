"""The top module of a graph in Amaranth."""

from typing import Any

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal, Signal
from amaranth.lib import wiring

from .arithmetic import apart, members, unused
from .graph import Graph
from .net import amaranth_value

__all__ = ["GraphTop"]


class GraphTop(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """The nodes of a graph, joined.

    Parameters: ``graph``. Ports: ``graph.ports()``. Reset: that of its nodes; it has no register.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        super().__init__(members(graph.ports()))

    def elaborate(self, _platform: object) -> Module:
        """Instantiate the nodes."""
        m, graph = Module(), self._graph
        signals: dict[str, Any] = {"clk": ClockSignal(), "rst": ResetSignal()}
        signals |= {port.name: getattr(self, port.name) for port in graph.ports() if port.name not in signals}
        for one in graph.top.wires:  # what nothing reads ends in a signal that says so
            unread = one.name.removeprefix("unused_")
            signals[one.name] = Signal(one.bits, name=one.name) if unread == one.name else unused(m, unread, one.bits)
        for left, value in graph.top.assigned:
            m.d.comb += signals[left.name].eq(apart(amaranth_value(value, signals)))
        for place, node in graph.nodes.items():
            pins = {}
            for port in node.block.ports():
                value = graph.top.pins[place][port.name]
                pins[f"{'i' if port.direction == 'input' else 'o'}_{port.name}"] = amaranth_value(value, signals)
            m.submodules[place] = Instance(node.block.name, **pins)
        return m
