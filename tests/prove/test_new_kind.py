"""A kind of consolidation that does not come with sc-hw: three files and a name, as CONTRIBUTING says, in a copy of the tree."""

import os
import subprocess
import sys

import pytest

from sc_hw_models.kinds import KINDS

from ..daily import few
from ..planted_bugs import copied
from ..test_rooms import missing_and_orphans

MODEL = '''\
"""Every change is halved, rounded down, before it is scaled."""

from ..fixed import asr
from ..kind import Kind, Update


class Half(Kind):
    def change(self, at: Update):
        return at.scaled(asr(at.drive, 1), at.shift, "weight_noise")


KIND = Half(clocks=3)
'''
AMARANTH = '''\
"""Every change is halved."""

from ..arithmetic import wire
from ..kind import StageKind


class Half(StageKind):
    gates = True

    def gated(self, at, drive):
        return wire(at.m, "gated", drive.shift_right(1))


KIND = Half()
'''
VERILOG = """\
{# Every change is halved. #}
{% macro gated(stage) %}
  wire signed [{{ stage.bits }}-1:0] gated = {{ stage.drive }} >>> 1;
{% endmacro %}
"""
FILES = {
    "models/sc_hw_models/kinds/half.py": MODEL,
    "sc_hw/rtl/kinds/half.py": AMARANTH,
    "rtl_templates/kinds/half.v.j2": VERILOG,
}
SMALL = ["consolidation=half", "weight_bits=4", "activity_bits=2", "signal_bits=3", "learning_shift=1"]

# What is run in the copy: the model by itself, against what halving means.
PLAYED = """
import numpy as np
from sc_hw_models.core import CoreModel
from sc_hw_models.registry import get_rule
rule = get_rule("three_factor")
config = rule.config_type(consolidation="half", rounding="floor", learning_shift=0)
core = CoreModel(rule, config, synapses=4)
core.step({"activity": np.array([3, 3, 1, 1]), "signal": np.array([5, -5, 1, -1])})
print(core.spec.latency, core.state["weight"].tolist())
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Return the copy with the new kind, and what runs Python in it."""
    folder = copied(tmp_path_factory.mktemp("tree"))
    for name, text in FILES.items():
        (folder / name).write_text(text)
    registry = folder / "models/sc_hw_models/kinds/__init__.py"
    before = registry.read_text()
    registry.write_text(before.replace('KINDS = ("none",', 'KINDS = ("half", "none",'))
    places = os.pathsep.join(str(folder / place) for place in (".", "models", "sim"))

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    yield folder, run
    for name in FILES:
        (folder / name).unlink()
    registry.write_text(before)
    assert missing_and_orphans(folder, KINDS) == []
    assert "half" in run("-m", "sc_hw", "emit", "-n", "2", "--rule", "three_factor", "--set", SMALL[0], "-o", "gone").stderr


def test_it_is_three_files_of_ten_lines_and_a_name(tree):
    folder, _ = tree
    assert missing_and_orphans(folder, (*KINDS, "half")) == []
    assert max(sum(bool(line.strip()) for line in text.splitlines()) for text in FILES.values()) <= 10


def test_its_model_halves_every_change(tree):
    _, run = tree
    done = run("-c", PLAYED)
    assert done.stdout.split(maxsplit=1) == ["4", "[7, -8, 0, -1]\n"], done.stderr


@pytest.mark.parametrize("generator", few(["verilog", "amaranth"], 1, "the other generator"))
def test_either_generator_emits_it_and_its_datapath_is_proven(tree, generator):
    _, run = tree
    settings = [word for setting in SMALL for word in ("--set", setting)]
    made = run("-m", "sc_hw", "emit", "-n", "4", "--rule", "three_factor", *settings, "--generator", generator, "-o", generator)
    assert made.returncode == 0, made.stderr
    proven = run("-m", "sc_hw", "prove", generator, "--part", "datapath", "--solver", "yices")
    assert proven.returncode == 0, proven.stdout + proven.stderr
    assert "weight" in proven.stdout


def test_a_datapath_that_does_not_halve_is_refuted(tree):
    folder, run = tree
    template = folder / "rtl_templates/kinds/half.v.j2"
    settings = [word for setting in SMALL for word in ("--set", setting)]
    template.write_text(VERILOG.replace(">>> 1", ">>> 0"))
    made = run("-m", "sc_hw", "emit", "-n", "4", "--rule", "three_factor", *settings, "--generator", "verilog", "-o", "wrong")
    template.write_text(VERILOG)
    assert made.returncode == 0, made.stderr
    assert run("-m", "sc_hw", "prove", "wrong", "--part", "datapath", "--solver", "yices").returncode == 1
