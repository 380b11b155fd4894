"""Chips of networks in simulation: equal to their model, block by block, and every planted bug is seen."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from sc_hw.network_file import network_of
from sc_hw.network_folder import load_network, network_in_memory
from sc_hw.rtl.generators import GENERATORS
from sc_hw.sim.network.run import simulate_network
from tests.daily import check, few
from tests.models.networks.random_networks import network
from tests.networks.small import SMALL, WIDE, consolidating, write_network

# Of these the daily ones have, between them: two hidden layers, a pool with shifts, one lane, fixed signs and a hard error.
RANDOM = (3, 7, 14, 0, 1, 2, 4, 6, 8, 9, 12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the small network's file."""
    path = tmp_path_factory.mktemp("networks")
    (path / "small.toml").write_text(SMALL)
    return path


KINDS = [("si", "verilog"), ("none", "verilog"), ("si", "amaranth"), ("pull", "amaranth")]


@pytest.mark.parametrize(
    ("kind", "generator"), few(KINDS, 1, "what it has, that which makes codes has, too; the other generator's blocks equal these")
)
def test_the_small_network_equals_its_model(sc_hw, folder, monkeypatch, kind, generator):
    monkeypatch.chdir(folder)
    network = network_of(folder / "small.toml", option="", settings=consolidating(kind))
    named = ("-o", "net", "--name", "tiny", "--force")
    assert sc_hw("emit", "--network", write_network(folder, network), *named, "--generator", generator)[0] == 0
    status, out, err = sc_hw("sim", "net", "--steps", "60", "--seed", "3", "--json", "record.json")
    assert status == 0, out + err
    assert re.search(r"^PASS tiny: 60 samples, \d+ learned, .*seed 3$", out, re.MULTILINE)
    assert re.search(r"^synapses_in, the busiest: at work in \d", out, re.MULTILINE)
    record = json.loads((folder / "record.json").read_text())
    assert record == json.loads((folder / "net" / "results" / "sim.json").read_text())
    (run,) = record["runs"]
    assert run["samples"] == 60
    scenes = {"samples", "samples with gaps", "a dark sample", "accesses", "accesses with gaps"}
    assert scenes | ({"the end of a task"} if kind != "none" else set()) == {*run["corners"]}
    assert all(0 < scene["reset"] <= min(60, scene["clocks"]) for scene in run["corners"].values())
    assert run["resets"] >= 2 + sum(scene["reset"] for scene in run["corners"].values())
    assert min(run["learned"], run["words_written"], run["host_accesses"], run["flowing_clocks"]) > 0
    assert (run["tasks_ended"] > 2) == (kind != "none")


