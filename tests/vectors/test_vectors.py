"""``sc-hw vectors``: what it writes plays in simulators that are not ours, finds bugs, and is refused where it cannot be."""

import json
import os
import re
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest

from sc_hw.manifest import load_core
from sc_hw.toolchain import VERILATED_MAKE, verilator
from sc_hw.vectors.play import played
from sc_hw.vectors.topologies import TOPOLOGIES
from sc_hw_models.core import CoreModel

from ..daily import check

CORES = {
    "core": ["--synapses", "9", "--lanes", "2"],
    "queued": ["--synapses", "9", "--lanes", "2", "--results", "queue"],
    "layer": ["--rule", "three_factor", "--presynaptic", "stp", "--neurons", "6", "--synapses", "24", "--lanes", "2"],
    "crossbar": ["--pre", "5", "--post", "6", "--lanes", "2"],
    "addressed": ["--pre", "5", "--post", "4", "--lanes", "2", "--spikes", "addresses", "--generator", "amaranth"],
    "stateless": ["--rule", "three_factor", "--pre", "4", "--post", "4", "--set", "rounding=nearest"],
}
ICARUS = shutil.which("iverilog")


@pytest.fixture
def written(sc_hw, tmp_path):
    """Emit a core and write its vectors; return the folder of these."""

    def write(*options, steps=30, **settings):
        assert sc_hw("emit", *options, "-o", tmp_path / "core")[0] == 0
        more = [word for key, value in settings.items() for word in (f"--{key}", value)]
        status, out, err = sc_hw("vectors", tmp_path / "core", "-o", tmp_path / "v", "--steps", steps, *more)
        assert status == 0, err
        assert f"{steps} timesteps" in out
        return tmp_path / "v"

    return write


