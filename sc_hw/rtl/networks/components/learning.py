"""The lanes of a projection that learns, in Amaranth, and the signals that they get."""

from collections.abc import Mapping

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Module, ResetSignal, Signal, Value

from ...arithmetic import apart, unused, wire
from ..projection import ProjectionBlock
from .pieces import carried, count, extended, free, memory, pick

__all__ = ["build_learning"]


def build_learning(
    m: Module,
    block: ProjectionBlock,
    signal: Mapping[str, Signal],
    *,
    enable: Value,
    told: Value,
    word: Value,
    operands: tuple[Value, Value],
    accept: Value,
    task: Value,
    learned: Signal,
) -> None:
    """Keep the signals of a sample, each slowed as it says, word by word; give each lane its synapse and drive ``learned``.

    ``signal`` are the ports of its stream by item, ``told`` is when one is taken, ``word`` the number of the word at the end of
    clock 2. ``operands`` are the word of synapses and the activity at the end of clock 4, where ``accept`` says that the word is
    one of a sweep and ``task`` that it is one of the sweep that ends a task.
    """
    core, bits = block.core, block.shifted_bits
    if core is None:
        raise ValueError(f"{block.name} does not learn")
    wide = wire(m, "signal_wide", extended(signal["value"], bits))
    slow = wire(m, "slow", apart(signal["slower"]))
    shifted = Signal(bits, name="shifted")
    pick(m, shifted, slow, [Cat(Const(0, block.octaves - k), wide[: bits - block.octaves + k]) for k in range(block.octaves + 1)])
    taken = wire(m, "signal_taken", told & ~signal["skip"])
    gathered: Value = shifted
    ends: Value = Const(1)
    if block.lanes > 1:
        lane, before = Signal(block.lane_bits, name="gather_lane_reg"), free((block.lanes - 1) * bits, "gathered_reg")
        ends = wire(m, "gather_last", lane == block.lanes - 1)
        gathered = wire(m, "gathered", apart(Cat(before, shifted)))
        count(m, lane, taken, ends)
        with m.If(taken):
            m.d.sync += before.eq(gathered[bits:])
    place = Signal(block.word_bits, name="gather_word_reg")
    count(m, place, taken & ends, place == block.words - 1)
    keep = wire(m, "keep", apart(taken & ends))
    read = Signal(block.lanes * bits, name="signals_3")
    memory(m, block, "signals", read=(enable, word, read), write=(keep, place, gathered))
    (signals,) = carried(m, enable, "signals", read, 4, 4)

    ending = wire(m, "end_of_task", apart(task)) if block.consolidates else Const(0)
    synapses, activity = operands
    for k in range(block.lanes):
        own = slice(k * block.synapse_bits, (k + 1) * block.synapse_bits)
        pins = {
            "i_clk": ClockSignal(),
            "i_enable": enable,
            "i_word_in": synapses[own],
            "i_in_activity": activity,
            "i_in_signal": signals[k * bits : (k + 1) * bits],
            "o_out_weight": unused(m, f"weight_{k}", block.weight_bits),
            "o_word_out": learned[own],
        }
        if core.spec.lfsr:
            seed = Const(block.seeds[k], core.spec.lfsr.bits)
            pins |= {"i_restart": ResetSignal(), "i_accept": enable & accept, "i_seed": seed}
        if block.consolidates:
            pins["i_in_consolidate"] = ending
        m.submodules[f"lane_{k}"] = Instance(f"{core.name}_lane", **pins)
