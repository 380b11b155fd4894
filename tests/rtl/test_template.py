"""The instantiation template of every emitted folder: copied into a module it compiles, and nothing depends on it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import sc_hw as api
from sc_hw.rtl.template import TEMPLATE
from sc_hw.toolchain import verilator
from tests.daily import few

ICARUS = shutil.which("iverilog")
FOLDERS = {
    "core": {"synapses": 5, "lanes": 2},
    "amaranth": {"synapses": 5, "generator": "amaranth"},
    "layer": {"rule": "three_factor", "presynaptic": "stp", "neurons": 4, "synapses": 8},
    "crossbar": {"pre": 3, "post": 4, "spikes": "addresses"},
    "network": {"network": Path(__file__).parents[2] / "examples/networks/digits.toml"},
}


def tried(core, tmp_path, template):
    """Compile a top that holds a template and return what Verilator and, where it is, Icarus say."""
    top = tmp_path / "top.v"
    drive = "".join(
        re.sub(r"^wire", "input wire", line.split(";")[0]) + ",\n" for line in template.splitlines() if "// input:" in line
    )
    body = "\n".join(line for line in template.splitlines() if "// input:" not in line)
    top.write_text(f"`timescale 1ns / 1ps\nmodule top (\n{drive.rstrip().rstrip(',')}\n);\n{body}\nendmodule\n")
    sources = [str(top), *map(str, core.files())]
    lint = [
        verilator().require().path,
        "--lint-only",
        "-Wall",
        "-Wno-fatal",
        "-Wno-UNUSEDSIGNAL",
        "-Wno-DECLFILENAME",
        "--top-module",
        "top",
    ]
    said = [subprocess.run([*lint, *sources], capture_output=True, text=True, check=False)]
    if ICARUS:
        build = [ICARUS, "-g2012", "-Wall", "-s", "top", "-o", str(tmp_path / "top.vvp"), *sources]
        said.append(subprocess.run(build, capture_output=True, text=True, check=False))
    return said


@pytest.mark.parametrize("name", few(FOLDERS, ["core", "crossbar"], "the other topologies"))
def test_the_template_compiles_and_has_every_port(tmp_path, name):
    core = api.emit(**FOLDERS[name], output=tmp_path / "core")
    template = (core.folder / TEMPLATE).read_text()
    for said in tried(core, tmp_path, template):
        assert said.returncode == 0, said.stderr
        assert "top.v" not in said.stderr
    ports = core.manifest["ports"]
    assert re.findall(r"^  \.(\w+) +\((\w+)\)", template, re.MULTILINE) == [(port["name"],) * 2 for port in ports]
    assert all(f"// {port['direction']}: {port['meaning']}" in template for port in ports)
    assert TEMPLATE in core.manifest["sha256"]
    # A port that lacks, and one too narrow, are seen.
    narrow = next(port for port in ports if port["bits"] > 2 and port["direction"] == "output")
    lacking = re.sub(r"^  \.idle .*\n", "", template, flags=re.MULTILINE)
    thin = re.sub(rf"\[{narrow['bits'] - 1}:0\] +{narrow['name']};", f"[0:0] {narrow['name']};", template)
    for wrong in (lacking, thin):
        assert wrong != template
        assert "top.v" in tried(core, tmp_path, wrong)[0].stderr


@pytest.mark.parametrize("name", ["core", "crossbar", "network"])
def test_the_template_is_the_users_to_change(tmp_path, name):
    core = api.emit(**FOLDERS[name], output=tmp_path / "core")
    before = core._read()
    (core.folder / TEMPLATE).write_text("mine")
    after = core._read()
    assert (after.digest, after.edited) == (before.digest, ())
    (core.folder / TEMPLATE).unlink()
    assert core._read().digest == before.digest
    api.emit(**FOLDERS[name], output=tmp_path / "core", force=True)
