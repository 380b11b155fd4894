"""Emission of layers: the folder, its two cores, lint, and what is refused."""

import json
import os
import subprocess

import pytest

from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.rtl.emit import GENERATORS, core_files
from sc_hw.toolchain import verilator
from tests.daily import check, few


@pytest.mark.parametrize("generator", few(GENERATORS, ["verilog"], "the other generator"))
def test_the_folder(make_layer, generator):
    layer = make_layer(generator, neurons=4, postsynaptic=3, lanes=2, consolidation="pull")
    neurons, synapses = layer.parts
    assert (neurons.design.synapses, synapses.design.synapses) == (4, 12)
    assert layer.edited == ()
    assert core_files(layer.design, generator) == core_files(load_core(layer.folder).design, generator)
    listed = (layer.folder / "filelist.f").read_text().split()
    assert sorted(layer.folder / name for name in listed) == sorted(layer.sources)
    ports = {port["name"]: port["bits"] for port in json.loads((layer.folder / "manifest.json").read_text())["ports"]}
    assert (ports["neuron_event_pre_spike"], ports["neuron_result_release"], ports["event_signal"]) == (2, 32, 9)
    assert "event_activity" not in ports

    (layer.folder / "synapses" / "manifest.json").write_text((layer.folder / "synapses" / "manifest.json").read_text() + "\n")
    assert load_core(layer.folder).edited == ()  # how it is laid out says nothing


@check("cores and crossbars are linted in every run")
@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize(("neurons", "postsynaptic", "lanes"), [(6, 4, 2), (3, 1, 3), (1, 2, 1)])
def test_lint_is_clean(make_layer, generator, neurons, postsynaptic, lanes):
    layer, tool = make_layer(generator, neurons=neurons, postsynaptic=postsynaptic, lanes=lanes), verilator().require()
    done = subprocess.run(
        [tool.path, "--lint-only", "-Wall", "--top-module", "dut", *map(str, layer.sources)],
        capture_output=True,
        text=True,
        env={**os.environ, **dict(tool.environment)},
        check=False,
    )
    assert (done.returncode, done.stderr.count("%Warning")) == (0, 0), done.stderr


LAYER = ("emit", "--rule", "three_factor", "--synapses", "12", "--generator", "verilog", "--presynaptic", "stp", "--neurons")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*LAYER, "5"), "--synapses 12: allowed are multiples of the 5 presynaptic neurons"),
        ((*LAYER, "4", "--lanes", "3"), "--lanes 3: allowed are divisors of the 4 presynaptic neurons"),
        ((*LAYER, "4", "--set", "activity_bits=16", "--neuron-set", "bits=8"), "16 bits; allowed are at most 8"),
        ((*LAYER, "4", "--rule", "r_stdp"), "rule r_stdp: has no presynaptic input"),
        ((*LAYER, "4", "--presynaptic", "r_stdp"), "rule r_stdp: is none of presynaptic neurons"),
        ((*LAYER, "4", "--neuron-set", "u_se=0"), "u_se=0: out of range; allowed are integers 1..255"),
        (LAYER[:-1], "--presynaptic stp: needs --neurons N"),
        ((*LAYER[:-3], "--neurons", "4"), "give --presynaptic RULE too"),
    ],
)
def test_bad_input(sc_hw, tmp_path, arguments, message):
    status, out, err = sc_hw(*arguments, "-o", tmp_path / "out")
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_verbs_of_one_core_say_which_to_give(make_layer, sc_hw):
    layer = make_layer()
    status, _, err = sc_hw("synth", layer.folder, "--module", "lane")
    assert status == 2
    assert f"give {layer.folder}/neurons or {layer.folder}/synapses" in err
    (layer.folder / "neurons" / "manifest.json").unlink()
    with pytest.raises(UserError, match=r"neurons/manifest\.json: cannot be read"):
        load_core(layer.folder)
