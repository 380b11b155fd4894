"""``sc-hw sim`` itself: it compares everything, says precisely what differs, repeats from its seed, and fails when it must."""

import json
import platform
import re
import sys
import time
from importlib import import_module
from pathlib import Path
from threading import Barrier, Lock, Thread
from xml.etree import ElementTree

import numpy as np
import pytest

from sc_hw.cli import main
from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.sim.simulate import SimulationError, check_stimulus, simulate
from sc_hw.sim.simulator import Simulator, alone_if_first, ccache_environment
from sc_hw_sim.stimulus import schedule

from ..daily import check, few


@pytest.fixture
def broken(make_core):
    """A core whose weights come out one too high when the presynaptic trace is odd."""
    core = make_core(synapses=20, lanes=3)
    path = core.folder / "dut_datapath.v"
    path.write_text(
        path.read_text().replace("assign next_weight = weight_7;", "assign next_weight = weight_7 ^ {15'd0, next_pre_trace[0]};")
    )
    return load_core(core.folder)


@pytest.mark.parametrize(("sizes", "most"), [([80], 409), ([20, 4, 80], 64), ([64], 64), ([6, 1 << 16], 1), ([65, 4096], 8)])
def test_a_design_with_a_small_core_is_loaded_often(sizes, most):
    """Else what few neurons give is the same few values in thousands of timesteps: a fault for one other word stays unseen."""
    batches = [count for _, count in schedule({}, sizes, 100_000)]
    assert (max(batches), sum(batches)) == (most, 100_000)


