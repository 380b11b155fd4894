"""Spikes and results as AXI4-Stream, by cocotbext's sources and sinks with random pauses; all else through the bus."""

import json
import os
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles

from sc_hw.bus.folder import load_bus
from sc_hw.network_folder import load_emitted

from .bench import Registers, parted
from .masters import pauses


@cocotb.test()
async def streams(dut):
    from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

    plan = json.loads(Path(os.environ["SC_HW_BUS_PLAN"]).read_text())
    outcome = {"failure": "", "accesses": 0, "beats": 0}
    try:
        core = load_emitted(Path(plan["folder"]))
        around = load_bus(core)
        cocotb.start_soon(Clock(dut.clk, 2, unit="step").start())
        dut.rst.value = 1
        bench = Registers(dut, core, around, plan["seed"])
        ends = {}
        for k, stream in enumerate(around.layout.ports):
            prefix = f"{'m' if stream.gives else 's'}_axis_{stream.name}"
            kind = AxiStreamSink if stream.gives else AxiStreamSource
            ends[stream.name] = kind(AxiStreamBus.from_prefix(dut, prefix), dut.clk, dut.rst, byte_lanes=1)
            ends[stream.name].set_pause_generator(pauses(plan["seed"] + 100 + k))
        await ClockCycles(dut.clk, 5)
        dut.rst.value = 0
        await ClockCycles(dut.clk, 2)
        await bench.clear()
        for _ in range(plan["accesses"]):
            beats, command, wanted = bench.golden.play(around.layout, bench.generator)
            for stream in around.layout.ports:
                if not stream.gives:
                    await ends[stream.name].send(AxiStreamFrame([parted(stream, beat)[0] for beat in beats[stream.name]]))
            for tray in around.layout.inlets:
                if tray.name.endswith("command"):
                    await bench.send(tray, command)
            for stream in around.layout.ports:
                if stream.gives:
                    frame = await ends[stream.name].recv(compact=False)
                    cares = [parted(stream, care)[0] for care in wanted[stream.name][1]]
                    wished = [parted(stream, beat)[0] & care for beat, care in zip(wanted[stream.name][0], cares, strict=True)]
                    found = [int(data) & care for data, care in zip(frame.tdata, cares, strict=True)]
                    assert found == wished, f"{stream.name}: {found}, expected {wished}"
                    outcome["beats"] += len(found)
            bench.ended += 1
            bench.events |= 1
            await bench.settled()
            await bench.happened()
            await bench.load()
            await bench.refused()
            await bench.look()
        await bench.expect(around.layout.counter, bench.ended)
        await bench.look_at_all()
        assert all(end.empty() for end in ends.values())
        outcome["accesses"] = bench.accesses
        assert np.all(outcome["beats"] > 0)
    except Exception as error:
        outcome["failure"] = f"{type(error).__name__}: {error}"
    Path(plan["outcome"]).write_text(json.dumps(outcome))
