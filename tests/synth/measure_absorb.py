"""The clock of the README's core with and without the registers of hard blocks: ``python -m tests.synth.measure_absorb``."""

import json
import statistics
import tempfile
from pathlib import Path

from sc_hw.absorb.command import absorb_netlist
from sc_hw.manifest import load_core
from sc_hw.pnr.nextpnr import place_and_route
from sc_hw.pnr.place import load_placeable
from sc_hw.pnr.wrapper import CORE_CLOCK, wrapper_text
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw.rtl.generators import DEFAULT_GENERATOR
from sc_hw.synth.synthesise import map_wrapped
from sc_hw.toolchain import nextpnr
from sc_hw_models.registry import get_rule

SEEDS = range(1, 6)


def main() -> None:
    """Map once, place each netlist from five seeds, print clocks in MHz: of the core alone, its ports on registers."""
    rule = get_rule("r_stdp")
    design = CoreDesign(name="sc_core", rule=rule, config=rule.presets["default"].config, synapses=1024)
    target, device = load_placeable("ecp5-25k")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        core = load_core(emit(design, DEFAULT_GENERATOR, folder / "core"))
        text = wrapper_text("sc_core_pnr", "sc_core", design.ports())
        _, whole = map_wrapped(core.verilog, "sc_core", target, wrapper="sc_core_pnr", text=text)
        for title in ("as Yosys leaves it", "after sc-hw absorb"):
            (folder / "netlist.json").write_text(json.dumps(whole))
            runs = [place_and_route(nextpnr(device.tool).path, device, folder, "netlist.json", seed) for seed in SEEDS]
            clocks = [c["achieved"] for run in runs for clock, c in run.report["fmax"].items() if CORE_CLOCK in clock]
            print(f"{title}: median {statistics.median_low(clocks):.1f}, {min(clocks):.1f} to {max(clocks):.1f} MHz", flush=True)
            absorb_netlist(whole)


if __name__ == "__main__":
    main()
