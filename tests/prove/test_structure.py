"""The closed world of a proof: what stands in a folder is what the proof argues about, or it is refused by name."""

import re

import pytest

from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.proof.structure import check_structure, is_sound
from sc_hw.rtl.emit import GENERATORS

from ..daily import crossed, few


def faults(core):
    return {o.name: o.note for o in check_structure(core) if o.verdict != "proven"}


def edit(core, file, pattern, new):
    path = core.folder / file
    text, count = re.subn(pattern, new, path.read_text(), flags=re.DOTALL)
    assert count == 1, (pattern, count)
    path.write_text(text)
    return load_core(core.folder)


EMITTED = {
    "core": ("core", {"synapses": 23, "lanes": 2, "rounding": "stochastic"}),
    "queued": ("core", {"synapses": 40, "lanes": 6, "queued": True}),
    "deep": ("core", {"synapses": 40_000}),
    "si": ("core", {"rule": "three_factor", "consolidation": "si", "synapses": 3}),
    "layer": ("layer", {}),
    "addressed": ("crossbar", {"lanes": 1, "addressed": True}),
    "crossbar": ("crossbar", {"pre": 7, "post": 8, "lanes": 4}),
}


@pytest.mark.parametrize(("name", "generator"), crossed(EMITTED, GENERATORS, "the other generator's text"))
def test_what_is_emitted_is_sound(make_core, make_layer, make_crossbar, name, generator):
    kind, settings = EMITTED[name]
    obligations = check_structure(
        {"core": make_core, "layer": make_layer, "crossbar": make_crossbar}[kind](generator, **settings)
    )
    assert is_sound(obligations), [o.note for o in obligations if o.note]


LANE_COPY = "module dut_lane_b(%s);\n%s\nendmodule"
CORE = {  # what is replaced in the core's file of the Verilog generator, and what the note must name
    "clock tied": (r"(dut_lane lane_1 \(\s*)\.clk\(clk\)", r"\1.clk(1'b0)", "lane_1: pin clk"),
    "clock gated": (r"(\) memory_0 \(\s*)\.clk\(clk\)", r"\1.clk(clk & enable)", "memory_0: pin clk"),
    "clock of rare words": (
        r"(dut_lane lane_0 \(\s*)\.clk\(clk\)",
        r"\1.clk(clk & (read_data_0 != 52'hbeef))",
        "lane_0: pin clk",
    ),
    "clock left open": (r"(dut_lane lane_0 \(\s*)\.clk\(clk\),\s*", r"\1", "lane_0"),
    "parameter of one memory": (
        r"\.WORDS\(WORDS\), (\.ADDRESS_BITS\(ADDRESS_BITS\), \.COLUMN_BITS\(\d+\)\s*\) memory_1)",
        r".WORDS(WORDS - 1), \1",
        "memory_1: parameter WORDS is 11, should be 12",
    ),
    "parameter set from outside": ("endmodule\n", "  defparam memory_1.WORDS = 8;\nendmodule\n", "defparam"),
    "instance renamed": (r"dut_lane lane_1 \(", "dut_lane lane_7 (", "lane_1: missing, should be dut_lane"),
    "another lane": ("endmodule\n", "  dut_lane lane_2 (.clk(clk));\nendmodule\n", "lane_2: an instance of dut_lane"),
    "another module": (r"dut_lane lane_1 \(", "dut_memory lane_1 (", "does not exist in 'dut_memory'"),
    "wire that poses": ("endmodule\n", "  wire [51:0] \\\\lane_1.word_out ;\nendmodule\n", "lane_1.word_out is named as if"),
    "two drivers": ("endmodule\n", "  assign word_out_1 = word_out_0;\nendmodule\n", "'word_out_1' coerced to 'inout'"),
    "no driver": (r"assign host_ready = idle & host_first;", "", "has no driver"),
    "latch": ("endmodule\n", "  reg held;\n  always @* if (rst) held = host_write;\nendmodule\n", "latch"),
    "reset at once": (
        r"always @\(posedge clk\) begin\s*case",
        "always @(posedge clk or posedge rst) begin\n    case",
        "'or' is not allowed",
    ),
    "index out of range": (
        r"assign readback_data = readback_word;",
        "assign readback_data = {51'd0, readback_word[address_reg +: 1]};",
        "$shift",
    ),
    "module left over": ("`resetall\n$", "module spare; endmodule\n`resetall\n", "module spare"),
    "set at power-up": (r"(  reg \[2:0\] state_reg);", r"\1 = 3'd1;", "init"),
    "case that is full for some": ("case \\(state_reg\\)", "case (state_reg) // synopsys full_case", "full_case"),
    "black box": ("`resetall\n$", "(* blackbox *) module spare(input a); endmodule\n`resetall\n", "blackbox"),
    "kept apart": (r"module dut \(", "(* keep_hierarchy *) module dut (", "keep_hierarchy"),
}


