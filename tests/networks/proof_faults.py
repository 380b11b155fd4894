"""Faults by hand in the Verilog of the small network, block by block, and what of its proof each of them breaks."""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sc_hw.network_folder import EmittedNetwork, load_network
from sc_hw.proof.docket import Docket
from sc_hw.proof.induction import Inquiry
from sc_hw.proof.network.prove import original, prove_block, prove_kept, prove_lanes, prove_wiring
from sc_hw.proof.result import Obligation
from sc_hw.proof.solver import Solver
from sc_hw.proof.structure import structure_of

__all__ = ["FAULTS", "ProofFault", "first_broken", "planted", "planted_in"]


@dataclass(frozen=True)
class ProofFault:
    """A text of a file that is replaced once; ``part`` of the proof should see it.

    That is ``structure``, ``wiring``, a place of a block, or its ``/lanes`` or ``/memories``.
    """

    what: str
    file: str
    old: str
    new: str
    part: str


FAULTS = (
    ProofFault("the clock of a block is gated", "tiny", ".clk(clk)", ".clk(clk & ~rst)", "structure"),
    ProofFault("a memory has a word less", "tiny_synapses_0", ".WORDS(14)", ".WORDS(13)", "structure"),
    ProofFault(
        "first and last are swapped",
        "tiny",
        ".product_0_first(synapses_in_product_first)",
        ".product_0_first(synapses_in_product_last)",
        "wiring",
    ),
    ProofFault(
        "errors skip when they are last", "tiny", ".signal_skip(error_error_skip)", ".signal_skip(error_error_last)", "wiring"
    ),
    ProofFault(
        "a fork does not wait for the other target",
        "tiny",
        ".active_valid(neurons_hidden_active_valid & back_hidden_slope_ready)",
        ".active_valid(neurons_hidden_active_valid)",
        "wiring",
    ),
    ProofFault("a carry is dropped", "tiny_sums_0", ") + products_reg[", ") ^ products_reg[", "sums_hidden"),
    ProofFault(
        "a sum is read while it is written", "tiny_sums_1", "again ? written_sums_reg", "1'b0 ? written_sums_reg", "sums_output"
    ),
    ProofFault(
        "the last word comes one too soon",
        "tiny_sums_0",
        "localparam [0:0] LAST_WORD = 1'd1",
        "localparam [0:0] LAST_WORD = 1'd0",
        "sums_hidden",
    ),
    ProofFault(
        "a reset leaves the word", "tiny_sums_0", "state_reg <= ADD;\n      word_reg <= 1'd0;", "state_reg <= ADD;", "sums_hidden"
    ),
    ProofFault(
        "the sums of the last sample are added to",
        "tiny_sums_0",
        "wire replace = product_0_first",
        "wire replace = 1'b0 & product_0_first",
        "sums_hidden",
    ),
    ProofFault("a negative current gives spikes", "tiny_neurons_0", "current >>> SHIFT", "current >> SHIFT", "neurons_hidden"),
    ProofFault("T spikes have a slope", "tiny_neurons_0", "~below & ~above;", "~below;", "neurons_hidden"),
    ProofFault(
        "a reset leaves the neuron",
        "tiny_neurons_0",
        "begun_reg <= 1'b0;\n      next_reg <= 2'd0;",
        "begun_reg <= 1'b0;",
        "neurons_hidden",
    ),
    ProofFault(
        "a beat is lost while another waits",
        "tiny_neurons_0",
        "wire move = ~valid_reg | active_ready",
        "wire move = 1'b1",
        "neurons_hidden",
    ),
    ProofFault(
        "a decision on offer changes with the next sample",
        "tiny_error",
        "decision_class = class_reg",
        "decision_class = best_reg",
        "error",
    ),
    ProofFault("of equal outputs the last decides", "tiny_error", "current_value > top_reg", "current_value >= top_reg", "error"),
    ProofFault(
        "an exponential is off by one", "tiny_error", "16'd256\n  };\n  localparam", "16'd255\n  };\n  localparam", "error"
    ),
    ProofFault("the label's own share is added", "tiny_error", "valid_3 & ~label_3 &", "valid_3 &", "error"),
    ProofFault("the margin is one higher", "tiny_error", "others_reg >= 10'd1", "others_reg > 10'd1", "error"),
    ProofFault("a reset leaves the label", "tiny_error", "    if (rst) known_reg <= 1'b0;\n", "", "error"),
    ProofFault(
        "slopes are kept for the neuron beside",
        "tiny_back_0",
        "kept_place = kept_reg",
        "kept_place = kept_reg ^ 2'd1",
        "back_hidden",
    ),
    ProofFault("a signal wraps", "tiny_back_0", "fits ? scaled", "1'b1 ? scaled", "back_hidden"),
    ProofFault(
        "the gain rounds toward zero",
        "tiny_back_0",
        "brought >>> 3",
        "(brought + (brought[26] ? 27'd7 : 27'd0)) >>> 3",
        "back_hidden",
    ),
    ProofFault("two classes are swapped", "tiny_back_0", "errors_1[9:0]", "errors_1[19:10]", "back_hidden"),
    ProofFault(
        "an access goes to the other projection", "tiny_host", "host_projection == 1'd0", "host_projection == 1'd1", "host"
    ),
    ProofFault(
        "an access does not hold samples back", "tiny_host", "hold = host_valid | serving_reg", "hold = serving_reg", "host"
    ),
    ProofFault(
        "an answer is one off", "tiny_host", "answered_0 = {answer_0_data}", "answered_0 = {answer_0_data} ^ 8'd1", "host"
    ),
    ProofFault(
        "products are of the word beside",
        "tiny_synapses_0",
        "listed_row * 5'd2 + {4'd0, word_1}",
        "listed_row * 5'd2 + {4'd0, ~word_1}",
        "synapses_in",
    ),
    ProofFault("silent rows are listed, too", "tiny_synapses_0", "(take & (active_activity != 5'd0))", "take", "synapses_in"),
    ProofFault(
        "the list is one row short",
        "tiny_synapses_0",
        "last_0_reg <= none ? 3'd0 : filled - 3'd1",
        "last_0_reg <= none ? 3'd0 : filled - 3'd2",
        "synapses_in",
    ),
    ProofFault(
        "the next sample's list overwrites",
        "tiny_synapses_0",
        "wire room = ~(fill_half_reg ? complete_reg[1] : complete_reg[0])",
        "wire room = 1'b1",
        "synapses_in",
    ),
    ProofFault(
        "a sweep writes one clock late",
        "tiny_synapses_0",
        "write_learned ? address_7",
        "write_learned ? address_6",
        "synapses_in",
    ),
    ProofFault(
        "a pass goes on while the next block does not take",
        "tiny_synapses_0",
        "wire issue = passing & enable",
        "wire issue = passing",
        "synapses_in",
    ),
    ProofFault("the schedule does not slow", "tiny_synapses_0", "slow = signal_slower", "slow = 2'd0", "synapses_in"),
    ProofFault(
        "a lane draws in the forward pass, too",
        "tiny_synapses_0",
        ".accept(enable & learn_4)",
        ".accept(enable & (learn_4 | forward_4))",
        "synapses_in",
    ),
    ProofFault("two lanes have one seed", "tiny_synapses_0", ".seed(31'h72db3e2e)", ".seed(31'hef80b89)", "synapses_in"),
    ProofFault("a host's write changes its neighbour", "tiny_synapses_0", "access_lane == 1'd1 ?", "1'b1 ?", "synapses_in"),
    ProofFault(
        "rows for the feedback come after the sweep",
        "tiny_synapses_1",
        "state_reg <= ROWS;",
        "state_reg <= SWEEP;",
        "synapses_out",
    ),
    ProofFault(
        "the bias is a row for the feedback",
        "tiny_synapses_1",
        "state_reg == ROWS ? 3'd3",
        "state_reg == ROWS ? 3'd4",
        "synapses_out",
    ),
    ProofFault("an activity is rounded down", "tiny_pixels", "{1'b0, sum} + 9'd8", "{1'b0, sum} + 9'd7", "pixels"),
    ProofFault(
        "a short sample is not filled", "tiny_pixels", "sent ? pixel_last : ended_reg", "sent ? pixel_last : 1'b0", "pixels"
    ),
    ProofFault(
        "a pixel is lost while a beat waits",
        "tiny_pixels",
        "assign move = ~active_valid_reg | active_ready",
        "assign move = 1'b1",
        "pixels",
    ),
    ProofFault(
        "a label is that of the sample's second pixel",
        "tiny_pixels",
        "if (fill & first) begin\n      target_valid_reg",
        "if (fill & (from_column_reg == 3'd1)) begin\n      target_valid_reg",
        "pixels",
    ),
    ProofFault(
        "the rule's product is too large",
        "tiny_synapses_0_datapath",
        "signal_wide * activity_wide;",
        "signal_wide * activity_wide + 21'sd32;",
        "synapses_in/lanes",
    ),
    ProofFault(
        "a random register steps otherwise",
        "tiny_synapses_0_random",
        "state_reg[K-1:K-FRESH];",
        "state_reg[K:K-FRESH+1];",
        "synapses_in/lanes",
    ),
    ProofFault(
        "a memory writes beside",
        "tiny_sums_0_sums",
        "(write_address == 1'd1)) word_1",
        "(write_address == 1'd0)) word_1",
        "sums_hidden/memories",
    ),
    ProofFault(
        "a memory holds another word at power-up", "tiny_synapses_0_synapses", "hdadfe02a", "hdadfe02b", "synapses_in/memories"
    ),
)
"""One in every block and more; each text stands in the emitted file."""


