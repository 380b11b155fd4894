"""The built wheel: only sc_hw* packages, data inside, and it works from a directory outside the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.daily import check, share_compiled

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_contents(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"sc_hw", "sc_hw_models", "sc_hw_sim"}
    for needed in (
        "sc_hw/_data/rtl_templates/engine.v.j2",
        "sc_hw/_data/rtl_templates/rules/r_stdp.v.j2",
        "sc_hw/_data/synth/targets/ice40-hx8k.toml",
        "sc_hw/_data/rtl_templates/bus/registers.v.j2",
        "sc_hw/bus/proof.sv.j2",
        "sc_hw/driver/harness.cpp",
        "sc_hw/driver/c/sc_hw_driver.c",
        "sc_hw/report/page.html.j2",
        "sc_hw/report/page.css",
        "sc_hw/monitor/page.html",
        "sc_hw/monitor/draw.js",
        "sc_hw_sim/streams.cpp",
        "sc_hw_sim/streams.sv",
        "sc_hw_sim/bench.sv.j2",
    ):
        assert needed in names
    assert not [name for name in names if "conftest" in name or "/tests/" in name]
    assert any(name.endswith("licenses/LICENSE") for name in names)


@check("what the wheel holds is looked at in every run; make release tries it in empty environments")
def test_it_works_away_from_the_checkout(wheel, tmp_path):
    site = tmp_path / "site"
    options = ["--quiet", "--no-deps", "--disable-pip-version-check", "--target", str(site), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options], check=True, capture_output=True)
    # A machine may have python3 alone: nothing may call `python`.
    absent = tmp_path / "absent"
    absent.mkdir()
    (absent / "python").write_text("#!/bin/sh\nexit 127\n")
    (absent / "python").chmod(0o755)
    environment = {
        **os.environ,
        "PYTHONPATH": str(site),
        "PATH": f"{absent}{os.pathsep}{os.environ['PATH']}",
        "SC_HW_CACHE": str(tmp_path / "cache"),
    }

    share_compiled(tmp_path / "cache")

    def run(*command: str) -> str:
        done = subprocess.run([sys.executable, *command], cwd="/", env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = run("-c", "import sc_hw, sc_hw_models, sc_hw_sim; print(sc_hw.__file__, sc_hw_models.__file__, sc_hw_sim.__file__)")
    assert all(Path(path).is_relative_to(site) for path in where.split())
    for generator in ("amaranth", "verilog"):
        core = str(tmp_path / generator)
        run("-m", "sc_hw", "emit", "--synapses", "64", "--generator", generator, "-o", core)
    # The last one, whose files come from the wheel: what runs it is the same for both.
    assert "PASS" in run("-m", "sc_hw", "sim", core)
    assert "ice40-hx8k" in run("-m", "sc_hw", "synth", core, "--target", "ice40-hx8k")
    assert "PASS" in run("-m", "sc_hw", "report", core)
