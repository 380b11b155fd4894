"""Memories of a block that are no single memory, in Amaranth: a few bits in registers, and two memories side by side."""

from amaranth.hdl import Cat, ClockSignal, Instance, Module, Mux, Signal, Value
from amaranth.lib import wiring

from sc_hw_models.rule import index_bits

from ...arithmetic import apart, members, wire
from ...instances import memory_instance
from ...verilog import memory_ports
from .pieces import free, pick

__all__ = ["DividedMemory", "RegisterMemory"]


class RegisterMemory(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """A memory that is so small that it is kept in registers.

    Parameters: ``words`` and their ``bits``. Ports: ``memory_ports(words, bits)``. Reset: none. Latency: ``read_data`` follows
    ``read_address`` by one clock and holds while ``read_enable`` is low; what is written meanwhile is seen in the next clock.
    """

    def __init__(self, words: int, bits: int) -> None:
        self._words, self._bits = words, bits
        super().__init__(members(memory_ports(words, bits)))

    def elaborate(self, _platform: object) -> Module:
        """Build the words and the register of what is read."""
        m = Module()
        words = [free(self._bits, f"word_{k}") for k in range(self._words)]
        for k, word in enumerate(words):
            with m.If(self.write_enable & (self.write_address == k) if self._words > 1 else self.write_enable):
                m.d.sync += word.eq(self.write_data)
        chosen: Value = words[0]
        if self._words > 1:
            chosen = Signal(self._bits, name="chosen")
            pick(m, chosen, self.read_address, words)
        else:
            wire(m, "unused_addresses", Cat(self.read_address, self.write_address))
        read = free(self._bits, "read_reg")
        with m.If(self.read_enable):
            m.d.sync += read.eq(chosen)
        m.d.comb += self.read_data.eq(apart(read))
        return m


class DividedMemory(wiring.Component):  # type: ignore[misc] # amaranth ships no types
    """A memory of two: the words that fill whole blocks of a device, and those that are left, ``MODULE_blocks`` and ``_rest``.

    Parameters: ``module``, the name of the whole, ``words``, their ``bits``, and how many are ``whole``. Ports:
    ``memory_ports(words, bits)``. Reset: none. Latency: one clock, as of a memory.
    """

    def __init__(self, module: str, words: int, bits: int, whole: int) -> None:
        self._module, self._words, self._bits, self._whole = module, words, bits, whole
        super().__init__(members(memory_ports(words, bits)))

    def elaborate(self, _platform: object) -> Module:
        """Build both, and which of them was read."""
        m, rest = Module(), free(1, "rest_reg")
        read_rest = wire(m, "read_rest", self.read_address >= self._whole)
        write_rest = wire(m, "write_rest", self.write_address >= self._whole)
        with m.If(self.read_enable):
            m.d.sync += rest.eq(read_rest)
        data = {part: Signal(self._bits, name=f"{part}_data") for part in ("blocks", "rest")}
        sizes = {"blocks": (self._whole, ~read_rest, ~write_rest), "rest": (self._words - self._whole, read_rest, write_rest)}
        for part, (words, reads, writes) in sizes.items():
            instance = memory_instance(f"{self._module}_{part}", self._bits, words, self._bits)
            bits = index_bits(words)
            m.submodules[part] = Instance(
                instance.module,
                **{f"p_{name}": value for name, value in instance.parameters.items()},
                i_clk=ClockSignal(),
                i_read_enable=self.read_enable & reads,
                i_read_address=self.read_address[:bits],
                o_read_data=data[part],
                i_write_enable=self.write_enable & writes,
                i_write_address=self.write_address[:bits],
                i_write_data=self.write_data,
            )
        m.d.comb += self.read_data.eq(Mux(rest, data["rest"], data["blocks"]))
        return m
