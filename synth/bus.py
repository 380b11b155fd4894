"""What a bus costs: LUT and flip-flops beside the same core without it, and clocks of a timestep through it beside a sweep's."""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np

from sc_hw import __version__
from sc_hw.bus.buses import BUSES
from sc_hw.bus.folder import STREAMS, Behind, bus_files, load_bus
from sc_hw.driver import Driver
from sc_hw.driver.simulation import Simulation
from sc_hw.manifest import Core, load_core
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw.synth.synthesise import map_sources
from sc_hw.targets import load_target
from sc_hw_models.defaults import DEFAULT_RULE
from sc_hw_models.registry import get_rule

TARGETS = ("ecp5-25k", "ice40-hx8k")
SIZES = (64, 256, 1024)
STEPS = (4, 12)  # timesteps whose clocks are compared: what they differ by is of timesteps alone


def made(folder: Path, synapses: int, bus: str, streams: str) -> tuple[Core, Behind]:
    """Emit the default core of so many synapses behind a bus."""
    rule = get_rule(DEFAULT_RULE)
    design = CoreDesign(name="sc_core", rule=rule, config=rule.config_type(), synapses=synapses)
    around = lambda files: bus_files(design, files, BUSES[bus], streams)  # noqa: E731
    core = load_core(emit(design, "verilog", folder, force=True, around=around))
    return core, load_bus(core)


def costs(folder: Path) -> list[str]:
    """Return a row for each bus and way of the streams: what there is more than in the core alone."""
    rows, alone = [], {}
    for streams in STREAMS:
        for bus in BUSES:
            core, around = made(folder, 1024, bus, streams)
            cells = []
            for name in TARGETS:
                target = load_target(name)
                if name not in alone:
                    alone[name] = target.count(map_sources(core.verilog, core.design.name, target).cells)
                whole = target.count(map_sources({**around.verilog, **core.verilog}, around.top, target).cells)
                cells += [f"{whole[kind] - alone[name][kind]}" for kind in ("lut", "ff")]
            rows.append(f"| {bus} | {streams} | {' | '.join(cells)} |")
            print(rows[-1], flush=True)
    return rows


def clocks(folder: Path) -> list[str]:
    """Return a row for each bus and size: clocks of a timestep from the driver's ``learn``, and beside a sweep's."""
    rows = []
    for bus in BUSES:
        cells = []
        for synapses in SIZES:
            core, around = made(folder, synapses, bus, STREAMS[0])
            with Simulation(core, around) as simulation:
                driver, generator, spent = Driver(core, simulation), np.random.default_rng(1), []
                driver.clear()
                for steps in STEPS:
                    begin = simulation.clocks
                    shapes = {f: (steps, units) if units else steps for f, units in core.design.inputs().items()}
                    driver.learn({f.name: generator.integers(f.minimum, f.maximum + 1, shape) for f, shape in shapes.items()})
                    spent.append(simulation.clocks - begin)
            own = (spent[1] - spent[0]) / (STEPS[1] - STEPS[0])
            cells += [f"{own:.0f}", f"{own / core.design.timestep_clocks:.2f}"]
        rows.append(f"| {bus} | {' | '.join(cells)} |")
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    """Measure, print each row as it comes, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path)
    output = parser.parse_args().output
    with tempfile.TemporaryDirectory() as place:
        cost, clock = costs(Path(place) / "core"), clocks(Path(place) / "core")
    if output:
        text = [
            "# What a bus costs\n",
            f"Measured with sc-hw {__version__}, the default core of `{DEFAULT_RULE}`, one lane, generator verilog, by\n",
            f"    {' '.join(['python synth/bus.py', *sys.argv[1:]])}\n",
            "LUT and flip-flops of the core of 1,024 synapses behind a bus, less those of the core alone, after mapping.\n",
            f"| bus | spikes and results | {' | '.join(f'{name} LUT | FF' for name in TARGETS)} |",
            f"|---|---|{'---:|' * 2 * len(TARGETS)}",
            *cost,
            "\nClocks of a timestep through the registers, from a master that does its best (`Driver.learn` in simulation), and",
            "how many times a sweep's clocks that is. Through AXI4-Stream a timestep takes a sweep's clocks.\n",
            f"| bus | {' | '.join(f'{size} synapses | x' for size in SIZES)} |",
            f"|---|{'---:|' * 2 * len(SIZES)}",
            *clock,
        ]
        output.write_text("\n".join([*text, ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
