"""Spikes and results as AXI4-Stream, by cocotbext's sources and sinks with random pauses; all else through the bus."""

import json
import os
from pathlib import Path

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles

from sc_hw.bus.folder import load_bus
from sc_hw.driver.beats import planned
from sc_hw.manifest import load_core

from .bench import Registers
from .designs import random_inputs
from .masters import pauses


def packed(stream, beat):
    """Return the data of a beat without its last, and that."""
    if stream.gives and stream.items[0].name == "last":
        return beat >> 1, beat & 1
    return beat, 0


@cocotb.test()
async def streams(dut):
    from cocotbext.axi import AxiStreamBus, AxiStreamFrame, AxiStreamSink, AxiStreamSource

    plan = json.loads(Path(os.environ["SC_HW_BUS_PLAN"]).read_text())
    outcome = {"failure": "", "accesses": 0, "beats": 0}
    try:
        core = load_core(Path(plan["folder"]))
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
            inputs = random_inputs(core.design, 1, bench.generator)
            beats, command = planned(core.design, around.layout, {name: values[0] for name, values in inputs.items()})
            wanted = bench.golden.run(inputs)
            for stream in around.layout.ports:
                if not stream.gives:
                    await ends[stream.name].send(AxiStreamFrame(beats[stream.name]))
            for tray in around.layout.inlets:
                if tray.name.endswith("command"):
                    await bench.send(tray, command)
            for stream in around.layout.ports:
                if stream.gives:
                    frame = await ends[stream.name].recv(compact=False)
                    pairs = [packed(stream, beat & care) for beat, care in zip(*wanted[stream.name], strict=True)]
                    cares = [packed(stream, care)[0] for care in wanted[stream.name][1]]
                    found = [int(data) & care for data, care in zip(frame.tdata, cares, strict=True)]
                    assert found == [data for data, _ in pairs], f"{stream.name}: {found}, expected {pairs}"
                    outcome["beats"] += len(found)
            bench.timesteps += 1
            bench.events |= 1
            await bench.settled()
            await bench.happened()
            await bench.load()
            await bench.refused()
            await bench.look()
        await bench.expect("timesteps", bench.timesteps)
        for prefix, (own, _) in bench.parts.items():
            for unit in range(own.synapses):
                await bench.look(prefix, unit)
        assert all(end.empty() for end in ends.values())
        outcome["accesses"] = bench.accesses
        assert np.all(outcome["beats"] > 0)
    except Exception as error:
        outcome["failure"] = f"{type(error).__name__}: {error}"
    Path(plan["outcome"]).write_text(json.dumps(outcome))
