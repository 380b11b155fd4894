"""Long stretches without a reset and long waits: what counts, or grows old, differs in every campaign."""

import re

from sc_hw.manifest import load_core
from sc_hw.sim.mined import mined_numbers
from sc_hw.sim.simulate import simulate

from ..daily import check

COUNT = (
    "  reg [8:0] n_reg; always @(posedge clk) if ({0}) n_reg <= 9'd0; else if ({1}) n_reg <= n_reg + {{8'd0, n_reg != 9'd{2}}};\n"
)
READ = (r"assign readback_data = readback_word;", "assign readback_data = readback_word ^ {51'd0, n_reg == 9'd%d};")
HELD = "rst | ~(%s_valid & ~%s_ready)"
# Settings, file, what the register counts, what is replaced and by what, and where it must show.
FAULTS = {
    "timesteps": (
        {},
        "",
        ("rst", "command_accept & ~command_clear", 300),
        (r"\.in_pre_spike\(word_pre_spike_reg\[1\]\)", ".in_pre_spike(word_pre_spike_reg[1] & (n_reg != 9'd300))"),
        "timesteps 0 to 319 without a reset",
    ),
    "clears": ({}, "", ("rst", "command_accept & command_clear", 36), (READ[0], READ[1] % 36), "without a reset"),
    "stores": ({}, "", ("rst", "host_store", 300), (READ[0], READ[1] % 300), "host reads"),
    "word_read": ({}, "", (HELD % (("readback",) * 2), "1'b1", 300), (READ[0], READ[1] % 300), "words read from core 0 wait"),
    "lone_result": (
        {"queued": True},
        "_queue",
        (HELD % (("result",) * 2), "1'b1", 300),
        (r"if \(move\) valid_reg <= stored", "if (move | (n_reg == 9'd300)) valid_reg <= stored"),
        "result beats expected",
    ),
    "full_queue": (
        {"queued": True},
        "_queue",
        None,
        (r"wire move = (.*?);", r"wire move = (\1) & ~(&read_reg & write_reg == {1'b0, {SLOT_BITS{1'b1}}});"),
        "timesteps 0 to 319 without a reset",
    ),
    "number": (
        {},
        "",
        None,
        (
            r"\.in_pre_spike\(word_pre_spike_reg\[0\]\)",
            ".in_pre_spike(word_pre_spike_reg[0] ^ ((word_reward_reg == 8'd77) & (word_reg_0[15:0] == 16'd4660)))",
        ),
        "timesteps with numbers of the edited Verilog: 77, 15, 4660",
    ),
    "event_late": (
        {},
        "",
        ("rst | event_valid", "sweeping", 300),
        (r"fetch_pre_spike_reg <= event_pre_spike;", "fetch_pre_spike_reg <= event_pre_spike ^ {2{n_reg == 9'd300}};"),
        "events of core 0 wait for 320 clocks",
    ),
    "command_late": (
        {},
        "",
        ("rst | ~idle", "1'b1", 300),
        (r"step_reward_reg <= command_reward;", "step_reward_reg <= command_reward ^ {8{n_reg == 9'd300}};"),
        "commands of core 0 wait for 320 clocks",
    ),
    "host_late": (
        {},
        "",
        ("rst | ~host_valid | host_ready", "1'b1", 300),
        (
            READ[0],
            "reg long_reg; always @(posedge clk) if (host_ready) long_reg <= n_reg == 9'd300;\n"
            "  assign readback_data = readback_word ^ {51'd0, long_reg};",
        ),
        "host accesses to core 0 wait for 320 clocks",
    ),
    "padding": (
        {"synapses": 7, "lanes": 3},
        "",
        None,
        (
            r"(memory_1 \((?:(?!;).)*?\.write_address\()stored_address\)",
            r"\1host_store & (write_address_reg == 2'd2) ? 2'd0 : stored_address)",
        ),
        "host accesses to words without a synapse",
    ),
}


def test_what_has_no_answer_is_a_difference(make_core, tmp_path):
    """Also in the demonstration after the campaign: a host that is always ready, so that no word is read."""
    core = make_core("verilog", synapses=2)
    path = core.folder / "dut.v"
    ready = "assign host_ready = idle & host_first;"
    assert ready in path.read_text()
    path.write_text(path.read_text().replace(ready, "assign host_ready = 1'b1;"))
    (record,) = simulate([load_core(core.folder)], steps=1, seed=1, output=tmp_path / "out", demonstrate=True).cores
    assert record["mismatch"]


def test_numbers_of_an_edited_file_alone_are_mined(make_core):
    core = make_core("verilog", synapses=8, lanes=2)
    assert mined_numbers(core) == []
    path = core.folder / "dut.v"
    text = path.read_text()
    edit = "wire odd = (host_data == 52'hbe_ef) | (|{host_address, 2'b11} == 8'd201) | (command_reward == 93); // 16'd4711\n"
    path.write_text(text.replace("endmodule", f"{edit}endmodule", 1))
    beside = [0xBEEF << 2 | 3, 3 << 8 | 201, 3 << 52 | 0xBEEF, 201 << 2 | 3, 93 << 8 | 201]
    assert mined_numbers(load_core(core.folder)) == [0xBEEF, 3, 201, 93, *beside]
    known = int(re.findall(r"3'd([2-7])", text)[0])  # one that is in the file, once more
    path.write_text(text.replace("endmodule", f"wire odd = host_address == 3'd{known};\nendmodule", 1))
    assert mined_numbers(load_core(core.folder)) == [known]


@check("eleven planted faults, each with a run of its own; every sim of the others endures")
def test_what_comes_late_is_found(make_core, tmp_path):
    """Each in a core of its own, all in one simulator; a core without any passes, and tells what it endured."""
    cores = [make_core("verilog", synapses=8, lanes=2, name="right")]
    for name, (settings, file, counted, (pattern, new), _) in FAULTS.items():
        core = make_core("verilog", name=name, **({"synapses": 8, "lanes": 2} | settings))
        path = core.folder / f"{name}{file}.v"
        text, count = re.subn(pattern, new, path.read_text(), flags=re.DOTALL)
        assert count == 1, (name, count)
        text = re.sub(r"(\n  wire )", "\n" + (COUNT.format(*counted) if counted else "") + r"\1", text, count=1)
        path.write_text(text)
        cores.append(load_core(core.folder))
    result = simulate(cores, steps=1, seed=1, output=tmp_path / "out")
    right, *others = result.cores
    assert right["mismatch"] is None
    assert {"320 timesteps without a reset", "40 clears without a reset"} <= right["corners"].keys()
    for record, (name, (*_, where)) in zip(others, FAULTS.items(), strict=True):
        assert record["mismatch"], name
        assert where in record["mismatch"]["text"], (name, record["mismatch"]["text"])