def test_the_first_build_of_a_cache_is_alone(tmp_path, monkeypatch):
    """Two that begin at once compile Verilator's own files once; later ones are side by side."""
    monkeypatch.setenv("SC_HW_CACHE", str(tmp_path / "cache"))
    ccache_environment(tmp_path)
    for together in (1, 2):
        inside, met, most = Lock(), Barrier(2), [0, 0]

        def build(most=most, inside=inside, met=met):
            met.wait(10)
            with alone_if_first("bench"):
                with inside:
                    most[:] = [most[0] + 1, max(most[1], most[0] + 1)]
                time.sleep(0.1)
                with inside:
                    most[0] -= 1

        threads = [Thread(target=build) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert most == [0, together]


def test_headers_are_read_once_where_ccache_keeps_them(tmp_path):
    proposed = [["verilator", "--public-flat-rw", "x/verilator.cpp", "top.sv"], ["make", "-C", str(tmp_path), "-f", "Vtop.mk"]]
    assert Simulator._build_commands(proposed) == [["verilator", "top.sv"], proposed[1]]
    (tmp_path / "sc_hw.mk").touch()
    assert Simulator._build_commands(proposed)[1] == [*proposed[1][:-1], "sc_hw.mk"]


def test_a_good_core_passes_and_everything_is_counted(make_core, tmp_path):
    core = make_core(synapses=20, lanes=3)
    result = simulate([core], steps=120, seed=5, output=tmp_path / "out")
    record = result.cores[0]
    assert result.passed
    assert record["synapse_steps"] == 120 * 20
    assert record["state_values_compared"] >= 120 * 20 * 4
    assert record["output_values_compared"] > 120 * 20  # and those of the timesteps around a clear
    assert record["host_values_compared"] >= 3 * 20 * 4  # loads, read-backs
    assert record["resets"] >= 1
    assert record["clears"] >= 2
    assert {"all spike", "silent, maximum", "motif pre-post-post, maximum"} <= set(record["stimuli"])
    again = simulate([core], steps=120, seed=5, output=tmp_path / "again")
    assert again.cached
    assert again.cores[0]["clocks"] == record["clocks"]
    other = simulate([core], steps=120, seed=6, output=tmp_path / "other")
    assert other.cores[0]["clocks"] != record["clocks"]


@check("the parity regression has cores of many words in every run")
@pytest.mark.parametrize("queued", few([True, False], 1, "the stalls of the other"))
def test_a_core_of_many_words_meets_its_corners_and_passes(make_core, tmp_path, queued):
    """A sweep longer than anything waits: no corner may take it for a core that stands still."""
    core = make_core("verilog" if queued else "amaranth", synapses=1024, queued=queued)
    result = simulate([core], steps=10, seed=1, output=tmp_path / "out")
    assert result.passed, result.cores[0]["mismatch"]["text"]
    assert [name for name, hits in result.cores[0]["corners"].items() if not hits] == []


def test_the_cache_key_covers_source_flags_and_tools(make_core, monkeypatch):
    core = make_core(synapses=4)
    keys = [Simulator([core], waves=waves).key for waves in (False, True)]
    assert Simulator([core], waves=False).key == keys[0]
    path = core.folder / "dut.v"
    path.write_text(path.read_text() + "// edited\n")
    assert Simulator([core], waves=False).key == keys[0]  # what was read is what is built
    keys.append(Simulator([load_core(core.folder)], waves=False).key)
    monkeypatch.setattr(import_module("sc_hw.sim.simulator"), "version", lambda package: "another")
    keys.append(Simulator([core], waves=False).key)
    assert len(set(keys)) == 4


def test_a_mismatch_is_reported_precisely_and_repeats(broken, tmp_path, monkeypatch, capsys):
    result = simulate([broken], steps=120, seed=5, output=tmp_path / "out", waves=True)  # for all runs one simulator
    assert not result.passed
    mismatch = result.cores[0]["mismatch"]
    assert mismatch["field"] == "weight"
    assert mismatch["expected"] ^ mismatch["found"] == 1
    assert set(mismatch["inputs"]) == {"pre_spike", "post_spike", "reward"}
    assert set(mismatch["state_before"]) == {"weight", "pre_trace", "post_trace", "eligibility"}
    # The report is enough to redo the step by hand.
    from sc_hw_models.registry import get_rule

    rule = get_rule("r_stdp")
    state, _ = rule.step(broken.design.config, mismatch["state_before"], mismatch["inputs"])
    assert state["weight"] == mismatch["expected"]
    monkeypatch.setattr(
        sys,
        "argv",
        ["sc-hw", "sim", str(broken.folder), "--seed", "5", "--steps", "120", "--waves", "--json", str(tmp_path / "r.json")],
    )
    with pytest.raises(SystemExit) as exit_info:
        main()
    out, err = capsys.readouterr()
    assert exit_info.value.code == 1
    assert re.search(r"FAIL dut: .*timestep \d+, synapse \d+: weight expected \d+, found \d+", out)
    assert "--seed 5" in out
    assert "edited since it was emitted: dut_datapath.v" in err
    record = json.loads((tmp_path / "r.json").read_text())
    assert record["verdict"] == "fail"
    assert record["cores"][0]["mismatch"] == mismatch
    waves = (broken.folder / "results" / "sim" / "waves.vcd").read_text()
    assert "eligibility_sum" in waves
    assert waves.count("\n#") > 100


@check("a mismatch of one core is reported in every run")
def test_one_lane_of_several_cores_can_be_wrong(make_core, broken, tmp_path):
    good = make_core(synapses=5, name="good")
    result = simulate([good, broken], steps=60, seed=1, output=tmp_path / "out")
    text = result.results_xml.read_text()
    cases = ElementTree.fromstring(text).findall(".//testcase")  # noqa: S314 - ours
    assert [case.get("name") for case in cases] == ["good", "dut"]
    assert [case.find("failure") is None for case in cases] == [True, False]
    assert result.cores[1]["mismatch"]["text"] == cases[1].find("failure").text
    assert ElementTree.fromstring(text).get("failures") == "1"  # noqa: S314
    for told in ("hostname", "timestamp", platform.node(), str(tmp_path), str(Path.cwd())):
        assert told not in text
    assert [core["mismatch"] is None for core in result.cores] == [True, False]
    assert [result.only(index).to_dict()["verdict"] for index in range(2)] == ["pass", "fail"]  # each core's own record
    assert not result.passed
    with pytest.raises(UserError, match=r"its module good\w* is another one"):
        simulate([good, make_core(synapses=6, name="good", folder=tmp_path / "twin")], steps=3, seed=1, output=tmp_path / "out")
    with pytest.raises(UserError, match="nothing to simulate"):
        simulate([], steps=3, seed=1, output=tmp_path / "out")


def test_verilog_that_does_not_compile_is_an_error_with_the_log(make_core, tmp_path):
    core = make_core(synapses=4)
    path = core.folder / "dut.v"
    path.write_text(path.read_text().replace("endmodule\n", "  nothing one ();\nendmodule\n"))
    with pytest.raises(SimulationError, match=r"sim\.log"):
        simulate([load_core(core.folder, system_tasks=True)], steps=3, seed=1, output=tmp_path / "out")


def stopping(make_core):
    core = make_core(synapses=12, name="stopping")
    path = core.folder / "stopping.v"
    text = path.read_text().replace("assign event_ready = sweeping &", "assign event_ready = sweeping & (address_reg != 4'd7) &")
    text = text.replace("(clearing_reg | event_valid)", "(clearing_reg | event_valid & (address_reg != 4'd7))")
    assert text.count("4'd7") == 2
    path.write_text(text)
    return core


def changing(make_core):
    """Results that follow the event stream's idle noise instead of holding still under backpressure."""
    core = make_core(synapses=12, name="changing")
    path = core.folder / "changing.v"
    text = path.read_text()
    path.write_text(
        text.replace(".out_weight(result_weight)", ".out_weight(right_weight)").replace(
            "  assign result_last = write_last;",
            "  assign result_last = write_last;\n  wire [15:0] right_weight;\n"
            "  assign result_weight = result_ready ? right_weight : right_weight ^ {16{event_pre_spike}};",
        )
    )
    assert path.read_text() != text
    return core


def begun_wrong(make_core):
    core = make_core(synapses=10, initial={"weight": np.arange(10)}, name="begun")
    path = core.folder / "begun_memory_0.v"
    text = path.read_text()
    path.write_text(text.replace(f"{3:013x}", f"{4:013x}", 1))
    assert path.read_text() != text
    return core


def test_what_is_wrong_with_a_core_is_told_as_it_is(make_core, tmp_path):
    """In one simulator: a core that stops is a report and no hang, a beat that changes while it waits a protocol error, and
    what a core begins with is compared.
    """
    cores = [load_core(made(make_core).folder) for made in (stopping, changing, begun_wrong)]
    result = simulate(cores, steps=60, seed=1, output=tmp_path / "out")
    stopped, changed, begun = (core["mismatch"] for core in result.cores)
    assert "stuck" in stopped["check"]
    assert "withdrawn or changed" in changed["field"]
    assert (begun["check"], begun["synapse"], begun["expected"], begun["found"]) == ("initial state", 3, 3, 4)


@check("vectors and fit --rtl play inputs that are given; state that is loaded on the way is in every run")
def test_recorded_inputs(make_core, tmp_path):
    generator = np.random.default_rng(3)
    weights = generator.integers(0, 1 << 16, 10)
    core = make_core(synapses=10, lanes=4, initial={"weight": weights}, rounding="stochastic")
    stimulus = {
        "pre_spike": generator.random((50, 10)) < 0.3,
        "post_spike": generator.random((50, 10)) < 0.3,
        "reward": generator.integers(-128, 128, 50),
    }
    np.savez(tmp_path / "s.npz", **stimulus)
    result = simulate([core], steps=50, seed=1, output=tmp_path / "out", stimulus=tmp_path / "s.npz")
    assert result.passed
    assert result.cores[0]["synapse_steps"] == 500

    from sc_hw_models.core import CoreModel

    model = CoreModel(core.design.rule, core.design.config, synapses=10, lanes=4)
    model.load({"weight": weights})
    for step in range(50):
        model.step({name: array[step] for name, array in stimulus.items()})
    with np.load(tmp_path / "out" / "final_state.npz") as final:
        assert all((final[name] == array).all() for name, array in model.state.items())


def test_state_loaded_on_the_way(make_core, tmp_path):
    generator = np.random.default_rng(4)
    core = make_core(synapses=10, lanes=4, rounding="stochastic")
    stimulus = {
        "pre_spike": generator.random((50, 10)) < 0.3,
        "post_spike": generator.random((50, 10)) < 0.3,
        "reward": generator.integers(-128, 128, 50),
    }
    loads = {
        "load_timestep": np.array([0, 17]),
        "load_weight": generator.integers(0, 1 << 16, (2, 10)),
        "load_eligibility": generator.integers(-2048, 2048, (2, 10)),
    }
    np.savez(tmp_path / "s.npz", **stimulus, **loads)
    assert check_stimulus(tmp_path / "s.npz", core.design) == 50
    assert simulate([core], steps=50, seed=1, output=tmp_path / "out", stimulus=tmp_path / "s.npz").passed

    from sc_hw_models.core import CoreModel

    model = CoreModel(core.design.rule, core.design.config, synapses=10, lanes=4)
    for step in range(50):
        if step in (0, 17):
            row = int(step > 0)
            model.load({"weight": loads["load_weight"][row], "eligibility": loads["load_eligibility"][row]})
        model.step({name: array[step] for name, array in stimulus.items()})
    with np.load(tmp_path / "out" / "final_state.npz") as final:
        assert all((final[name] == array).all() for name, array in model.state.items())

    for wrong, words in (
        ({"load_timestep": np.array([17, 17])}, "load_timestep is .17, 17."),
        ({"load_timestep": np.array([0, 50])}, "numbers below 50"),
        ({"load_weight": np.zeros((1, 10), int)}, "load_weight is int64 .1, 10."),
        ({"load_weight": np.full((2, 10), 1 << 16)}, "load_weight spans 65536..65536; allowed are 0..65535"),
        ({"load_charge": np.zeros((2, 10), int)}, "load_FIELD of weight"),
    ):
        np.savez(tmp_path / "s.npz", **stimulus, **(loads | wrong))
        with pytest.raises(UserError, match=words):
            check_stimulus(tmp_path / "s.npz", core.design)
    np.savez(tmp_path / "s.npz", **stimulus, load_timestep=np.array([3]))
    with pytest.raises(UserError, match="load_FIELD of weight"):
        check_stimulus(tmp_path / "s.npz", core.design)


def test_a_run_that_compared_nothing_has_not_passed(make_core, tmp_path):
    import dataclasses

    result = simulate([make_core(synapses=20, lanes=3)], steps=2, seed=1, output=tmp_path / "out")  # built above
    assert result.passed
    assert not dataclasses.replace(result, cores=[]).passed
    assert not dataclasses.replace(result, cores=[{**result.cores[0], "state_values_compared": 0}]).passed
