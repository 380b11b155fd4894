"""Emitted Verilog is read by people: every file of every preset and topology, by either generator."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import GENERATORS, core_files
from sc_hw.rtl.layer import LayerDesign
from sc_hw.rtl.text import finished
from sc_hw_models.registry import RULES, get_rule

from ..daily import crossed
from ..parity.configurations import CONFIGURATIONS
from .reading import doubles, looks, misnumbered


def core(rule="r_stdp", config=None, **options):
    chosen = get_rule(rule)
    return CoreDesign(name="sc_core", rule=chosen, config=config or chosen.config_type(), **({"synapses": 100} | options))


def layer(rule, **options):
    front = get_rule("stp")
    before = CoreDesign(name="sc_core_neurons", rule=front, config=front.config_type(), synapses=6, **options)
    return LayerDesign(**vars(core(rule, synapses=24, **options)), presynaptic=before)


def crossbar(rule="r_stdp", **options):
    chosen = get_rule(rule)
    config = chosen.config_type(**options.pop("config", {}))
    return CrossbarDesign.made("sc_core", chosen, config, **({"pre": 5, "post": 6, "lanes": 2} | options))


PRESETS = {f"{rule} {name}": core(rule, preset.config) for rule in RULES for name, preset in get_rule(rule).presets.items()}
HELPERS = ["saturate"]  # of any topology: each has weights that are clamped in one way
NOISY = {"rounding": "stochastic", "decay_rounding": "stochastic"}
TOPOLOGIES = {
    "lanes": core(lanes=3, config=get_rule("r_stdp").config_type(**NOISY)),
    "queue": core(lanes=9, synapses=40, queued=True, config=get_rule("r_stdp").config_type(**NOISY)),
    "one": core(synapses=1),
    "initial": core(lanes=2, synapses=300, initial={"weight": np.arange(300)}),
    "layer": layer("three_factor"),
    "layer of lanes": layer("three_factor", lanes=2),
    "crossbar": crossbar(),
    "crossbar of noise": crossbar(config=NOISY, lanes=1),
    "crossbar of addresses": crossbar(pre=4, post=8, lanes=4, addressed=True),
    "crossbar without neurons' state": crossbar("three_factor", lanes=1),
    "crossbar of one": crossbar(pre=1, post=1, lanes=1),
}


def found(design, generator):
    """Return what a reader stumbles over in the files of a design."""
    files = {path: text for path, text in core_files(design, generator).items() if path.endswith(".v")}
    result = [line for path, text in files.items() for line in looks(path.rpartition("/")[2], text)] + list(doubles(files))
    for place, part in [("", design), *((f"{place}/", part) for place, (_, part) in design.parts.items())]:
        for kind in ("", "_whole"):
            path = f"{place}{part.name}{kind}_datapath.v"
            if path in files and "whole (" not in files[path]:
                result += misnumbered(path, files[path], part.spec.latency)
    return result


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_reads_well(name):
    for generator in GENERATORS if "default" in name else GENERATORS[:1]:
        assert found(PRESETS[name], generator) == []


@pytest.mark.parametrize(("name", "generator"), crossed(TOPOLOGIES, GENERATORS, "the other generator's text"))
def test_every_topology_reads_well(name, generator):
    assert found(TOPOLOGIES[name], generator) == []


def counts(design, files):
    """Return what is written in Verilog, by part: ports with a meaning, highest register of a datapath; and helpers in all."""
    result = {"helpers": [path[:-2].rpartition("_")[2] for path in files if path.endswith(("_saturate.v", "_leading_one.v"))]}
    for place, part in [("", design), *((f"{place}/", part) for place, (_, part) in design.parts.items())]:
        result[place] = re.findall(r"^  (?:input|output) .*?(\w+),? +// \S", files[f"{place}{part.name}.v"], re.MULTILINE)
        datapath = next((files[name] for kind in ("_whole", "") if (name := f"{place}{part.name}{kind}_datapath.v") in files), "")
        result[place, "clocks"] = max(map(int, re.findall(r"^ *reg [^;]*_(\d+);", datapath, re.MULTILINE)), default=0)
    return result


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_what_is_written_is_counted(name):
    """As many ports with a meaning as the design has, registers up to its last clock, and one module that saturates."""
    design, files = TOPOLOGIES[name], core_files(TOPOLOGIES[name], "verilog")
    wanted = {"helpers": HELPERS}
    for place, part in [("", design), *((f"{place}/", part) for place, (_, part) in design.parts.items())]:
        wanted[place] = [port.name for port in part.ports()]
        wanted[place, "clocks"] = part.spec.latency if place or not design.parts else 0
    assert counts(design, files) == wanted
    top = files[f"{design.name}.v"]
    for wrong in (
        top.replace("// clock, rising edge", "", 1),
        top.replace("  input ", "  input  wire more,  // more\n  input ", 1),
    ):
        assert counts(design, files | {f"{design.name}.v": wrong}) != wanted
    assert counts(design, files | {"again/sc_core_again_saturate.v": ""}) != wanted


def test_every_configuration_of_the_regression_reads_well():
    for number, c in enumerate(CONFIGURATIONS):
        config = get_rule(c.rule).config_type(**c.settings)
        design = core(c.rule, config, synapses=c.synapses, lanes=c.lanes, queued=c.queued)
        assert found(design, "verilog") == [], number


@pytest.fixture(scope="module")
def good():
    return core_files(core(), "verilog")


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("sc_core.v", "  output wire              idle ", "  output wire              idle \n //"),
        ("sc_core.v", "// clock, rising edge", ""),
        ("sc_core.v", "command_accept = command_valid & command_ready", "command_accept = ~(~command_valid) & command_ready"),
        ("sc_core.v", ".enable(enable)", ".enable({1{enable}})"),
        ("sc_core.v", "reg [2:0] state_reg;", "reg [2:0] state_reg;" + " " * 100 + "// so far"),
        ("sc_core.v", "reg clearing_reg;", "reg [0:0] clearing_reg;"),
        ("sc_core.v", "\n  // ---- Sweep", "\n\n  // ---- Sweep"),
        ("sc_core.v", "\n  // ---- Sweep", "\n  // assign idle = 1'b1;\n  // ---- Sweep"),
        ("sc_core.v", "  reg [2:0] state_reg;\n", "  reg [2:0] state_reg; \n"),
    ],
)
def test_what_reads_badly_is_found(good, file, right, wrong):
    assert list(looks(file, good[file])) == []
    text = good[file].replace(right, wrong, 1)
    assert text != good[file]
    assert list(looks(file, text)), wrong


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("difference_2", "difference_3"),
        ("eligibility_2 <= eligibility_1", "eligibility_2 <= eligibility_decayed"),
        ("value(eligibility_sum_3)", "value(difference_2)"),
        ("weight_3 <= weight_2", "weight_3 <= weight_1"),
        ("wire signed [P-1:0] product = reward_wide", "wire signed [P-1:0] product = reward_3"),
    ],
)
def test_a_number_that_counts_no_clocks_is_found(good, right, wrong):
    text = good["sc_core_datapath.v"]
    assert list(misnumbered("datapath", text, 7)) == []
    assert right in text
    assert list(misnumbered("datapath", text.replace(right, wrong), 7))


def test_a_helper_twice_is_found():
    helper = "module a_saturate (x);\nendmodule\n"
    files = {"one/a_saturate.v": helper, "two/b_saturate.v": helper.replace("a_sat", "b_sat")}
    assert list(doubles(files)) == ["two/b_saturate.v is one/a_saturate.v again"]


def test_a_wide_line_goes_on_where_it_may():
    """Breaks never fall inside a comment's word or in the middle of a name, and the text stays the same without them."""
    long = "  assign " + "x" * 30 + " = {" + ", ".join(f"name_{k}" for k in range(30)) + "};"
    note = "  // " + "word " * 40
    port = SimpleNamespace(text="  input  wire [3:0] value,  // " + "meaning " * 20)
    for text in (long, note.rstrip(), port.text.rstrip(), f"{long}  // a remark"):
        lines = finished(text).splitlines()
        assert max(map(len, lines)) <= 120
        assert len(lines) > 1
    assert finished(long).split() == long.split()
