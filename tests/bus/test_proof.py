"""The proof of buses and registers: it holds of what is emitted, is not vacuous, and falls for every planted bug."""

import re

import pytest

from sc_hw.bus.folder import load_bus
from sc_hw.bus.proof import harness, prove_bus
from sc_hw.network_folder import load_emitted
from sc_hw.proof.sby import run_sby
from sc_hw.proof.solver import find_solver

from ..daily import check, few
from .designs import EMITTED

BUSES = ("axi-lite", "wishbone", "apb")
STREAMS = ("registers", "axi-stream")


@pytest.fixture
def around(sc_hw, tmp_path):
    def make(name, bus, streams="registers"):
        folder = tmp_path / "core"
        assert sc_hw("emit", *EMITTED[name], "--bus", bus, "--bus-streams", streams, "-o", folder)[0] == 0
        return load_bus(load_emitted(folder))

    return make


@pytest.mark.parametrize(
    ("name", "bus", "streams"),
    few(
        [(name, bus, streams) for name in EMITTED for bus in BUSES for streams in STREAMS],
        [("network", "axi-lite", "registers")],
        "every design behind every bus",
    ),
)
@pytest.mark.parametrize("solver", few(["yices", "bitwuzla"], 1, "a second opinion on the same question"))
def test_it_holds(around, tmp_path, name, bus, streams, solver):
    found = prove_bus(around(name, bus, streams), find_solver(solver), tmp_path / "run")
    assert (found.status, found.failed, found.text) == ("pass", (), "")


@check("a harness that forbids what it is about would refute no planted bug, and three are in every run")
def test_it_is_not_vacuous(around, tmp_path):
    """Accesses that are done and wrong are reached, and one that waits; that it is refused in the end the bench sees."""
    one = around("core", "axi-lite")
    files = {name: text.decode() for name, text in one.verilog.items()}
    text = harness(one, covers=True)
    script = f"read_verilog -sv {' '.join(files)}\nchformal -remove\nread_verilog -formal proof.sv\n"
    script += "hierarchy -check -top bus_proof\nproc -norom\nflatten\nsetundef -undriven -anyseq\nopt_clean\n"
    run = run_sby(
        tmp_path / "run",
        mode="cover",
        depth=30,
        solver=find_solver("yices"),
        script=script,
        files={**files, "proof.sv": text},
        timeout=300,
    )
    assert run.reached.keys() == {"cover_waits", "cover_wrong", "cover_write", "cover_read"}


