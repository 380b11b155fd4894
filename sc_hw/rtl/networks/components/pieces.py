"""What the blocks of a network share in Amaranth: registers that move together, counters, a memory by its place."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, Mux, Signal, Value

from ...arithmetic import apart, cut
from ..block import NetworkBlock

__all__ = ["carried", "count", "extended", "free", "memory", "pick", "priority"]


def free(bits: Any, name: str) -> Signal:
    """Return a register called ``name`` that a reset leaves alone."""
    return Signal(bits, name=name, reset_less=True)


def carried(m: Module, enable: Value, name: str, value: Value, first: int, last: int, *, reset: bool = False) -> list[Signal]:
    """Return registers ``<name>_<first>`` to ``<name>_<last>``, through which ``value`` moves while ``enable`` is high.

    A register called ``x_k`` ends clock k. With ``reset`` a reset clears them.
    """
    stages = []
    for k in range(first, last + 1):
        stage = Signal(value.shape(), name=f"{name}_{k}", reset_less=not reset)
        with m.If(enable):
            m.d.sync += stage.eq(value)
        stages.append(stage)
        value = stage
    return stages


def count(m: Module, counter: Signal, moves: Value, last: Value) -> None:
    """Count in a register ``x_reg`` when it ``moves``, from 0 to where ``last`` says that it ends; the sum is ``next_x``."""
    after = cut(m, f"next_{counter.name.removesuffix('_reg')}", counter + 1, 0, counter.shape())
    with m.If(moves):
        m.d.sync += counter.eq(Mux(last, 0, after))


def extended(value: Value, bits: int) -> Value:
    """Return a value in more bits, by its sign where it has one, behind a gate that changes nothing: see ``apart``."""
    high = value[-1] if value.shape().signed else Const(0, 1)
    wide = Cat(value, high.replicate(bits - len(value)))
    return apart(wide.as_signed() if value.shape().signed else wide)


def pick(m: Module, result: Signal, number: Value, values: Sequence[Value]) -> None:
    """Drive ``result`` with the value of that number; of a number beyond them, with the first."""
    with m.Switch(number):
        for k, value in enumerate(values[1:], 1):
            with m.Case(k):
                m.d.comb += result.eq(value)
        with m.Default():
            m.d.comb += result.eq(values[0])


def priority(choices: Sequence[tuple[Value, Value]]) -> Value:
    """Return the value of the first condition that holds, of the last one where none does."""
    *others, (_, result) = choices
    for condition, value in reversed(others):
        result = Mux(condition, value, result)
    return result


def memory(
    m: Module,
    block: NetworkBlock,
    place: str,
    *,
    read: tuple[Value, Value, Value],
    write: tuple[Value, Value, Value],
) -> None:
    """Put the memory of a block in its place; ``read`` and ``write`` are enable, address and data."""
    instance = block.instances()[place]
    pins = {f"p_{name}": value for name, value in instance.parameters.items()}
    for way, mark, signals in (("read", "o", read), ("write", "i", write)):
        enable, address, data = signals
        pins |= {f"i_{way}_enable": enable, f"i_{way}_address": address, f"{mark}_{way}_data": data}
    m.submodules[place] = Instance(instance.module, i_clk=ClockSignal(), **pins)
