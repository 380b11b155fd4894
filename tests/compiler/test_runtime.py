"""Settings at run time in hardware: emitted, simulated while they change, proven for all their values, refused where built in."""

import json
import re

import pytest

from sc_hw.compiler.rule import Timing, compiled
from sc_hw.manifest import load_core
from sc_hw.proof.prove import prove
from sc_hw.proof.solver import find_solver
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import emit
from sc_hw.rtl.generators import GENERATORS
from sc_hw.rule.new import new_rule
from sc_hw.sim.simulate import simulate
from sc_hw_models.registry import get_rule

from ..daily import check, few

# What is set while it runs: shifts, a decay, an amount; what goes with each rule so that no noise has its width.
CORES = {
    "three_factor": (["learning_shift"], {"rounding": "nearest"}),
    "r_stdp": (["trace_decay_shift", "depression_shift", "learning_shift"], {"rounding": "floor"}),
}


def core_of(rule, generator, folder):
    names, settings = CORES[rule]
    made = compiled(get_rule(rule, names), Timing())
    design = CoreDesign(name=f"dut_{rule}", rule=made, config=made.config_type(**settings), synapses=5)
    return load_core(emit(design, generator, folder / f"{rule}_{generator}"))


def test_it_is_a_port_of_the_command_with_its_range(tmp_path):
    core = core_of("three_factor", "verilog", tmp_path)
    text = core.verilog["dut_three_factor.v"].decode()
    port = next(line for line in text.splitlines() if "command_learning_shift" in line)
    assert re.search(
        r"input  wire \[4:0\]\s+command_learning_shift,\s+// setting learning_shift of this timestep, kept within 0..30", port
    )
    assert core.manifest["datapath"]["runtime"] == ["learning_shift"]


@check("it is proven for all values, of a port that is there, in every run")
@pytest.mark.parametrize("generator", GENERATORS)
def test_it_may_change_in_every_timestep(tmp_path, generator):
    cores = [core_of(rule, generator, tmp_path) for rule in CORES]
    result = simulate(cores, steps=80, seed=1, output=tmp_path / "sim")
    assert result.passed, [record["mismatch"] for record in result.cores if record["mismatch"]]


PROVEN = [(rule, generator) for rule in CORES for generator in GENERATORS]


@pytest.mark.parametrize(("rule", "generator"), few(PROVEN, [("three_factor", "verilog")], "another rule, the other generator"))
def test_it_is_proven_for_all_values_and_a_constant_in_its_place_is_refuted(tmp_path, rule, generator):
    core = core_of(rule, generator, tmp_path)
    solvers = [find_solver("yices"), find_solver("bitwuzla")]
    found = prove(core, solvers, parts=["datapath"], covers=False, timeout=300)
    assert found.verdict == "proven", [o for o in found.obligations if o.verdict != "proven"]
    if generator == "verilog":
        path = core.folder / f"{core.design.name}_datapath.v"
        text = path.read_text()
        assert text.count(" : in_learning_shift;") == 1
        path.write_text(text.replace(" : in_learning_shift;", " : 5'd8;"))
        found = prove(load_core(core.folder), solvers, parts=["datapath"], covers=False, timeout=300)
        assert found.verdict == "refuted"


def test_a_folder_that_leaves_it_out_is_refused(tmp_path, sc_hw):
    core = core_of("three_factor", "verilog", tmp_path)
    manifest = core.folder / "manifest.json"
    said = json.loads(manifest.read_text())
    for runtime in ([], ["weight_bits"], ["nothing"], ["learning_shift", "learning_shift"]):
        manifest.write_text(json.dumps(said | {"datapath": said["datapath"] | {"runtime": runtime}}))
        status, out, err = sc_hw("files", core.folder)
        assert (status, out) == (2, ""), runtime
        assert len(err.splitlines()) == 1, err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rule", "r_stdp", "--runtime", "learning_shift"], "--runtime learning_shift: the datapath by hand has it built in"),
        (
            ["--rule", "three_factor", "--datapath", "compiled", "--runtime", "learning_shift"],
            "decides how wide weight_noise of noise is",
        ),
        (
            ["--rule", "stp", "--datapath", "compiled", "--runtime", "speed"],
            "is no setting of rule stp with a range; allowed are",
        ),
    ],
)
def test_what_cannot_be_set_while_it_runs_is_bad_input(sc_hw, tmp_path, options, said):
    status, out, err = sc_hw("emit", *options, "--synapses", 4, "-o", tmp_path / "core")
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert said in err
    assert not (tmp_path / "core").exists()


def test_in_a_layer_it_is_of_the_synapses(sc_hw, tmp_path):
    """What stands in front of them has none of it; the whole and both parts are read back."""
    options = ["--rule", "three_factor", "--datapath", "compiled", "--set", "rounding=floor", "--runtime", "learning_shift"]
    status, _, err = sc_hw("emit", *options, "--presynaptic", "stp", "--neurons", 4, "--synapses", 8, "-o", tmp_path / "layer")
    assert status == 0, err
    status, _, err = sc_hw("files", tmp_path / "layer")
    assert status == 0, err
    core = load_core(tmp_path / "layer")
    assert [part.design.rule.runtime for part in core.parts] == [(), ("learning_shift",)]
    assert "command_learning_shift" in [port.name for port in core.design.ports()]
    assert "neuron_command_learning_shift" not in [port.name for port in core.design.ports()]


def test_a_rules_file_marks_it(sc_hw, tmp_path):
    path = tmp_path / "mine.py"
    new_rule("mine", path, force=False)
    text = path.read_text()
    marked = text.replace("    RANGES: ", '    RUNTIME = ("gain_shift", "depression")\n    RANGES: ', 1)
    assert marked != text
    path.write_text(marked)
    status, out, _ = sc_hw("rule", "check", path)
    assert status == 0, out
    status, out, err = sc_hw("emit", "--rule", path, "--synapses", 4, "-o", tmp_path / "core")
    assert status == 0, err
    assert json.loads((tmp_path / "core/manifest.json").read_text())["datapath"]["runtime"] == ["gain_shift", "depression"]
    assert sc_hw("files", tmp_path / "core", "--rule", path)[0] == 0


def test_a_rules_file_that_branches_on_it_is_told_the_line(sc_hw, tmp_path):
    path = tmp_path / "mine.py"
    new_rule("mine", path, force=False)
    text = path.read_text().replace("    RANGES: ", '    RUNTIME = ("depression",)\n    RANGES: ', 1)
    text = text.replace(
        "    depression = select(pre, config.depression, 0)", "    depression = 1 if config.depression else select(pre, 2, 0)"
    )
    path.write_text(text)
    line = next(number for number, each in enumerate(text.splitlines(), 1) if "1 if config.depression" in each)
    for verb in (("rule", "check", path), ("emit", "--rule", path, "--synapses", 4, "-o", tmp_path / "core")):
        status, out, err = sc_hw(*verb)
        assert status == 2
        assert f"{path}:{line}: a step must not branch on a value; it uses select instead of if" in out + err
