"""Masters of the three buses, with random pauses on every channel: those of cocotbext where it has one."""

import itertools
import random

from cocotb.triggers import ReadOnly, RisingEdge

__all__ = ["MASTERS"]


def pauses(seed, most=0.6):
    """Yield for ever whether a channel pauses in a clock: some stretches with none, some with many."""
    drawn = random.Random(seed)
    while True:
        share = drawn.choice((0.0, 0.2, most))
        yield from (drawn.random() < share for _ in range(drawn.randrange(1, 50)))


def runs(strobe):
    """Yield the runs of bytes that a strobe names: first byte and how many."""
    for wanted, group in itertools.groupby(range(4), lambda k: strobe >> k & 1):
        listed = list(group)
        if wanted:
            yield listed[0], len(listed)


class AxiLite:
    """cocotbext-axi's, which asks for a run of bytes at a time."""

    contiguous = True

    def __init__(self, dut, seed):
        from cocotbext.axi import AxiLiteBus, AxiLiteMaster

        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(dut, "s_axi"), dut.clk, dut.rst)
        write, read = self.master.write_if, self.master.read_if
        channels = (write.aw_channel, write.w_channel, write.b_channel, read.ar_channel, read.r_channel)
        for k, channel in enumerate(channels):
            channel.set_pause_generator(pauses(seed + k))

    async def write(self, address, data, strobe):
        ((first, count),) = runs(strobe)
        answer = await self.master.write(address + first, data.to_bytes(4, "little")[first : first + count])
        return answer.resp != 0

    async def read(self, address):
        answer = await self.master.read(address, 4)
        return answer.resp != 0, int.from_bytes(answer.data, "little")


class Wishbone:
    """cocotbext-wishbone's."""

    contiguous = False

    def __init__(self, dut, seed):
        from cocotbext.wishbone.driver import WBOp, WishboneMaster

        names = {"cyc": "cyc_i", "stb": "stb_i", "we": "we_i", "adr": "adr_i", "datwr": "dat_i", "datrd": "dat_o"}
        names |= {"ack": "ack_o", "err": "err_o", "sel": "sel_i"}
        self.master = WishboneMaster(dut, "wb", dut.clk, width=32, timeout=1000, signals_dict=names)
        self.operation, self.drawn = WBOp, random.Random(seed)

    async def _access(self, **what):
        (answer,) = await self.master.send_cycle([self.operation(idle=self.drawn.choice((0, 0, 1, 3)), **what)])
        assert answer.ack in (1, 2)
        return answer.ack == 2, answer.datrd

    async def write(self, address, data, strobe):
        return (await self._access(adr=address, dat=data, sel=strobe))[0]

    async def read(self, address):
        wrong, data = await self._access(adr=address)
        return wrong, int(data)


class Apb:
    """Ours: the library for it knows no cocotb 2."""

    contiguous = False

    def __init__(self, dut, seed):
        self.dut, self.drawn = dut, random.Random(seed)
        dut.psel.value = dut.penable.value = 0

    async def _access(self, write, address, data, strobe):
        dut = self.dut
        for _ in range(self.drawn.choice((0, 0, 1, 3))):
            await RisingEdge(dut.clk)
        dut.psel.value, dut.pwrite.value, dut.paddr.value = 1, write, address
        dut.pwdata.value, dut.pstrb.value, dut.pprot.value = data, strobe, self.drawn.randrange(8)
        await RisingEdge(dut.clk)
        dut.penable.value = 1
        for _ in range(1000):
            await ReadOnly()
            ready, wrong, found = int(dut.pready.value), int(dut.pslverr.value), int(dut.prdata.value)
            await RisingEdge(dut.clk)
            if ready:
                break
        else:
            raise AssertionError("no answer")
        dut.psel.value = dut.penable.value = 0
        return bool(wrong), found

    async def write(self, address, data, strobe):
        return (await self._access(1, address, data, strobe))[0]

    async def read(self, address):
        return await self._access(0, address, 0, 0)


MASTERS = {"axi-lite": AxiLite, "wishbone": Wishbone, "apb": Apb}
