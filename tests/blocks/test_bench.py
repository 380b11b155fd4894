"""The benches around a block and around a whole design, as text: what they are made of has the pins that they connect."""

import re
from pathlib import Path

import pytest

import sc_hw_sim
from sc_hw.blocks import bench
from sc_hw.blocks.place import placed
from sc_hw.sim.simulator import bench_text

from ..daily import few

MARKED = {"rule": "three_factor", "rounding": "nearest"}
DESIGNS = {
    "fan_out": ("crossbar", {**MARKED, "post": 8, "lanes": 4}),
    "row_filter": ("crossbar", MARKED),
    "result_queue": ("core", {"queued": True}),
    "event_kept": ("layer", {}),
}
STREAMS = (Path(sc_hw_sim.__file__).parent / "streams.sv").read_text()
PORTS = {
    text.split()[0]: set(re.findall(r"^  (?:in|out)put .*?(\w+)(?:,.*)?$", text, re.MULTILINE))
    for text in STREAMS.split("\nmodule ")[1:]
}


@pytest.mark.parametrize("place", few(DESIGNS, 1, "what has marks connects the most; the benches of the others are built"))
def test_every_pin_is_one_that_there_is(make_core, make_layer, make_crossbar, place):
    """Beats that are marked have a module in the bench that others have not; Verilator alone would tell, in a build of it."""
    kind, settings = DESIGNS[place]
    core = {"core": make_core, "layer": make_layer, "crossbar": make_crossbar}[kind](**settings)
    block = placed(core, place).block
    for text, streams in ((bench.bench_text(block), block.streams), (bench_text([core.design]), core.design.streams)):
        used = re.findall(r"^  (sc_hw_\w+) (?:#[^\n]*)?\w+ \((.*?)\);$", text, re.MULTILINE | re.DOTALL)
        for module, pins in used:
            left = PORTS[module] ^ set(re.findall(r"\.([a-z]\w*)\(", pins))
            assert left <= {"steady"}, module  # only of what is withdrawn
        assert sum(module == "sc_hw_marks" for module, _ in used) == sum(stream.checked for stream in streams)
