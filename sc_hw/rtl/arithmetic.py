"""Hardware arithmetic: the small pieces that lanes, engines and datapaths are made of.

A piece that takes the module ``m`` adds its logic there and gives its result a name, so that waveforms,
proofs and fault injection find it. Nothing wraps: sums are exact until ``cut`` drops bits, and the
bits it drops end in a signal ``unused_<name>_...``, which says to readers and linters that this is meant.
Registers have no reset: valid bits elsewhere tell which contents count.
"""

from collections.abc import Iterable

from amaranth.hdl import Cat, Const, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from .port import Port

__all__ = [
    "apart",
    "asr",
    "cut",
    "decay",
    "delay",
    "floor_part",
    "leading_one",
    "magnitude",
    "members",
    "register",
    "rounded_part",
    "saturate",
    "small",
    "toward_zero",
    "unused",
    "wire",
]


def members(ports: Iterable[Port]) -> dict[str, wiring.Member]:
    """Return the signature of a component for the ports of its module; ``clk`` and ``rst`` are its clock domain."""
    return {
        port.name: (In if port.direction == "input" else Out)(Shape(port.bits, port.signed))
        for port in ports
        if port.name not in ("clk", "rst")
    }


def wire(m: Module, name: str, value: Value) -> Signal:
    """Return ``value`` as a signal called ``name``."""
    result = Signal(value.shape(), name=name)
    m.d.comb += result.eq(value)
    return result


def register(m: Module, name: str, value: Value) -> Signal:
    """Return ``value`` one clock later as a register called ``name``."""
    result = Signal(value.shape(), name=name, reset_less=True)
    m.d.sync += result.eq(value)
    return result


def delay(m: Module, name: str, value: Value, last: int, *, first: int = 1) -> Value:
    """Return ``value``, which stage ``first`` begins with, at the end of stage ``last``; ``<name>_<k>`` ends stage ``k``.

    Stages are clocks; with ``last`` one less than ``first`` the value stays what it is.
    """
    for k in range(first, last + 1):
        value = register(m, f"{name}_{k}", value)
    return value


def apart(value: Value) -> Value:
    """Return ``value`` behind a gate that changes nothing, so that a name given to it is not merged with another."""
    result = value.as_unsigned() | Const(0, len(value))
    return result.as_signed() if value.shape().signed else result


def unused(m: Module, name: str, bits: int) -> Signal:
    """Return a signal for an output that nothing reads, which ends in ``unused_<name>``."""
    result = Signal(bits, name="")
    wire(m, f"unused_{name}", result)
    return result


def cut(m: Module, name: str, value: Value, low: int, shape: Shape) -> Signal:
    """Return the bits of ``value`` from bit ``low`` on as a signal called ``name`` of the given shape.

    Where ``value`` is shorter it is extended by its sign; the bits below and above are dropped.
    """
    result = Signal(shape, name=name)
    parts = [result]
    if low:
        parts.insert(0, Signal(low, name=f"unused_{name}_below"))
    if len(value) > low + shape.width:
        parts.append(Signal(len(value) - low - shape.width, name=f"unused_{name}_above"))
    m.d.comb += Cat(parts).eq(value)
    return result


def asr(value: Value, shift: int) -> Value:
    """Return ``floor(value / 2**shift)`` in the width of ``value``."""
    return value >> shift if shift else value


def floor_part(m: Module, name: str, value: Value, shift: int) -> Value:
    """Return ``floor(value / 2**shift)`` of a signed value called ``name``, ``shift`` bits shorter but for its sign."""
    result = value.shift_right(shift)
    if len(value) > len(result):
        wire(m, f"unused_{name}_below", value[: len(value) - len(result)])
    return result


def toward_zero(m: Module, name: str, value: Value, shift: int) -> Signal:
    """Return signed ``value / 2**shift`` rounded toward zero, ``shift`` bits shorter (0 < shift < width)."""
    return cut(m, name, value + value[-1].replicate(shift), shift, signed(len(value) - shift))


def decay(m: Module, name: str, value: Value, shift: int) -> Signal:
    """Return ``value`` less its ``2**-shift`` part, the part rounded toward zero; same shape, exact.

    Magnitudes below ``2**shift`` do not decay; ``shift`` 0 stands for no decay. One subtractor for either sign.
    """
    shape = value.shape()
    if shift == 0:
        return wire(m, name, apart(value))
    if not shape.signed:
        return cut(m, name, value - asr(value, shift), 0, shape)
    # Of a negative value the floor takes one too much where bits were lost; a place below the units borrows it back.
    inexact = value[-1] & value[:shift].any()
    minuend, subtrahend = Cat(Const(0, 1), value), Cat(inexact, asr(value, shift))
    return cut(m, name, minuend.as_signed() - subtrahend.as_signed(), 1, shape)


def magnitude(m: Module, name: str, value: Value) -> Signal:
    """Return the absolute value of a signed value, unsigned in the same width, which holds that of the lowest as well."""
    negative = value[-1]
    return cut(m, name, (value.as_unsigned() ^ negative.replicate(len(value))) + negative, 0, unsigned(len(value)))


def leading_one(m: Module, name: str, value: Value) -> Value:
    """Return the position of the highest one of an unsigned value (two bits at least), 0 for none: one level a result bit."""
    part, bits = value, list[Signal]()
    for level in reversed(range((len(value) - 1).bit_length())):
        upper = wire(m, f"{name}_upper_{level}", part[1 << level :].any())
        bits.insert(0, upper)
        if level:
            part = wire(m, f"{name}_part_{level}", Mux(upper, part[1 << level :], part[: 1 << level]))
    wire(m, f"unused_{name}_rest", part[0])  # no one and a one at 0 give the same
    return Cat(bits)


def rounded_part(m: Module, name: str, value: Value, shift: int, noise: Value) -> Signal:
    """Return the ``2**-shift`` part of ``value``, ``noise`` added to its magnitude before the floor; same shape, exact.

    ``shift`` > 0 is also the width of ``noise``.
    """
    shape = value.shape()
    if shape.signed:
        # The complement mirrors the rounding below zero: -floor((n - v) / 2^s) = floor((v + ~n) / 2^s).
        noise = noise ^ value[-1].replicate(shift)
    return cut(m, name, asr(value + noise, shift), 0, shape)


def small(value: Value, exponent: int) -> Value:
    """Return whether the magnitude of ``value`` is below ``2**exponent``."""
    if exponent >= len(value):
        return Const(1)
    high = value[exponent:]
    if not value.shape().signed or exponent == 0:
        return ~high.any()
    return ~high.any() | (high.all() & value[:exponent].any())


def saturate(value: Value, shape: Shape) -> Value:
    """Return signed ``value`` clipped to the range of the narrower ``shape``."""
    magnitude = shape.width - shape.signed
    negative, above = value[-1], value[magnitude:]
    fits = above.all() | ~above.any() if shape.signed else ~above.any()
    limit = Cat(~negative.replicate(magnitude), negative.replicate(shape.width - magnitude))
    clipped = Mux(fits, value[: shape.width], limit)
    return clipped.as_signed() if shape.signed else clipped
