"""Random accesses from a master that is not ours, and what each must answer: the golden model behind a model of the registers.

cocotb runs it. ``SC_HW_BUS_PLAN`` names a file with the emitted folder, the number of accesses, a seed, where the outcome goes.
"""

import json
import os
import random
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles

from sc_hw.bus.folder import load_bus
from sc_hw.driver.beats import carried
from sc_hw.network_folder import load_emitted
from sc_hw.registers.layout import LAST, packing

from .designs import golden
from .masters import MASTERS

PATIENCE = 600  # looks at status until something must have moved


def parted(stream, beat):
    """Return a beat without its last, and whether it is the last; where none says so, each is."""
    data, shift, last = 0, 0, 1
    for item, low in packing(stream.items):
        value = beat >> low & (1 << item.bits) - 1
        if item.name == LAST:
            last = value
        else:
            data |= value << shift
            shift += item.bits
    return data, last


class Registers:
    """What the registers hold, and accesses that are compared with it."""

    def __init__(self, dut, core, around, seed):
        self.dut, self.design, self.layout = dut, core.design, around.layout
        self.map = around.layout.map
        self.master = MASTERS[around.bus.name](dut, seed)
        self.drawn, self.generator = random.Random(seed), np.random.default_rng(seed)
        self.golden, self.parts = golden(core.design), core.design.banks
        self.held = {register.name: None for register in self.map}  # unknown until it is written
        self.enable, self.control, self.events, self.ended = 0, 0, 0, 0
        self.accesses = 0
        self.counts = {}
        self.trays = {tray.name: tray for tray in around.layout.trays}

    # ---- Accesses ----

    async def write(self, register, value, *, index=0, strobe=15, wrong=False, late=False):
        address = register if isinstance(register, int) else register.address + 4 * index
        self.accesses += 1
        found = await self.master.write(address, value, strobe)
        assert found == (wrong or late), f"write {register} {value:#x} strobe {strobe}: error {found}, expected {wrong or late}"
        self.events |= 2 * wrong | 4 * late

    async def read(self, register, *, index=0, wrong=False, late=False):
        address = register if isinstance(register, int) else register.address + 4 * index
        self.accesses += 1
        found, value = await self.master.read(address)
        assert found == (wrong or late), f"read {register}: error {found}, expected {wrong or late}"
        assert not found or value == 0, f"read {register}: {value:#x} with an error"
        self.events |= 2 * wrong | 4 * late
        return value

    async def expect(self, name, value, *, index=0):
        found = await self.read(self.map[name], index=index)
        assert found == value, f"{name}[{index}] holds {found:#x}, expected {value:#x}"

    def strobe(self):
        """Return the bytes of a write: any that the master can ask for."""
        if self.master.contiguous:
            first = self.drawn.randrange(4)
            return (1 << self.drawn.randrange(first + 1, 5)) - (1 << first)
        return self.drawn.randrange(1, 16)

    async def hold(self, register, value):
        """Write a register of a stream in pieces, in random order, with other bits where the strobe is 0."""
        mask = sum(f.mask for f in register.fields)
        left = 15
        while left:
            strobe = self.strobe()
            bits = sum(0xFF << 8 * k for k in range(4) if strobe >> k & 1)
            final = self.drawn.random() < 0.5
            data = value if final else self.drawn.getrandbits(32)
            await self.write(register, data & bits | self.drawn.getrandbits(32) & ~bits, strobe=strobe)
            left = left & ~strobe if final else left | strobe
        assert mask

    async def room(self, name):
        """Look at status until a stream has room, or a beat."""
        field = next(f for f in self.map["status"].fields if f.name == name)
        for _ in range(PATIENCE):
            if await self.read(self.map["status"]) & field.mask:
                return
        raise AssertionError(f"{name} did not move")

    async def settled(self):
        names = ["idle", *(tray.name for tray in self.layout.inlets)]
        wanted = sum(f.mask for f in self.map["status"].fields if f.name in names)
        for _ in range(PATIENCE):
            if await self.read(self.map["status"]) & wanted == wanted:
                return
        raise AssertionError("it is not idle")

    async def send(self, tray, items):
        """Send a beat of a stream of control."""
        await self.room(tray.name)
        first, *others = tray.stream.items
        registers = iter(tray.registers)
        for item in others:
            value = int(items[item.name]) & (1 << item.bits) - 1
            for _ in range(-(-item.bits // 32)):
                await self.hold(next(registers), value & 0xFFFFFFFF)
                value >>= 32
        await self.write(tray.mover, int(items[first.name]) | self.drawn.getrandbits(31) << first.bits & 0xFFFFFFFF)

    async def take(self, tray):
        await self.room(tray.name)
        words = [await self.read(register) for register in tray.registers]
        return sum(word << 32 * k for k, word in enumerate(words)) & (1 << tray.bits) - 1

    # ---- What is done ----

    async def identity(self):
        for k, byte in enumerate(self.layout.identity):
            await self.expect("identity", byte, index=k)

    async def settings(self):
        value, strobe = self.drawn.getrandbits(32) & ~1, self.strobe()
        name = self.drawn.choice(("enable", "control"))
        known = sum(f.mask for f in self.map[name].fields) & ~(1 if name == "control" else 0)
        value &= ~2 if name == "control" else 0xFFFFFFFF  # results are looked at, so they are not dropped
        await self.write(self.map[name], value, strobe=strobe)
        if strobe & 1:
            setattr(self, name, value & known)
        await self.expect(name, getattr(self, name))

    async def happened(self):
        await self.expect("events", self.events)
        assert int(self.dut.irq.value) == bool(self.events & self.enable)
        cleared, strobe = self.drawn.randrange(8), self.strobe()
        await self.write(self.map["events"], cleared, strobe=strobe)
        self.events &= ~cleared if strobe & 1 else 7
        await self.expect("events", self.events)
        assert int(self.dut.irq.value) == bool(self.events & self.enable)

    async def refused(self):
        """What is not there, or not like this, is answered with an error and changes nothing."""
        readable = {r.address + 4 * k for r in self.map if r.readable for k in range(r.count)}
        writable = {r.address + 4 * k for r in self.map if r.writable for k in range(r.count)}
        near = self.drawn.random() < 0.7
        address = 4 * self.drawn.randrange((self.map.registers[-1].end + 64 if near else self.map.size) // 4)
        if address not in readable:
            await self.read(address, wrong=True)
        if address not in writable:
            await self.write(address, self.drawn.getrandbits(32), strobe=self.strobe(), wrong=True)
        movers = [tray.mover for tray in self.layout.inlets]
        strobe = self.strobe()
        if strobe != 15:  # what sends a beat is written whole
            mover = self.drawn.choice(movers)
            await self.write(
                mover, self.drawn.getrandbits(32), index=self.drawn.randrange(mover.count), strobe=strobe, wrong=True
            )

    async def late(self):
        """An access to a stream that does not move is refused after its wait; a reset forgets what was sent in vain."""
        await self.read(self.drawn.choice(self.drawn.choice(self.layout.outlets).registers), late=True)
        tray = self.drawn.choice([tray for tray in self.layout.inlets if tray.stream.several])
        for _ in range(300):  # what stands behind the registers may take some beats before it waits for a command
            field = next(f for f in self.map["status"].fields if f.name == tray.name)
            if not await self.read(self.map["status"]) & field.mask:
                await ClockCycles(self.dut.clk, 400)  # what is under way may make room yet
                if not await self.read(self.map["status"]) & field.mask:
                    break
            beat = self.golden.vain(tray.stream)
            beat, last = carried(tray, beat)
            word = sum(beat << k * tray.bits for k in range(max(1, tray.beats)))
            for k, register in enumerate(tray.registers):
                moved = tray.ending if last and register.moves else register
                await self.write(moved, word >> 32 * k & 0xFFFFFFFF, index=moved.count - 1)
        register = self.drawn.choice(tray.every)
        await self.write(register, self.drawn.getrandbits(32), index=self.drawn.randrange(register.count), late=True)
        await self.reset(settled=False)

    async def load(self):
        part, own = self.drawn.choice(list(self.parts.items()))
        unit, word = self.drawn.randrange(own.units), 0
        for f in own.fields:
            value = self.drawn.randint(f.minimum, f.maximum)
            self.golden.state[part][f.name][unit] = value
            word |= (value & (1 << f.bits) - 1) << own.lows[f.name]
        await self.host(own, unit, write=1, data=word)

    async def host(self, own, unit, **items):
        items = {"lane": unit % own.lanes, "address": unit // own.lanes, **own.chosen, **items}
        await self.send(self.trays[f"{own.owner}host"], items)

    async def look(self, part=None, unit=None):
        """Read a state word."""
        if part is None:
            part = self.drawn.choice(list(self.parts))
        own = self.parts[part]
        unit = self.drawn.randrange(own.units) if unit is None else unit
        await self.host(own, unit, write=0, data=self.drawn.getrandbits(own.bits))
        word = await self.take(self.trays[f"{own.owner}readback"])
        for f in own.fields:
            wanted = int(self.golden.state[part][f.name][unit]) & (1 << f.bits) - 1
            found = word >> own.lows[f.name] & (1 << f.bits) - 1
            assert found == wanted, f"{part}{f.name}[{unit}] is {found:#x}, expected {wanted:#x}"

    async def look_at_all(self):
        for part, own in self.parts.items():
            for unit in range(own.units):
                await self.look(part, unit)

    async def period(self):
        """A timestep, or a sample."""
        beats, command, wanted = self.golden.play(self.layout, self.generator)
        for tray in self.layout.inlets:
            if tray.name.endswith("command"):
                await self.send(tray, command)
        left = {name: list(found) for name, found in beats.items()}
        outlets = [tray for tray in self.layout.outlets if tray.stream.several]
        got = {tray.name: [] for tray in outlets}
        open_ = set(got)
        for _ in range(PATIENCE + 20 * sum(own.units for own in self.parts.values())):
            status = await self.read(self.map["status"])
            ready = {f.name for f in self.map["status"].fields if status & f.mask}
            sources = [name for name, waiting in left.items() if waiting and name in ready]
            sinks = [tray for tray in outlets if tray.name in ready and tray.name in open_]
            if sinks and (not sources or self.drawn.random() < 0.5):
                tray = self.drawn.choice(sinks)
                got[tray.name].append(await self.take(tray))
                if parted(tray.stream, got[tray.name][-1])[1]:
                    open_.remove(tray.name)
            elif sources:
                await self.feed(self.trays[self.drawn.choice(sources)], left)
            if not open_ and not any(left.values()):
                break
        else:
            raise AssertionError(f"it does not end: {left}, {got}")
        self.golden.compare(self.layout, got, wanted)
        self.ended = (self.ended + 1) & 0xFFFF
        self.events |= 1
        await self.settled()
        await self.expect(self.layout.counter, self.ended)

    async def feed(self, tray, left):
        waiting = left[tray.name]
        if not tray.beats:
            beat, last = carried(tray, waiting.pop(0))
            for k, register in enumerate(tray.registers):
                if register.moves:
                    await self.write(tray.ending if last else register, beat >> 32 * k & 0xFFFFFFFF)
                else:
                    await self.hold(register, beat >> 32 * k & 0xFFFFFFFF)
            return
        count = min(len(waiting), self.drawn.randrange(1, tray.beats + 1))
        beats = [carried(tray, beat) for beat in waiting[:count]]
        word = sum(beat << k * tray.bits for k, (beat, _) in enumerate(beats))
        word |= self.drawn.getrandbits(32) << count * tray.bits & 0xFFFFFFFF  # beats that are not sent
        del waiting[:count]
        await self.write(tray.ending if beats[-1][1] else tray.mover, word, index=count - 1)

    async def clear(self):
        for tray in self.layout.inlets:
            if tray.name.endswith("command"):
                await self.send(tray, {item.name: int(item is tray.stream.items[0]) for item in tray.stream.items})
        self.golden.clear()
        await self.settled()

    async def reset(self, *, settled=True):
        if settled:
            await self.settled()
        await self.write(self.map["control"], 1 | self.control)
        self.golden.reset()
        self.ended = 0
        await self.expect("control", self.control)
        await self.expect(self.layout.counter, 0)


@cocotb.test()
async def accesses(dut):
    plan = json.loads(Path(os.environ["SC_HW_BUS_PLAN"]).read_text())
    outcome = {"failure": "", "accesses": 0}
    try:
        core = load_emitted(Path(plan["folder"]))
        cocotb.start_soon(Clock(dut.clk, 2, unit="step").start())
        dut.rst.value = 1
        bench = Registers(dut, core, load_bus(core), plan["seed"])
        await ClockCycles(dut.clk, 5)
        dut.rst.value = 0
        await ClockCycles(dut.clk, 2)
        await bench.clear()
        operations = [bench.identity, bench.settings, bench.happened, bench.refused, bench.load, bench.look, bench.period]
        weights = [1, 4, 4, 8, 6, 6, 3]
        rare = (bench.clear, bench.reset, bench.late)
        for step in range(10**9):
            chosen = operations[step] if step < len(operations) else bench.drawn.choices(operations, weights)[0]
            if step > 20 and bench.drawn.random() < 0.03:
                chosen = bench.drawn.choice(rare)
            elif len(operations) <= step < len(operations) + len(rare):
                chosen = rare[step - len(operations)]
            bench.counts[chosen.__name__] = bench.counts.get(chosen.__name__, 0) + 1
            await chosen()
            if bench.accesses >= plan["accesses"]:
                break
        await bench.look_at_all()
        outcome |= {"accesses": bench.accesses, "counts": bench.counts}
    except Exception as error:
        outcome["failure"] = f"{type(error).__name__}: {error}"
    Path(plan["outcome"]).write_text(json.dumps(outcome))
