"""What the compiler prints in its own way: comparisons that one LUT decides, conditions that are added and taken away."""

import pytest

from sc_hw.compiler.rule import Timing, compiled
from sc_hw.manifest import load_core
from sc_hw.proof.prove import prove
from sc_hw.proof.solver import find_solver
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import GENERATORS, emit

RULE = '''"""Every comparison of four bits with a number, and sums with conditions of both signs."""

from dataclasses import dataclass

from sc_hw_models.fixed import select
from sc_hw_models.rule import Field, Rule, RuleConfig, RuleSpec


@dataclass(frozen=True, kw_only=True)
class Config(RuleConfig):
    pass


def spec(config):
    return RuleSpec(
        rule="small",
        state=(Field(name="last", bits=8, signed=True),),
        synapse_inputs=(Field(name="value", bits=4), Field(name="more", bits=1), Field(name="less", bits=1)),
        outputs=(*(Field(name="below_" + str(k), bits=1) for k in range(1, 16)), Field(name="sum", bits=9, signed=True)),
        random_seed=1,
    )


def step(config, state, inputs):
    value, more, less = inputs["value"], inputs["more"], inputs["less"]
    last = state["last"]
    below = {{{below}}}
    return {{"last": value + more - less - (1 - more)}}, {{**below, "sum": last + more - less}}


RULE = Rule(name="small", summary="small", config_type=Config, spec=spec, step=step)
'''.format(below=", ".join(f'"below_{k}": select(value < {k}, 1, 0)' for k in range(1, 16)))


@pytest.mark.parametrize("generator", GENERATORS)
def test_comparisons_of_few_bits_and_sums_with_conditions(generator, written, tmp_path):
    source = written("small", RULE)
    rule = compiled(source.rule, Timing(latency=2), source.sha256)
    core = load_core(emit(CoreDesign(name="dut", rule=rule, config=rule.config_type(), synapses=4), generator, tmp_path / "core"))
    text = core.verilog["dut_datapath.v"].decode()
    assert " < " not in text if generator == "verilog" else "dut_datapath" in text
    found = prove(core, [find_solver("yices")], parts=["datapath"], covers=False, timeout=60)
    assert found.verdict == "proven", [o for o in found.obligations if o.verdict not in ("proven", "no cut")]
    if generator == "verilog":
        assert text.count(" + ") + text.count(" - ") <= 3, text
