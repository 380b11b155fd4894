"""Accesses under random pauses, from masters of other people: each answer, and every state word, equals the model's."""

import pytest

from sc_hw.bus.folder import load_bus
from sc_hw.manifest import load_core

from ..daily import check, few
from .designs import DESIGNS, EMITTED
from .running import run_bench

BUSES = ("axi-lite", "wishbone", "apb")
KINDS = {"identity", "settings", "happened", "refused", "load", "look", "period", "late", "clear", "reset"}


def campaign(sc_hw, tmp_path, name, bus, accesses, seed, **options):
    assert sc_hw("emit", *EMITTED[name], "--bus", bus, "-o", tmp_path / "core", "--force")[0] == 0
    found = run_bench(tmp_path / "core", tmp_path / "work", accesses=accesses, seed=seed, **options)
    print(f"seed {seed}: {found}")
    return found


@check("every design behind every bus; the drivers go through buses, and a proof of each kind is made, in every run")
@pytest.mark.parametrize(
    ("name", "bus"),
    few(
        [(name, bus) for name in EMITTED for bus in BUSES],
        [("addressed", "wishbone")],
        "every design behind every bus; the drivers' tests go through APB in every run",
    ),
)
def test_a_short_campaign(sc_hw, tmp_path, name, bus):
    found = campaign(sc_hw, tmp_path, name, bus, 500, 20261129)
    assert found["failure"] == ""
    assert found["accesses"] >= 500
    assert found["counts"].keys() >= KINDS


@check("10,000 accesses; every run has some hundreds of each kind")
@pytest.mark.parametrize(
    ("name", "bus"),
    [
        ("core", "axi-lite"),
        ("lanes", "wishbone"),
        ("layer", "apb"),
        ("crossbar", "axi-lite"),
        ("addressed", "wishbone"),
        ("network", "axi-lite"),
    ],
)
def test_ten_thousand_accesses(sc_hw, tmp_path, request, name, bus):
    found = campaign(sc_hw, tmp_path, name, bus, 10_000, request.config.getoption("--seed"))
    assert found["failure"] == ""
    assert found["accesses"] >= 10_000


# In which file, what is replaced by what, and what the bench says of it.
BUGS = {
    "a strobe is not looked at": ("registers", "hit_host_data_0 & request_strobe[1]", "hit_host_data_0", "expected"),
    "an unknown address is none": ("registers", "~request_outside & ", "", "expected True"),
    "beats in another order": ("registers", "{2'd0, event_reg[31:2]}", "{2'd0, event_reg[30:1]}", "expected"),
    "a beat is taken by its first word": (
        "registers",
        "readback_ready = reads & hit_readback_1",
        "readback_ready = reads & hit_readback_0",
        "",
    ),
    "an interrupt that nobody asked for": ("registers", "|(events_reg & enable_reg)", "|events_reg", "AssertionError"),
    "a command keeps its reward of before": (
        "registers",
        "if (writes & hit_command_reward",
        "if (1'b0 & writes & hit_command_reward",
        "expected",
    ),
    "an error is told as done": ("port", "s_axi_rresp <= {request_error, 1'b0}", "s_axi_rresp <= 2'b00", "expected True"),
}


@check("the proof finds each of these")
@pytest.mark.parametrize("bug", BUGS)
def test_a_planted_bug_is_found(sc_hw, tmp_path, bug):
    file, before, after, said = BUGS[bug]
    assert sc_hw("emit", *DESIGNS["core"], "--bus", "axi-lite", "-o", tmp_path / "core")[0] == 0
    verilog = {name: text.decode() for name, text in load_bus(load_core(tmp_path / "core")).verilog.items()}
    name = f"sc_core_bus_{file}.v"
    assert verilog[name].count(before) == 1
    verilog[name] = verilog[name].replace(before, after)
    found = campaign(sc_hw, tmp_path, "core", "axi-lite", 2000, 20261129, verilog=verilog)
    assert found["failure"], "not found"
    assert said in found["failure"]
