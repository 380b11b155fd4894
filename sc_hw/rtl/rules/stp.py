"""The datapath of Tsodyks-Markram short-term plasticity: one presynaptic neuron a clock."""

from amaranth.hdl import Cat, Const, EnableInserter, Fragment, Module, Mux, Shape, Value, unsigned
from amaranth.lib import wiring

from ..arithmetic import apart, cut, delay, members, register, wire
from ..design import CoreDesign
from ..faults import Fault
from ..faults import datapath_fault as fault

__all__ = ["Datapath", "faults"]

_U_SE_BITS = 8


class Datapath(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """One timestep of one presynaptic neuron, pipelined; docs/rules/stp.md has the equations and their source.

    Parameters: ``design``, whose ``config`` gives widths, shifts, U, mode and roundings.
    Ports: ``design.datapath_ports()``; ``clk`` is the clock domain. ``enable`` low freezes every register.
    Reset: none. Latency: ``design.spec.latency`` enabled clocks from the inputs to ``out_...`` and ``next_...``;
    one update a clock. Overflow: u saturates at its maximum, x at 0; the release is never more than x.
    """

    def __init__(self, design: CoreDesign) -> None:
        self._config = design.config
        self._first = design.spec.latency - 7  # stages before the decay: 1 where it adds twice
        super().__init__(members(design.datapath_ports()))

    def elaborate(self, _platform: object) -> Fragment:
        """Build the pipeline; a register called ``<name>_<k>`` ends stage ``k``. Names here leave out the stage ``z`` before."""
        m = Module()
        c, z = self._config, self._first
        stored, fraction = c.stored_bits, c.fraction_bits
        spike = delay(m, "spike", self.in_pre_spike, z)
        u = delay(m, "u", self.state_u, z)
        x = delay(m, "x", self.state_x, z)

        # What relaxing takes from the distance to rest; stage z + 1: the difference.
        u_distance = wire(m, "u_distance", self.state_u - c.u_rest) if c.u_rest else self.state_u
        u_part = self._part(m, "u_part", u_distance, c.facilitation_shift, "facilitation")
        x_part = self._part(m, "x_part", ~self.state_x, c.recovery_shift, "recovery")
        u_1 = register(m, f"u_{z + 1}", cut(m, "u_decayed", u - u_part, 0, unsigned(stored)))
        x_1 = register(m, f"x_{z + 1}", cut(m, "x_recovered", x + x_part, 0, unsigned(stored)))

        # Stages z + 2 and z + 3: U + (1 - U) u in 256ths, by the low and by the high bits of U.
        used_2 = register(m, f"used_{z + 2}", self._means(m, u_1, u_1, range(4)))
        u_2 = register(m, f"u_{z + 2}", u_1)
        used_3 = register(m, f"used_{z + 3}", self._means(m, used_2, u_2, range(4, _U_SE_BITS)))
        u_3 = register(m, f"u_{z + 3}", u_2)

        # Stage z + 4: u as the release sees it; only rounding makes it reach 1, where it stays just below.
        if c.rounding == "floor":
            raised = cut(m, "raised", apart(used_3), _U_SE_BITS, unsigned(stored))
            full = Const(0, stored)
        else:
            noisy = used_3 + self._noise(m, "use", _U_SE_BITS, z + 3)
            raised = cut(m, "raised", noisy, _U_SE_BITS, unsigned(stored + 1))
            full = raised[stored].replicate(stored)
        u_raised = wire(m, "u_raised", raised[:stored] | full)
        spike_3 = delay(m, "spike", spike, z + 3, first=z + 1)
        u_4 = register(m, f"u_{z + 4}", wire(m, "u_next", Mux(spike_3, u_raised, u_3)))
        x_4 = delay(m, "x", x_1, z + 4, first=z + 2)

        # Stages z + 5 and z + 6: u (x + 1), rounded. The noise joins the second u while the multiplier works.
        u_whole, x_whole = u_4[fraction:], x_4[fraction:]
        product_5 = register(m, f"product_{z + 5}", wire(m, "product", u_whole * x_whole))
        offset_5 = register(m, f"offset_{z + 5}", wire(m, "offset", self._offset(m, u_whole, z + 4)))
        rounded = cut(m, "release_rounded", product_5 + offset_5, c.bits, unsigned(c.bits))
        spike_5 = delay(m, "spike", spike_3, z + 5, first=z + 4)
        release_6 = register(m, f"release_{z + 6}", wire(m, "release_gated", Mux(spike_5, rounded, 0)))
        x_6 = delay(m, "x", x_4, z + 6, first=z + 5)

        # Stage z + 7: the resources pay for the release, and no more than they have.
        difference = wire(m, "difference", x_6[fraction:] - release_6)
        short = wire(m, "short", apart(difference[-1]))
        x_left = Mux(short, 0, difference[: c.bits])
        m.d.sync += self.next_x.eq(Cat(x_6[:fraction], x_left))
        m.d.sync += self.out_release.eq(Mux(short, x_6[fraction:], release_6))
        m.d.sync += self.next_u.eq(delay(m, "u", u_4, z + 6, first=z + 5))
        return EnableInserter(self.enable)(m)

    def _part(self, m: Module, name: str, distance: Value, shift: int, noise: str) -> Value:
        """Return the ``2**-shift`` part of a distance, rounded, as stage 1 sees it."""
        rounding = self._config.decay_rounding
        if rounding != "floor":
            half = Const(1 << (shift - 1), shift)
            distance = distance + (getattr(self, f"noise_{noise}_noise") if rounding == "stochastic" else half)
        signed = distance.shape().signed
        beyond = [distance[-1] if signed else Const(0, 1)] * (shift + 1 - len(distance))
        distance = apart(Cat(distance, *beyond))  # the part keeps a name of its own, even where it is always 0
        part = cut(m, name, distance, shift, Shape(len(distance) - shift, signed))
        return delay(m, name, part, self._first)

    def _means(self, m: Module, used: Value, u: Value, places: range) -> Value:
        """Return for every bit of U in ``places``, lowest first, the mean of ``used`` and of 1 or ``u``, a bit wider each time.

        The mean with 1 sets the bit above; below the lowest bit of U the mean of u and u is u.
        """
        for place in places:
            if self._config.u_se >> place & 1:
                mean = Cat(used, Const(1, 1))
            elif self._config.u_se & ((1 << place) - 1) == 0:
                mean = Cat(Const(0, 1), used)
            else:
                mean = Cat(used[:place], used[place:] + u)
            used = wire(m, f"mean_{place}", apart(mean))
        return used

    def _noise(self, m: Module, name: str, bits: int, clocks: int) -> Value:
        """Return what rounds a product that is floored then."""
        if self._config.rounding == "stochastic":
            return delay(m, f"{name}_noise", getattr(self, f"noise_{name}_noise"), clocks)
        return Const(1 << (bits - 1), bits)

    def _offset(self, m: Module, u: Value, clocks: int) -> Value:
        """Return ``u`` plus the noise of the release; adding one half only moves the top bit up."""
        match self._config.rounding:
            case "floor":
                return apart(Cat(u, Const(0, 1)))
            case "nearest":
                return apart(Cat(u[:-1], ~u[-1], u[-1]))
            case _:
                return u + self._noise(m, "release", self._config.bits, clocks)


def faults(design: CoreDesign) -> list[Fault]:
    """Return the bugs that ``sc-hw selftest`` plants in the datapath, or why one cannot show in this configuration."""
    c = design.config
    stored, bits, low, z = c.stored_bits, c.bits, c.fraction_bits, design.spec.latency - 7

    slow = "the shift leaves nothing of that distance"
    full = c.facilitation_shift > stored
    return [
        fault("facilitation lost", "a spike no longer raises u", "u_raised", "u", u=f"u_{z + 3}"),
        fault("u does not relax", "u keeps what spikes gave it", "u_part", "0", slow if c.facilitation_shift >= stored else ""),
        fault("no recovery", "used resources do not come back", "x_part", "0", slow if c.recovery_shift >= stored else ""),
        fault("rest forgotten", "u relaxes to 0 instead of U", "u_distance", "u", "" if c.u_rest else "it is 0", u="state_u"),
        fault("u wraps", "a full u turns to 0", "u_raised", "(&value) ? 0 : value", "" if full else "u relaxes too fast"),
        fault(
            "product one bit short",
            "a product of one half or more loses its top bit",
            "product",
            f"value[{2 * bits - 2}:0]",
            "u cannot stay that high" if c.facilitation_shift == 1 else "",
        ),
        fault(
            "one unit of resources lost",
            "the release is u x of the stored x, which is one unit less",
            "offset",
            f"value - u[{stored - 1}:{low}]",
            u=f"u_{z + 4}",
        ),
        fault("release without spike", "a silent neuron releases", "release_gated", "rounded", rounded="release_rounded"),
        fault("resources not spent", "x is not lowered by the release", "difference", f"x[{stored - 1}:{low}]", x=f"x_{z + 6}"),
        fault(
            "resources wrap",
            "a release rounded above what is left makes x full",
            "short",
            "1'b0",
            "" if full and c.rounding != "floor" and c.recovery_shift >= 3 else "a release never exceeds what is left",
        ),
    ]
