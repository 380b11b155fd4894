"""The random register of one lane: an LFSR that makes all the noise of an update in one clock."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring

from sc_hw_models.lfsr import Lfsr

from .arithmetic import members
from .verilog import random_ports

__all__ = ["RandomRegister"]


class RandomRegister(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """The bits of ``b[t] = b[t-n] ^ b[t-k]``, ``shape.fresh`` new ones a step.

    Parameters: ``shape``, the length, taps and step of the register.
    Ports: ``step`` makes new bits; ``restart`` loads ``seed`` (not zero) and wins over ``step``; ``bits``
    is the noise of the next update, no bit of which the update after it sees again.
    Reset: none; undefined until the first ``restart``. Latency: new ``bits`` one clock after ``step``.
    Source: see ``sc_hw_models.lfsr``.
    """

    def __init__(self, shape: Lfsr) -> None:
        self._shape = shape
        super().__init__(members(random_ports(shape)))

    def elaborate(self, _platform: object) -> Module:
        """Build the register."""
        m = Module()
        fresh, (n, k) = self._shape.fresh, self._shape.taps
        state = Signal(n, name="state_reg", reset_less=True)
        with m.If(self.restart):
            m.d.sync += state.eq(self.seed)
        with m.Elif(self.step):
            m.d.sync += state.eq(Cat(state[n - fresh :] ^ state[k - fresh : k], state)[:n])
        m.d.comb += self.bits.eq(state[:fresh])
        return m