@check("every planted fault of the small network is caught in every run")
def test_a_changed_chip_differs(sc_hw, folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert sc_hw("emit", "--network", "small.toml", "-o", "net", "--name", "tiny", "--force")[0] == 0
    file = folder / "net" / "tiny_sums_0.v"
    file.write_text(file.read_text().replace("wire replace = product_0_first", "wire replace = ~product_0_first"))
    assert load_network(folder / "net").edited == ("tiny_sums_0.v",)
    status, out, err = sc_hw("sim", "net", "--steps", "60", "--seed", "3")
    assert status == 1, err
    assert re.search(r"^FAIL tiny: .*sums_hidden.current value of beat \d+ is -?\d+, not -?\d+", out, re.MULTILINE)
    assert "edited" in err


KEPT = {"tiny_back_0": "begun_reg", "tiny_error": "error_valid_reg"}  # registers that are left alone in a reset


@check("that resets come in many clocks of every scene is in every run")
@pytest.mark.parametrize("module", KEPT)
def test_a_register_that_a_reset_leaves_differs(module, tmp_path):
    """Shown by a reset of one clock in few of the clocks of a sample: random ones seldom met them."""
    (tmp_path / "small.toml").write_text(SMALL)
    chip = network_in_memory(network_of(tmp_path / "small.toml", option=""), "tiny")
    head, reset, tail = chip.texts[f"{module}.v"].decode().rpartition(f"{KEPT[module]} <= 1'b0;")
    assert reset
    kept = f"{KEPT[module]} <= {KEPT[module]};"
    changed = head + kept + tail.replace("endmodule", f"initial {KEPT[module]} = 1'b0;\nendmodule")
    files = {name: text for name, text in chip.texts.items() if name.endswith(".v")} | {f"{module}.v": changed.encode()}
    result = simulate_network(chip, output=tmp_path, seed=1, samples=200, files=files)
    assert "reset in clock" in result.runs[0]["mismatch"]["text"]


# What is wrong for a number that chance does not draw: (network, file, what is edited). The first passed sim and prove.
RARE = {
    "square": (WIDE, "tiny_pixels", "rounded[10:6]", "rounded[10:6] ^ {4'd0, (sum == 10'd613) & (input_reg == 4'd5)}"),
    "word": (SMALL, "tiny_synapses_0", "weight_0 = word_4[7:0]", "weight_0 = word_4[7:0] ^ {7'd0, word_4 == 16'ha53c}"),
    "sum": (SMALL, "tiny_sums_0", "current_value = given", "current_value = given ^ {14'd0, given == 15'd1413}"),
    "sum of outputs": (SMALL, "tiny_sums_1", "current_value = given", "current_value = given ^ {14'd0, given == 15'd1413}"),
    "distance": (SMALL, "tiny_error", "far >= 12'd144", "(far >= 12'd144) ^ (below == 16'd413)"),
    "parts": (
        SMALL,
        "tiny_synapses_0",
        "weight_0 = word_4[7:0]",
        "weight_0 = word_4[7:0] ^ {7'd0, (word_4[15:8] == 8'ha5) & (word_4[7:0] == 8'h3c)}",
    ),
    "access": (
        SMALL,
        "tiny_host",
        "host_valid & still",
        "host_valid & still & ~(host_write & (host_data == 8'd173) & (host_address == 4'd11))",
    ),
}


@pytest.mark.parametrize("case", few(RARE, 1, "that numbers of an edit are played is in every run"))
def test_a_number_that_only_the_edit_knows_is_played(tmp_path, case):
    text, module, old, new = RARE[case]
    (tmp_path / "network.toml").write_text(text)
    chip = network_in_memory(network_of(tmp_path / "network.toml", option=""), "tiny")
    before = chip.texts[f"{module}.v"].decode()
    assert before.count(old) == 1
    changed = {**chip.texts, f"{module}.v": before.replace(old, new).encode()}
    result = simulate_network(replace(chip, texts=changed, edited=(f"{module}.v",)), output=tmp_path, seed=1, samples=1)
    assert re.match(r"numbers of the edited Verilog, \d", result.runs[0]["mismatch"]["text"])


@check("selftest of a core is in every run, and faults of a chip are refuted; make network-faults has faults of every block")
@pytest.mark.parametrize(
    "text", [SMALL, pytest.param(WIDE, marks=check("faults of every block are in every run"))], ids=["small", "wide"]
)
@pytest.mark.parametrize("generator", GENERATORS)
def test_every_planted_fault_is_caught(sc_hw, tmp_path, monkeypatch, text, generator):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(text)
    assert sc_hw("emit", "--network", "small.toml", "-o", "planted", "--generator", generator)[0] == 0
    status, out, err = sc_hw("selftest", "planted", "--json", "selftest.json")
    assert status == 0, out + err
    faults = json.loads((tmp_path / "selftest.json").read_text())["faults"]
    stands = {f["fault"]: f["evidence"] for f in faults if f["fault"].startswith("host: answer n")}
    assert len(stands) == 2
    for evidence in stands.values():  # a verdict with the stream that waits, not an error of the bench
        assert re.search(r": the chip stands still after [\d,]+ clocks: (host waits with|readback waits for) \d+ beats", evidence)
    caught = {fault["fault"].partition(":")[0] for fault in faults if fault["verdict"] == "caught"}
    assert caught >= {"pixels", "synapses_0", "synapses_1", "sums_0", "sums_1", "neurons_0", "error", "back_0", "host"}


@check("faults of its pins are in every run of selftest")
@pytest.mark.parametrize("tied", ["1'b0", "1'b1"])
def test_a_chip_that_stands_still_is_a_failed_check(sc_hw, folder, monkeypatch, tied):
    monkeypatch.chdir(folder)
    assert sc_hw("emit", "--network", "small.toml", "-o", "tied", "--name", "tiny", "--force")[0] == 0
    file = folder / "tied" / "tiny_host.v"
    text = re.sub(r"assign answer_0_ready = .*;", f"assign answer_0_ready = {tied};", file.read_text())
    assert text != file.read_text()
    file.write_text(text)
    status, out, err = sc_hw("sim", "tied", "--steps", "60", "--seed", "1")
    assert status == 1, err
    assert re.search(r"^FAIL tiny: .*: the chip stands still after [\d,]+ clocks: .* waits .*, seed 1$", out, re.MULTILINE)


@check("random networks; the small one, and a wide one behind a bus, are in every run")
@pytest.mark.parametrize("seed", few(RANDOM, 1, "other random networks; the small one is in every run"))
def test_a_random_network_equals_its_model(seed, tmp_path):
    print(f"seed {seed}")
    result = simulate_network(network_in_memory(network(seed, "counting")), output=tmp_path, seed=seed, samples=60)
    assert result.passed, result.runs[0]["mismatch"]


@check("other shapes; the small one is in every run")
def test_a_memory_in_two_parts_and_one_sample_at_a_time(tmp_path):
    """533 words: 512 in whole blocks, 21 beside them; no list for a next sample; a sweep and the host reach both parts."""
    (tmp_path / "file.toml").write_text(SMALL)
    changed = ("population.input.size=40", "population.input.ahead=0", "population.hidden.size=13", "projection.in.lanes=1")
    chip = network_in_memory(network_of(tmp_path / "file.toml", option="", settings=changed))
    block = chip.design.projections["in"]
    assert (block.whole_blocks("synapses"), block.buffers) == (512, 1)
    result = simulate_network(chip, output=tmp_path, seed=2, samples=60)
    assert result.passed, result.runs[0]["mismatch"]


@check("fit --rtl learns samples that are given; the small one learns random ones in every run")
def test_samples_that_are_given_are_learned_in_their_order(tmp_path):
    chip, generator = network_in_memory(network(0, "counting")), np.random.default_rng(5)
    pixels = generator.integers(0, 256, (70, chip.design.pixels.height * chip.design.pixels.width), dtype=np.uint8)
    labels, slower = generator.integers(0, chip.design.spec.output.size, 70), np.repeat([0, 1], 35)
    slower = np.minimum(slower, chip.design.spec.sample.octaves)
    data = {"pixels": pixels, "labels": labels, "slower": slower}
    result = simulate_network(chip, output=tmp_path, seed=1, data=data)
    assert result.passed, result.runs[0]["mismatch"]
    assert result.runs[0]["learned"] == 70
    state = np.load(tmp_path / "final_state.npz")
    assert int(state["samples"]) == 70
