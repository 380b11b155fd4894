"""The marks of a stream's last beats, compared with the count of the block that takes them."""

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import wiring

from .arithmetic import apart, wire

__all__ = ["compare_marks"]


def compare_marks(m: Module, block: wiring.Component, name: str, counted: Value) -> None:
    """Keep the first mark of the stream ``name`` that is not where the count ends, until a reset.

    ``counted`` is 1, one bit, while the beat on offer is the last of its timestep. Drives ``NAME_last_unexpected`` and
    ``NAME_last_missing`` of ``block``, at most one of which is ever 1, from the clock after the beat on.
    """
    port = {key: getattr(block, f"{name}_{key}") for key in ("valid", "ready", "last", "last_unexpected", "last_missing")}
    unexpected, missing = Signal(name=f"{name}_unexpected_reg"), Signal(name=f"{name}_missing_reg")
    wrong = port["last"] != counted
    breach = wire(m, f"{name}_breach", port["valid"] & port["ready"] & wrong & ~(unexpected | missing))
    with m.If(breach):
        m.d.sync += [unexpected.eq(port["last"]), missing.eq(counted)]
    m.d.comb += [port["last_unexpected"].eq(apart(unexpected)), port["last_missing"].eq(apart(missing))]