DAILY = [*dict.fromkeys(["clock tied", "parameter of one memory", *list(CORE)[::2]])]


@pytest.mark.parametrize("fault", few(CORE, DAILY, "others of the same kinds"))
def test_fault_of_a_core_is_named(make_core, fault):
    pattern, new, named = CORE[fault]
    core = make_core("verilog", synapses=23, lanes=2)
    text = (core.folder / "dut.v").read_text()
    first = len(re.findall(pattern, text, re.DOTALL))
    assert first, text
    (core.folder / "dut.v").write_text(re.sub(pattern, new, text, count=1, flags=re.DOTALL))
    try:
        found = faults(load_core(core.folder))
    except UserError as error:
        found = {"structure": str(error)}
    assert named in found.get("structure", ""), found


def test_undefined_bits_are_named(make_core):
    undefined = r"assign host_ready = (\1) ? 1'b1 : 1'bx;"
    core = edit(make_core("verilog", synapses=23, lanes=2), "dut.v", r"assign host_ready = (idle & [^;]*);", undefined)
    assert re.search(r"'x at dut\.v:\d+", faults(core)["defined"])
    core = edit(core, "dut.v", "1'bx", "1'bz")
    assert re.search(r"'x at dut\.v:\d+", faults(core)["defined"])


def test_another_module_behind_an_instance(make_core):
    core = make_core("verilog", synapses=23, lanes=2)
    lane = (core.folder / "dut_lane.v").read_text()
    body = lane[lane.index("module dut_lane") : lane.index("endmodule") + 9].replace("module dut_lane", "module dut_lane_b")
    core = edit(core, "dut.v", r"endmodule\n`resetall\n$", f"endmodule\n{body}\n`resetall\n")
    core = edit(core, "dut.v", r"dut_lane lane_1 \(", "dut_lane_b lane_1 (")
    note = faults(core)["structure"]
    assert "lane_1: is dut_lane_b, should be dut_lane" in note
    assert "module dut_lane_b: stands in dut.v, should be in dut_lane_b.v" in note


CROSSBAR = {  # a file, what is replaced in it, and what the note must name
    "clock of a part": ("dut.v", r"(dut_post post \(\s*\.clk\()clk", r"\g<1>1'b0", "post: pin clk"),
    "clock of the fan-out": ("dut.v", r"(dut_fanout fan_out \(\s*\.clk\()clk", r"\g<1>clk & idle", "fan_out: pin clk"),
    "clock of a memory of the row filter": (
        "dut_rows.v",
        r"(\) memory \(\s*\.clk\()clk",
        r"\g<1>1'b1",
        "row_filter.memory: pin clk",
    ),
    "clock of a memory of a decoder": (
        "dut_pre_addresses.v",
        r"(\) memory_0 \(\s*\.clk\()clk",
        r"\g<1>rst",
        "pre_decoder.memory_0: pin clk",
    ),
    "parts exchanged": (
        "dut.v",
        r"dut_pre_addresses pre_decoder",
        "dut_post_addresses pre_decoder",
        r"pre_decoder\.beat_data: not allowed \(1 bits on a pin of 2",
    ),
    "words of the fan-out": (
        "dut_fanout.v",
        r"\.WORDS\((\w+)\)",
        r".WORDS(\1 + 1)",
        "fan_out.memory: parameter WORDS is 4, should be 3",
    ),
}


@pytest.mark.parametrize("fault", few(CROSSBAR, list(CROSSBAR)[::2], "other instances of the same kinds"))
def test_fault_of_a_crossbar_is_named(make_crossbar, fault):
    file, pattern, new, named = CROSSBAR[fault]
    core = make_crossbar("verilog", addressed=True)
    try:
        found = faults(edit(core, file, pattern, new))["structure"]
    except UserError as error:
        found = str(error)
    assert re.search(named, found), found


def test_clock_deep_in_a_part_of_a_layer(make_layer):
    core = make_layer("verilog")
    file = "synapses/dut_synapses.v"
    core = edit(core, file, r"(dut_synapses_lane lane_0 \(\s*)\.clk\(clk\)", r"\1.clk(~clk)")
    assert "synapses.lane_0: pin clk" in faults(core)["structure"]


