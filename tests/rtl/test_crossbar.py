"""Emission of crossbars: the folder, its cores, lint, and what is refused."""

import json
import os
import subprocess

import numpy as np
import pytest

from sc_hw.manifest import load_core
from sc_hw.rtl.emit import GENERATORS, core_files
from sc_hw.toolchain import verilator

from ..daily import crossed, few


@pytest.mark.parametrize("generator", few(GENERATORS, ["verilog"], "the other generator"))
def test_the_folder(make_crossbar, generator):
    crossbar = make_crossbar(generator, pre=4, post=6, lanes=2, initial={"weight": np.arange(24)})
    pre, post, synapses = crossbar.parts
    assert [(core.design.synapses, core.design.lanes) for core in crossbar.parts] == [(4, 1), (6, 2), (24, 2)]
    assert (pre.design.spec.state_bits, post.design.spec.state_bits, synapses.design.spec.state_bits) == (12, 12, 28)
    assert synapses.design.row_words == 3
    assert crossbar.edited == ()
    assert core_files(crossbar.design, generator) == core_files(load_core(crossbar.folder).design, generator)
    ports = {port["name"]: port["bits"] for port in json.loads((crossbar.folder / "manifest.json").read_text())["ports"]}
    assert (ports["pre_event_pre_spike"], ports["post_event_post_spike"], ports["host_data"], ports["pre_host_data"]) == (
        1,
        2,
        28,
        12,
    )
    assert not [name for name in ports if name.startswith(("event_", "pre_command", "pre_result"))]


def test_a_side_without_state_has_no_core(make_crossbar):
    crossbar = make_crossbar(rule="three_factor", rounding="floor")
    assert [core.folder.name for core in crossbar.parts] == ["synapses"]


@pytest.mark.parametrize(
    ("shape", "config", "generator"),
    crossed(
        [
            ({"pre": 5, "post": 6, "lanes": 2}, {}),
            (
                {"pre": 1, "post": 3, "lanes": 3},
                {"consolidation": "pull", "rounding": "stochastic", "decay_rounding": "stochastic"},
            ),
            ({"pre": 3, "post": 4, "lanes": 1, "rule": "three_factor"}, {"rounding": "nearest"}),
            ({"pre": 5, "post": 12, "lanes": 4, "addressed": True}, {}),
            ({"pre": 1, "post": 1, "lanes": 1, "addressed": True}, {}),
        ],
        GENERATORS,
        "the same shape in the other generator's text",
    ),
)
def test_lint_is_clean(make_crossbar, generator, shape, config):
    crossbar, tool = make_crossbar(generator, **shape, **config), verilator().require()
    done = subprocess.run(
        [tool.path, "--lint-only", "-Wall", "--top-module", "dut", *map(str, crossbar.sources)],
        capture_output=True,
        text=True,
        env={**os.environ, **dict(tool.environment)},
        check=False,
    )
    assert (done.returncode, done.stderr.count("%Warning")) == (0, 0), done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--pre", "4"), "--pre and --post: are the two sides of a crossbar; give both"),
        (("--pre", "0", "--post", "4"), "--pre 0: out of range; allowed are 1 and more"),
        (("--pre", "8192", "--post", "8192"), "--synapses 67108864: out of range"),
        (("--pre", "4", "--post", "6", "--lanes", "4"), "--lanes 4: allowed are divisors of the 6 postsynaptic neurons"),
        (("--pre", "4", "--post", "6", "--synapses", "24"), "--synapses 24: does not go with --pre and --post"),
        (("--pre", "4", "--post", "6", "--presynaptic", "stp", "--neurons", "4"), "--presynaptic stp: does not go with --pre"),
        (("--synapses", "4", "--spikes", "addresses"), "--spikes addresses: is of a crossbar; give --pre A and --post B too"),
        (
            ("--pre", "4", "--post", "6", "--lanes", "3", "--spikes", "addresses"),
            "--lanes 3: with --spikes addresses allowed are",
        ),
        (
            ("--pre", "4", "--post", "6", "--spikes", "addresses", "--rule", "three_factor"),
            "activity of rule three_factor is no spike",
        ),
        (("--pre", "4", "--post", "6", "--rule", "stp"), "rule stp: names no input of its presynaptic neurons"),
    ],
)
def test_bad_input(sc_hw, tmp_path, arguments, message):
    status, out, err = sc_hw("emit", *arguments, "--generator", "verilog", "-o", tmp_path / "out")
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_verbs_of_one_core_say_which_to_give(make_crossbar, sc_hw):
    crossbar = make_crossbar()
    status, _, err = sc_hw("synth", crossbar.folder, "--module", "lane")
    assert status == 2
    assert f"a crossbar; --module lane is of one core: give {crossbar.folder}/pre or {crossbar.folder}/post or" in err
