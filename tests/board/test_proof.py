"""The proof of the serial line: it holds, is not vacuous, and falls for every planted bug."""

import re

import pytest

from sc_hw.board.proof import bridge_harness, prove_bridge, prove_gap, prove_line
from sc_hw.board.verilog import bridge_verilog, receiver_verilog, sender_verilog
from sc_hw.proof.sby import run_sby
from sc_hw.proof.solver import find_solver

from ..daily import check, few


@check("a planted bug is refuted by the same statements in every run")
@pytest.mark.parametrize("solver", few(["bitwuzla", "z3"], 1, "a second opinion on the same question, in minutes"))
def test_the_bridge_holds(tmp_path, solver):
    found = prove_bridge(find_solver(solver), tmp_path / "run")
    assert (found.status, found.failed, found.text) == ("pass", (), "")


@pytest.mark.parametrize("divider", few([2, 3, 7, 13], 1, "slower lines"))
@pytest.mark.parametrize("question", [prove_line, prove_gap])
def test_the_line_holds(tmp_path, question, divider):
    found = question(find_solver("yices"), tmp_path / "run", divider=divider)
    assert (found.status, found.failed, found.text) == ("pass", (), "")


@check("a harness that forbids what it is about would refuse no planted bug, and one is in every run")
def test_it_is_not_vacuous(tmp_path):
    """A frame is dropped: bytes, zeros and their sums are not assumed away. That requests are done the simulation sees."""
    script = (
        "read_verilog -sv bridge.v\nchformal -remove\nread_verilog -formal -sv proof.sv\nhierarchy -check -top bridge_proof\n"
    )
    script += "proc -norom\nflatten\nsetundef -undriven -anyseq\nopt_clean\n"
    files = {"bridge.v": bridge_verilog("bridge", 12), "proof.sv": bridge_harness(covers=True)}
    run = run_sby(
        tmp_path / "run", mode="cover", depth=16, solver=find_solver("bitwuzla"), script=script, files=files, timeout=300
    )
    assert run.reached.keys() == {"cover_drop"}


# What is replaced by what, and the statement that falls.
BUGS = {
    "the sum is not looked at": (" & (sum_reg == RIGHT)", "", "(sync|access)"),
    "the length is not looked at": (" & (count_reg == 4'd10)", "", "(sync|access)"),
    "a block may be cut short": ("~lost_reg & is_code & kind", "~lost_reg & kind", "sync"),
    "a long frame begins anew in the middle": ("(stored & (count_reg == 4'd14))", "1'b0", "(sync|inside)"),
    "a torn byte is a byte": ("(lost_reg | byte_torn | ~listens", "(lost_reg | ~listens", "(sync|inside)"),
    "a zero does not begin anew": ("lost_reg <= ~ends & (", "lost_reg <= (", "(sync|inside)"),
    "it listens while it answers": ("comes = byte_valid & listens &", "comes = byte_valid &", "(inside|answer|access)"),
    "drops are not counted": ("if (dropping) dropped_reg", "if (1'b0) dropped_reg", "drop"),
    "asked again is done again": ("if (asked) again_reg <= again;", "if (asked) again_reg <= 1'b0;", "(access|inside)"),
    "another request is taken for the last": (" & (last_write_reg == write)", "", "(access|inside)"),
    "an access outside of the window": ("asks & ~again_reg & ~outside;", "asks & ~again_reg;", "access"),
    "an access without a request": (
        "wb_cyc_o = asks & ~again_reg & ~outside",
        "wb_cyc_o = (listens & begun_reg) | (asks & ~again_reg & ~outside)",
        "access",
    ),
    "data of another": ("wb_dat_o = frame_reg[79:48]", "wb_dat_o = last_data_reg", "access"),
    "an answer without a request": (
        "assign answer_valid = sends &",
        "assign answer_valid = (sends | (listens & lost_reg)) &",
        "answer",
    ),
    "an error is told as done": ("frame_reg[15:8] <= wrong ? 8'd4", "frame_reg[15:8] <= wrong ? 8'd3", "(answer|inside)"),
    "a zero in an answer": ("~(any_reg | passed) | behind", "behind", "(answer|inside)"),
    "an answer without an end": ("step_reg <= skips ? CODE : CLOSE", "step_reg <= CODE", "(answer|inside|progress)"),
    "it hangs when it is asked again": (
        "asks & (again_reg | outside | wb_ack_i",
        "asks & (outside | wb_ack_i",
        "(progress|inside)",
    ),
    "it hangs in the sum": ("if (pass_reg == 7'd79)", "if (pass_reg == 7'd81)", "(progress|inside)"),
    "it sums while it listens": ("(ends & listens) | asks | sends", "asks | sends", "(sync|inside)"),
}


@pytest.mark.parametrize("bug", few(BUGS, ["the sum is not looked at"], "one of them is in every run"))
def test_a_planted_bug_is_found(tmp_path, bug):
    before, after, statement = BUGS[bug]
    text = bridge_verilog("bridge", 12)
    assert text.count(before) == 1, bug
    found = prove_bridge(find_solver("bitwuzla"), tmp_path / "run", verilog=text.replace(before, after))
    assert found.status in ("fail", "unknown")
    assert any(re.match(statement, name) for name in found.failed), found


def test_every_statement_has_a_bug_that_breaks_it():
    """No kind of statement stands there for which no bug is planted."""
    kinds = {re.match(r"[a-z]+", name)[0] for name in re.findall(r"(\w+): assert", bridge_harness())}
    planted = "|".join(statement for *_, statement in BUGS.values())
    assert {kind for kind in kinds if not re.search(kind, planted)} == set()


LINE_BUGS = {
    "a bit too early": ("receiver", "HALF = DIVIDER / 2 - 1", "HALF = DIVIDER - 1", "line"),
    "bits the wrong way": ("receiver", "{line, data_reg[7:1]}", "{data_reg[6:0], line}", "line"),
    "it never finds the next byte": ("receiver", "else under_way_reg <= 1'b0;", "", "line"),
    "no stop bit": ("sender", "bits_reg <= 4'd10", "bits_reg <= 4'd8", "line"),
    "a bit too fast": ("sender", "tx_reg <= 1'b0;\n        bits_reg", "tx_reg <= answer_data[0];\n        bits_reg", "line"),
    "a byte a bit": ("receiver", "ends = look & (bits_reg == 4'd9)", "ends = look & (bits_reg == 4'd3)", "(gap|inside)"),
}


@check("the line is proven, and a bug of the bridge found, in every run")
@pytest.mark.parametrize("bug", LINE_BUGS)
def test_a_planted_bug_of_the_line_is_found(tmp_path, bug):
    part, before, after, statement = LINE_BUGS[bug]
    text = {"receiver": receiver_verilog("receiver"), "sender": sender_verilog("sender")}[part]
    assert text.count(before) == 1, bug
    question = prove_gap if "gap" in statement else prove_line
    found = question(find_solver("yices"), tmp_path / "run", divider=4, verilog={f"{part}.v": text.replace(before, after)})
    assert any(re.match(statement, name) for name in found.failed), found
