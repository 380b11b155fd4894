"""The datapath of a synapse's part of a rule: the whole rule's, without what its neurons keep."""

from functools import reduce
from operator import and_
from typing import Any

from amaranth.hdl import Cat, ClockSignal, Const, EnableInserter, Fragment, Instance, Module
from amaranth.lib import wiring

from .arithmetic import members, small, unused
from .design import CoreDesign
from .tied import Tied

__all__ = ["PartDatapath"]


class PartDatapath(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """One timestep of what a synapse keeps; synthesis drops the rest of the whole rule's datapath.

    Parameters: ``design``. Ports: ``design.datapath_ports()``; ``clk`` is the clock domain. Reset: none. Latency: the whole
    rule's. Overflow: none.
    """

    def __init__(self, design: CoreDesign) -> None:
        self._design = design
        super().__init__(members(design.datapath_ports()))

    def elaborate(self, _platform: object) -> Fragment:
        """Instantiate the whole datapath."""
        m, tied = Module(), Tied(self._design)
        connected: dict[str, Any] = {"i_clk": ClockSignal(), "i_enable": self.enable}
        for port in tied.ports:
            own = tied.port(port)
            value: Any = getattr(self, own) if own else Const(0, port.bits)
            if port.direction == "output" and not own:
                value = unused(m, port.name, port.bits)
            connected[f"{port.direction[0]}_{port.name}"] = value
        m.submodules.whole = Instance(f"{tied.whole.name}_datapath", **connected)
        if rest := self._design.spec.rest:
            quiet, inert = (
                reduce(and_, (small(getattr(self, f"next_{name}"), k) for name, k in bounds.items()), Const(1))
                for bounds in (rest.quiet, rest.inert)
            )
            m.d.comb += self.out_rest.eq(Cat(quiet, inert))
        return EnableInserter(self.enable)(m)