def with_icarus(folder, *defines):
    build = [str(ICARUS), "-g2012", *defines, "-s", "testbench", "-o", "testbench.vvp", "-f", "filelist.f"]
    built = subprocess.run(build, cwd=folder, capture_output=True, text=True, check=False)
    assert (built.returncode, built.stderr) == (0, "")
    done = subprocess.run(["vvp", "testbench.vvp"], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout


def with_verilator(folder):
    tool = verilator().require()
    environment = os.environ | {"PATH": f"{Path(tool.path).parent}{os.pathsep}{os.environ['PATH']}"}
    build = [
        tool.path,
        "--binary",
        "--timing",
        "-Wno-fatal",
        "--top-module",
        "testbench",
        "-f",
        "filelist.f",
        "-CFLAGS",
        "-O0 -std=c++20",  # the wheel does not say what its timing needs of GCC, nor where Python is
        "-MAKEFLAGS",
        " ".join(VERILATED_MAKE),
    ]
    built = subprocess.run(build, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert built.returncode == 0, built.stderr
    done = subprocess.run(["obj_dir/Vtestbench"], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout


@pytest.mark.skipif(not ICARUS, reason="no iverilog on PATH")
@pytest.mark.parametrize("name", CORES)
def test_icarus_agrees_with_the_golden_model(written, name):
    folder = written(*CORES[name])
    for defines in ((), ("-DFLOW",)):
        status, out = with_icarus(folder, *defines)
        assert status == 0, out
        assert re.search(r"^result: \d+ beats equal$", out, re.MULTILINE)
        assert re.search(r"^PASS sc_core: \d+ clocks$", out, re.MULTILINE)


@check("Icarus plays them and tells bugs in every run")
@pytest.mark.parametrize("name", CORES)
def test_verilator_agrees_with_the_golden_model_and_a_bug_does_not_pass(written, name):
    folder = written(*CORES[name], steps=12)
    status, out = with_verilator(folder)
    assert status == 0, out
    assert re.search(r"^PASS sc_core: \d+ clocks$", out, re.MULTILINE)
    track = folder / "result.hex"
    lines = track.read_text().splitlines()
    lines[-1] = f"{int(lines[-1], 16) ^ 2:0{len(lines[-1])}x}"  # an item of the last beat, above ``last``
    track.write_text("\n".join(lines) + "\n")
    done = subprocess.run(["obj_dir/Vtestbench"], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert f"result beat {len(lines) - 1}: expected {lines[-1]}, found" in done.stdout


@check("a part of a crossbar is a core with one input more")
def test_a_part_that_takes_commands_with_others_is_played_alone(sc_hw, written, tmp_path):
    written(*CORES["crossbar"])
    assert sc_hw("vectors", tmp_path / "core" / "post", "-o", tmp_path / "part", "--steps", 8)[0] == 0
    status, out = with_verilator(tmp_path / "part")
    assert status == 0, out
    assert re.search(r"^PASS sc_core_post: \d+ clocks$", out, re.MULTILINE)


# A bug in the Verilog and what the testbench says of it.
BUGS = {
    "a wrong sum": ("sc_core_datapath.v", r"weight_sum_(\d+) <= ", r"weight_sum_\1 <= 1 + ", r"result beat \d+: expected"),
    "one beat more": ("sc_core.v", r"(assign result_last = )", r"\1 1'b0 & ", r"result beat \d+: expected"),
    "no events": ("sc_core.v", r"assign event_ready = ", "assign event_ready = 1'b0 & ", r"event: 0 beats of \d+"),
    "a word of the host lost": (
        "sc_core.v",
        r"wire host_store = ",
        "wire host_store = host_address[0] & ",
        r"result beat 0: expected",
    ),
}


@pytest.mark.skipif(not ICARUS, reason="no iverilog on PATH")
@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_is_told(written, bug):
    folder = written(*CORES["core"])
    file, pattern, text, said = BUGS[bug]
    path = folder / "rtl" / file
    edited, count = re.subn(pattern, text, path.read_text())
    assert count
    path.write_text(edited)
    status, out = with_icarus(folder)
    assert status != 0
    assert re.search(said, out), out
    assert "FAIL sc_core" in out


def test_what_it_writes(written):
    folder = written(*CORES["layer"], seed=3)
    record = json.loads((folder / "vectors.json").read_text())
    assert (record["steps"], record["seed"], record["schema"]) == (30, 3, "sc-hw/vectors/1")
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        *record["sha256"],
        "vectors.json",
    }
    for name, count in record["beats"].items():
        lines = (folder / f"{name}.hex").read_text().splitlines()
        assert len(lines) == count
        assert len({len(line) for line in lines}) == 1
    assert record["beats"]["result"] == 30 * 12
    assert (folder / "filelist.f").read_text().splitlines()[-1] == "testbench.v"


def test_the_same_request_gives_the_same_bytes(sc_hw, written, tmp_path):
    folder = written(*CORES["core"])
    assert sc_hw("vectors", tmp_path / "core", "-o", tmp_path / "again", "--steps", 30)[0] == 0
    for path in folder.rglob("*.*"):
        if path.name != "vectors.json":  # says the command, which has the folder in it
            assert path.read_bytes() == (tmp_path / "again" / path.relative_to(folder)).read_bytes(), path


def test_the_first_results_are_those_of_the_model(written, tmp_path):
    """Whatever the testbench does: its beats are the golden model's values, read here without the code that packs them."""
    written(*CORES["core"])
    design = load_core(tmp_path / "core").design
    script = played(design, 4, 5)
    model = CoreModel(design.rule, design.config, synapses=9, lanes=2)
    host = script.tracks["host"].beats[:9]  # write, lane, address, data from the lowest bit
    state = {f.name: [0] * 9 for f in design.spec.state}
    positions = design.spec.positions()
    for beat in host:
        word, synapse = beat >> 2 + design.address_bits, (beat >> 2 & (1 << design.address_bits) - 1) * 2 + (beat >> 1 & 1)
        for f in design.spec.state:
            value = word >> positions[f.name] & (1 << f.bits) - 1
            state[f.name][synapse] = value - (value >> f.bits - 1 << f.bits if f.signed else 0)
    import numpy as np

    model.load({name: np.array(values) for name, values in state.items()})
    events, commands = script.tracks["event"].beats, script.tracks["command"].beats
    assert [beat & 1 for beat in commands] == [1, 0, 0, 0, 0]
    for t in range(4):
        beats = events[t * 5 : t * 5 + 5]
        assert [beat & 1 for beat in beats] == [0, 0, 0, 0, 1]  # marked as the last
        pre = [beat >> 1 + lane & 1 for beat in beats for lane in (0, 1)][:9]
        post = [beat >> 3 + lane & 1 for beat in beats for lane in (0, 1)][:9]
        reward = commands[1 + t] >> 1
        reward -= reward >> 7 << 8
        weight = model.step({"pre_spike": np.array(pre), "post_spike": np.array(post), "reward": reward})["weight"]
        found = [beat >> 1 + 16 * lane & 0xFFFF for beat in script.tracks["result"].beats[t * 5 : t * 5 + 5] for lane in (0, 1)][
            :9
        ]
        assert found == weight.tolist()


@check("builds a simulator that traces; what it draws is what the others compare")
def test_the_timing_diagrams_in_the_documentation_are_of_today():
    docs = Path(__file__).parents[2] / "docs"
    for name, text in runpy.run_path(str(docs / "timing.py"))["diagrams"]().items():
        assert (docs / "images" / name).read_text(encoding="utf-8") == text, "run python docs/timing.py"


def test_every_topology_has_its_beats():
    from sc_hw.rtl.topologies import TOPOLOGIES as DESIGNS

    assert TOPOLOGIES.keys() == DESIGNS.keys()


def test_bad_input(sc_hw, written, tmp_path):
    folder = written(*CORES["core"])
    core = tmp_path / "core"
    for options, said in (
        ([core, "-o", folder], "exists"),
        ([core, "-o", core, "--force"], "vectors.json"),
        ([tmp_path, "-o", tmp_path / "w"], "manifest.json"),
        (
            [core, "-o", tmp_path / "w", "--steps", 10**6],
            "--steps 1000000: makes 5,000,027 beats; allowed are 2,000,000, 399994 timesteps",
        ),
    ):
        status, out, err = sc_hw("vectors", *options)
        assert (status, out, len(err.splitlines())) == (2, "", 1), (options, err)
        assert said in err
    (folder / "mine.txt").write_text("kept")
    status, _, err = sc_hw("vectors", core, "-o", folder, "--force")
    assert status == 2
    assert "holds mine.txt" in err
    (folder / "mine.txt").unlink()
    (folder / "testbench.vvp").write_text("")
    assert sc_hw("vectors", core, "-o", folder, "--force")[0] == 0
    assert not (tmp_path / "w").exists()