def planted(folder: Path, fault: ProofFault) -> EmittedNetwork:
    """Return the network of a folder with a fault in it, without a change of the folder."""
    return planted_in(load_network(folder), fault)


def planted_in(whole: EmittedNetwork, fault: ProofFault) -> EmittedNetwork:
    """Return a network with a fault in it."""
    name = f"{fault.file}.v"
    text = whole.texts[name].decode()
    assert text.count(fault.old) >= 1, f"{name}: no {fault.old!r}"
    changed = {**whole.texts, name: text.replace(fault.old, fault.new, 1).encode()}
    return dataclasses.replace(whole, texts=changed, edited=(name,))


def obligations_of(network: EmittedNetwork, part: str, solver: Solver, folder: Path, timeout: float) -> Iterator[Obligation]:
    """Yield the obligations of a part of a proof, asked of one solver, without a campaign."""
    yield from structure_of(network, lambda: original(network))
    if part == "structure":
        return
    inquiry = Inquiry(core=network, solvers=[solver], timeout=timeout, folder=folder, traces=None)
    if part == "wiring":
        yield from prove_wiring(inquiry, network.design)
        return
    place, _, what = part.partition("/")
    if what == "lanes":
        docket = Docket(solvers=[solver], timeout=timeout, progress=lambda _o: None)
        prove_lanes(network, place.removeprefix("synapses_"), docket)
        yield from docket.obligations
    else:
        yield from (prove_kept if what == "memories" else prove_block)(inquiry, network.design, place)


def first_broken(network: EmittedNetwork, part: str, solver: Solver, folder: Path, timeout: float = 60.0) -> Obligation | None:
    """Return the first obligation of a part that is refuted, or else the first that is not proven; ``None`` if all are."""
    first = None
    for obligation in obligations_of(network, part, solver, folder, timeout):
        if obligation.verdict == "refuted":
            return obligation
        if obligation.verdict in ("unknown", "skipped") and first is None:
            first = obligation
    return first
