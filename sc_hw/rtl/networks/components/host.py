"""The host's way to the synapses of a network, in Amaranth."""

from functools import reduce
from operator import and_, or_

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib import wiring

from ...arithmetic import apart, members, wire
from ..host import HostBlock
from .pieces import extended, priority

__all__ = ["Host"]


class Host(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """Serves one access at a time, while no sample is under way.

    Parameters: ``block``, whose docstring is the contract. Ports: ``block.ports()``. Reset: the access begins again.
    Latency: an access is with its projection from the clock after ``still`` on; answers pass through.
    """

    def __init__(self, block: HostBlock) -> None:
        self._block = block
        super().__init__(members(block.ports()))

    def elaborate(self, _platform: object) -> Module:
        """Build who has the access, and the ways there and back."""
        m, block = Module(), self._block
        serving, done = Signal(name="serving_reg"), Signal(name="done")
        numbers = range(len(block.accesses))
        ready = {k: getattr(self, f"access_{k}_ready") for k in numbers}
        with m.If(self.host_ready):
            m.d.sync += serving.eq(0)
        with m.Elif(self.host_valid & self.still):
            m.d.sync += serving.eq(1)
        m.d.comb += [
            self.hold.eq(self.host_valid | serving),
            self.idle.eq(~serving),
            self.host_ready.eq(serving & done),
        ]
        chosen = self._chosen(m)
        reached: Value = reduce(or_, [chosen[k] & ready[k] for k in numbers])
        ends = dict[int, Signal]()
        if block.tasks:  # the end of a task is done when each of them is
            over = []
            for k in block.tasks:
                ended = Signal(name=f"ended_{k}_reg")
                ends[k] = wire(m, f"ends_{k}", serving & self.host_consolidate & ~ended)
                m.d.sync += ended.eq(serving & ~self.host_ready & (ended | (ends[k] & ready[k])))
                over.append(ended | ready[k])
            reached = Mux(self.host_consolidate, wire(m, "all_ended", reduce(and_, over)), reached)
        m.d.comb += done.eq(reached)
        for k in numbers:
            self._give(m, k, serving & chosen[k], ends.get(k))
        answers = [(getattr(self, f"answer_{k}_valid"), self._answered(m, k)) for k in numbers]
        m.d.comb += [
            self.readback_valid.eq(reduce(or_, [valid for valid, _ in answers])),
            self.readback_data.eq(apart(priority(answers))),
        ]
        return m

    def _chosen(self, m: Module) -> list[Value]:
        """Return whether the host names each projection; a number of none is taken for the last."""
        last = len(self._block.accesses) - 1
        if not last:
            return [Const(1)]
        chosen = [wire(m, f"chosen_{k}", self.host_projection == k) for k in range(last)]
        return [*chosen, wire(m, f"chosen_{last}", ~reduce(or_, chosen))]

    def _give(self, m: Module, k: int, own: Value, ends: Signal | None) -> None:
        """Offer the access to a projection; ``ends`` offers it the end of a task."""
        port = {item.name: getattr(self, f"access_{k}_{item.name}") for item in self._block.stream(f"access_{k}").items}
        valid = own
        if ends is not None:
            valid = Mux(self.host_consolidate, ends, own)
        elif self._block.tasks:
            valid = own & ~self.host_consolidate
        m.d.comb += getattr(self, f"access_{k}_valid").eq(valid)
        for name, signal in port.items():
            m.d.comb += signal.eq(getattr(self, f"host_{name}")[: len(signal)])

    def _answered(self, m: Module, k: int) -> Signal:
        """Take what a projection answers when the host takes it, and return it."""
        taken = wire(m, f"taken_{k}", apart(self.readback_ready))
        m.d.comb += getattr(self, f"answer_{k}_ready").eq(apart(taken))
        return wire(m, f"answered_{k}", extended(getattr(self, f"answer_{k}_data"), self._block.widths[2]))