REGISTERS = "sc_core_bus_registers.v"
PORT = "sc_core_bus_port.v"
# Of which bus, in which file, what is replaced by what, and the statement that falls.
BUGS = {
    "an answer is given for ever": ("axi-lite", PORT, "if (s_axi_bready) s_axi_bvalid <= 1'b0;", "", "answer"),
    "an answer is lost": ("axi-lite", PORT, "if (s_axi_rready) s_axi_rvalid", "s_axi_rvalid", "answer"),
    "an answer without a request": ("axi-lite", PORT, "if (request_done & reading) begin", "if (reading) begin", "answer"),
    "an answer overtakes another": ("axi-lite", PORT, "s_axi_arvalid & ~s_axi_rvalid", "s_axi_arvalid", "answer"),
    "an answer changes while it waits": ("axi-lite", PORT, "s_axi_bresp <= {request_error, 1'b0};", "", "answer"),
    "an address is taken without data": (
        "axi-lite",
        PORT,
        "s_axi_awready = request_done",
        "s_axi_awready = request_valid",
        "answer",
    ),
    "an error is told as done": ("axi-lite", PORT, "s_axi_rresp <= {request_error, 1'b0}", "s_axi_rresp <= 2'b00", "answer"),
    "reads have no turn": ("axi-lite", PORT, "reading <= ~reading;", "reading <= 1'b0;", "(bounded|inside)"),
    "a turn ends in the middle": (
        "axi-lite",
        PORT,
        "if (~request_valid | request_done) reading",
        "reading",
        "(inside|decode|bounded)",
    ),
    "a write is read": ("axi-lite", PORT, "request_write = ~reading", "request_write = reading", "request"),
    "acknowledged twice": ("wishbone", PORT, " & ~wb_ack_o & ~wb_err_o", "", "(answer|request)"),
    "acknowledged with an error": (
        "wishbone",
        PORT,
        "wb_ack_o <= request_done & ~request_error",
        "wb_ack_o <= request_done",
        "answer",
    ),
    "ready in the phase of the address": ("apb", PORT, "psel & penable & ~pready", "psel & ~pready", "(answer|request)"),
    "an error without an answer": ("apb", PORT, "pslverr <= request_done & request_error", "pslverr <= request_error", "answer"),
    "an address of another window": ("axi-lite", REGISTERS, "~request_outside & ", "", "(inside_known|decode)"),
    "a part of a word sends": ("apb", REGISTERS, "(sending & (&request_strobe))", "sending", "(inside_known|decode)"),
    "a register for reads is written": (
        "apb",
        REGISTERS,
        "wire writable = ",
        "wire writable = is_status | ",
        "(inside_known|decode)",
    ),
    "a strobe is not looked at": ("wishbone", REGISTERS, "hit_host_data_0 & request_strobe[2]", "hit_host_data_0", "strobes"),
    "an error writes": ("axi-lite", REGISTERS, "decided & known_reg & ~waits;", "decided & known_reg;", "(strobes|stream)"),
    "an unknown address writes": (
        "wishbone",
        REGISTERS,
        "decided & known_reg & ~waits;",
        "decided & ~waits;",
        "(strobes|stream|register)",
    ),
    "it waits for ever": (
        "axi-lite",
        REGISTERS,
        "(~waits | over | ~known_reg)",
        "(~waits | ~known_reg)",
        "(bounded|inside_spent)",
    ),
    "it is refused at once": ("axi-lite", REGISTERS, "(~waits | over | ~known_reg)", "1'b1", "(bounded|inside)"),
    "a beat that waits is overwritten": ("axi-lite", REGISTERS, "wire full = ", "wire full = 1'b0 & ", "(stream|decode|inside)"),
    "a beat is sent again": ("apb", REGISTERS, "else if (command_ready) command_valid_reg <= 1'b0;", "", "(stream|inside)"),
    "a beat is not sent": ("apb", REGISTERS, "if (writes & hit_host) host_valid_reg <= 1'b1;\n    else ", "", "stream"),
    "one beat too many": (
        "wishbone",
        REGISTERS,
        "request_address[3:0]} + 5'd1",
        "request_address[3:0]} + 5'd2",
        "(stream|inside)",
    ),
    "beats in another order": ("axi-lite", REGISTERS, "{2'd0, event_reg[31:2]}", "{2'd0, event_reg[30:1]}", "(stream|inside)"),
    "a beat is taken by its first word": (
        "apb",
        REGISTERS,
        "readback_ready = reads & hit_readback_1",
        "readback_ready = reads & hit_readback_0",
        "stream",
    ),
    "a beat is taken by an error": ("apb", REGISTERS, "result_ready = reads & hit_result", "result_ready = hit_result", "stream"),
    "words are read the wrong way": (
        "axi-lite",
        REGISTERS,
        "? word_readback_1 : word_readback_0",
        "? word_readback_0 : word_readback_1",
        "read_data",
    ),
    "a bit of status is another": ("apb", REGISTERS, "host_room, command_room", "command_room, host_room", "read_data"),
    "events clear together": ("apb", REGISTERS, "(events_reg & ~cleared)", "(events_reg & ~{3{|cleared}})", "register_events"),
    "a clear wins over what happens": (
        "apb",
        REGISTERS,
        "(events_reg & ~cleared) | happened",
        "(events_reg | happened) & ~cleared",
        "register_events",
    ),
    "an interrupt that nobody asked for": ("apb", REGISTERS, "|(events_reg & enable_reg)", "|events_reg", "register_interrupt"),
    "a soft reset for ever": (
        "apb",
        REGISTERS,
        "soft_reset_reg <= writes",
        "soft_reset_reg <= soft_reset_reg | writes",
        "register_reset",
    ),
    "identity of another": (
        "apb",
        REGISTERS,
        "localparam [127:0] IDENTITY = 128'h",
        "localparam [127:0] IDENTITY = 128'h1 ^ 128'h",
        "(read_data|inside)",
    ),
}
DAILY = [
    "beats in another order",
]


@pytest.mark.parametrize("bug", few(BUGS, DAILY, "of beats one is in every run, of accesses one of a network"))
def test_a_planted_bug_is_found(around, tmp_path, bug):
    bus, file, before, after, statement = BUGS[bug]
    one = around("core", bus)
    files = {name: text.decode() for name, text in one.verilog.items()}
    assert files[file].count(before) == 1, bug
    files[file] = files[file].replace(before, after)
    found = prove_bus(one, find_solver("yices"), tmp_path / "run", verilog=files)
    assert found.status in ("fail", "unknown")
    assert any(re.match(statement, name) for name in found.failed), found


def test_every_statement_has_a_bug_that_breaks_it(around):
    """No kind of statement stands there for which no bug is planted."""
    names = set(re.findall(r"(\w+): assert", harness(around("core", "axi-lite"))))
    kinds = {re.match(r"[a-z]+", name)[0] for name in names}
    planted = "|".join(statement for *_, statement in BUGS.values())
    assert {kind for kind in kinds if not re.search(kind, planted)} == set()


NETWORK_BUGS = {
    "a sample ends before its decision was taken": (
        "wire ends = decision_valid & decision_ready;",
        "wire ends = decision_valid;",
        "register_events",
    ),
    "pixels in another order": ("{13'd0, pixel_reg[25:13]}", "{13'd0, pixel_reg[24:12]}", "(stream|inside)"),
}


@pytest.mark.parametrize("bug", few(NETWORK_BUGS, 1, "beats of a core in another order are found in every run"))
def test_a_planted_bug_of_a_network_is_found(around, tmp_path, bug):
    before, after, statement = NETWORK_BUGS[bug]
    one = around("network", "apb")
    files = {name: text.decode() for name, text in one.verilog.items()}
    assert files[REGISTERS].count(before) == 1
    files[REGISTERS] = files[REGISTERS].replace(before, after)
    found = prove_bus(one, find_solver("yices"), tmp_path / "run", verilog=files)
    assert found.status in ("fail", "unknown")
    assert any(re.match(statement, name) for name in found.failed), found