def test_the_verb_asks_nothing_of_an_unsound_core(make_core, sc_hw):
    core = make_core("amaranth", synapses=23, lanes=2)
    edit(core, "dut.v", r"(dut_lane lane_1 \(\s*)\.clk\(clk\)", r"\1.clk(1'h0)")
    status, out, _ = sc_hw("prove", core.folder, "--solver", "yices")
    assert status == 1
    assert "lane_1: pin clk" in re.sub(r"[\s│]+", " ", out)
    assert "FAIL dut: 1 of 2 obligations proven by yices" in out


STATE = "  reg [3:0] n_reg; always @(posedge clk) n_reg <= rst ? 4'd0 : n_reg + {{3'd0, {0}}};\n"
REMEMBERING = {  # in which file, at what, what stands there then, and who remembers it
    "commands counted in a core": (
        "core",
        "dut.v",
        r"assign readback_data = readback_word;",
        STATE.format("command_accept") + "  assign readback_data = readback_word ^ {51'd0, &n_reg};",
        "module dut: n_reg holds 4 bits",
    ),
    "a register made wider": (
        "core",
        "dut.v",
        r"reg \[2:0\] state_reg;",
        "reg [3:0] state_reg;",
        "module dut: state_reg holds 1 bit of state that",
    ),
    "beats counted in a queue": (
        "queued",
        "dut_queue.v",
        r"  wire move = (.*?);",
        STATE.format("push") + r"  wire move = (\1) & ~(&n_reg);",
        "module dut_queue: n_reg holds 4 bits",
    ),
    "beats counted in a fan-out": (
        "crossbar",
        "dut_fanout.v",
        r"played_reg <= played_data;",
        "played_reg <= played_data ^ n_reg[0];",
        "module dut_fanout: n_reg holds",
    ),
    "a lane that knows the update before": (
        "core",
        "dut_lane.v",
        r"\.in_pre_spike\(in_pre_spike\)",
        ".in_pre_spike(in_pre_spike | (n_reg == 4'd7))",
        "module dut_lane: n_reg holds",
    ),
}
COUNTED = {"dut_fanout.v": "store", "dut_lane.v": "accept"}  # where the register is put before the end


@pytest.mark.parametrize("name", few(REMEMBERING, list(REMEMBERING)[::2], "other modules"))
def test_what_a_module_remembers_besides_is_named(make_core, make_crossbar, name):
    """A count of what came since the reset shows after the longest search, and no induction closes over it."""
    kind, file, pattern, new, note = REMEMBERING[name]
    settings = {"synapses": 23, "lanes": 2, "rounding": "stochastic"}
    core = make_crossbar("verilog") if kind == "crossbar" else make_core("verilog", queued=kind == "queued", **settings)
    if file in COUNTED:
        own = STATE.format(COUNTED[file]).replace("rst ?", "1'b0 ?" if file == "dut_lane.v" else "rst ?")
        edit(core, file, r"(endmodule\n)", own.replace("\\", "\\\\") + r"\1")
    assert note in faults(edit(core, file, pattern, new))["structure"]


def test_a_register_in_place_of_another_name_is_named(make_core):
    """What a register is read by is a name of the same bit: made a register of its own, it would leave the other to remember."""
    core = make_core("verilog", synapses=23, lanes=2)
    kept = r"reg valid_out; always @(posedge clk) if (enable) valid_out <= valid_reg[LATENCY-2];"
    core = edit(core, "dut.v", r"wire valid_out = valid_reg\[LATENCY-1\];", kept)
    core = edit(
        core,
        "dut.v",
        r"assign host_ready = idle &",
        r"assign host_ready = idle & ~valid_reg[LATENCY-1] &",
    )
    assert re.search("module dut: valid_(out|reg) holds 1 bit of state that", faults(core)["structure"])


def test_a_memory_besides_is_named(make_core):
    core = make_core("verilog", synapses=23, lanes=2)
    write = "  always @(posedge clk) if (write_enable) more[write_address[1:0]] <= write_data;\n"
    words = f"  reg [51:0] more [0:3];\n{write}  genvar column;"
    core = edit(core, "dut_memory.v", r"  genvar column;", words)
    core = edit(core, "dut_memory.v", r" = read_reg;", " = read_reg ^ more[0];")
    assert "module dut_memory: more, 4 words of 52 bits, is a memory that" in faults(core)["structure"]


@pytest.mark.parametrize("generator", few(GENERATORS, ["verilog"], "the other generator"))
def test_what_nobody_reads_is_no_state(make_core, generator):
    """Nor is another name for a register, or one that was written as two."""
    core = make_core(generator, synapses=23, lanes=2)
    unread = "  reg [7:0] n_reg;\n  always @(posedge clk) n_reg <= n_reg + 8'd1;\n  wire again = command_valid;\n"
    assert faults(edit(core, "dut.v", r"(endmodule\n)", unread + r"\1")) == {}
