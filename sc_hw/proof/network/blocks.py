"""What is proven of each block of a network: its statements, and the golden step written into its question."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sc_hw_models.networks.errors import distance, exponential, hard_output, reciprocal, signal
from sc_hw_models.networks.inputs import rounded_level
from sc_hw_models.networks.neurons import CountingConfig, counting_step
from sc_hw_models.rule import index_bits
from sc_hw_models.term import lift, signed_bits, variable

from ...rtl.networks.block import NetworkBlock
from ...rtl.networks.counting import CountingBlock
from ...rtl.networks.error import NONE, ErrorBlock
from ...rtl.networks.feedback import FeedbackBlock
from ...rtl.networks.host import HostBlock
from ...rtl.networks.pixels import PixelsBlock
from ...rtl.networks.projection import ProjectionBlock
from ...rtl.networks.sums import SumsBlock
from ...rtl.verilog import random_ports
from .golden import golden_text, table_text
from .question import Question

__all__ = ["harness_of", "question_of"]

_INSIDE = "the invariants by which the induction closes"
_STABLE = "what is offered stays as it is until it is taken"
_EXISTS = "of a memory only words that there are are written"
_IDLE = "idle says that nothing of a sample is here; after a reset nothing is"


def _sums(block: SumsBlock) -> Question:
    taps = {"state_reg": 2, "word_reg": block.address_bits, "begun_reg": 1, "add_reg": 1, "add_word_reg": block.address_bits}
    taps |= {"written_reg": 1, "written_word_reg": block.address_bits, "again": 1}
    taps |= dict.fromkeys(("new_sums", "written_sums_reg"), block.lanes * block.sum_bits)
    taps |= {"input_reg": block.input_bits} if len(block.inputs) > 1 else {}
    taps |= {"lane_reg": block.lane_bits} if block.lanes > 1 else {}
    return Question(
        template="sums.sv.j2",
        statements={
            "sum": "what a neuron is given is the sum of all its products of the sample, each once, modulo the bits of a sum",
            "order": "products are taken projection by projection; when all were, each neuron's current leaves once, ascending, "
            "from two clocks later on without a gap",
            "stable": _STABLE,
            "idle": _IDLE,
            "inside": _INSIDE,
        },
        taps=taps,
    )


def _counting(block: CountingBlock) -> Question:
    top = 1 << (block.sum_bits - 1)
    current = variable("current", -top, top - 1)
    config = CountingConfig(threshold_shift=block.threshold_shift)
    count, slope = (lift(one) for one in counting_step(config, block.timesteps, current))
    bits = max(signed_bits(one.low, one.high) for one in (count, slope))
    return Question(
        template="counting.sv.j2",
        statements={
            "step": "spikes and slope of every current are those of the golden model's step",
            "order": "for each current taken a beat leaves, once and in order, the clock after, with its neuron's number",
            "stable": _STABLE,
            "idle": _IDLE,
            "inside": _INSIDE,
        },
        taps={"next_reg": block.row_bits, "begun_reg": 1},
        values={
            "golden": golden_text("golden", {"current": "given"}, {"count": count, "slope": slope}),
            "count_bits": max(bits, block.activity_bits + 1),
        },
    )


def _error(block: ErrorBlock) -> Question:
    bits, total = block.sum_bits, block.total_bits
    half = 1 << (bits - 1)
    top, output = variable("top", -half, half - 1), variable("output", -half, half - 1)
    nets = {"top": "top", "output": "value"}
    if block.softmax:
        golden = golden_text("golden", nets, {"far": lift(distance(top, output, block.output_shift))})
        golden += "\n" + table_text("exponential", 9, 8, lambda far: exponential(min(far, NONE)))
        golden += "\n" + table_text("reciprocal", 9, total - 4, reciprocal)
    else:
        golden = golden_text("golden", nets, {"clipped": lift(hard_output(output, block.output_shift))})
    taps = {"state_reg": 3, "index_reg": block.index_bits, "best_reg": block.index_bits, "top_reg": bits, "value": bits}
    taps |= dict.fromkeys(("known_reg", "decided_reg", "learn_reg", "enable", "drained", "issuing_reg", "learns"), 1)
    taps |= dict.fromkeys(
        ("error_valid_reg", "error_last_reg", *(f"{n}_{k}" for n in ("valid", "label", "last") for k in (1, 2, 3))), 1
    )
    taps |= {
        "label_reg": block.index_bits,
        "slower_reg": block.slower_bits,
        "error_reg": block.error_bits,
        "class_reg": block.index_bits,
    }
    if block.softmax:
        taps |= {"exponential_2": 9, "reciprocal_reg": 9, "share_3": 9, "total_reg": total, "others_reg": block.error_bits}
    else:
        taps |= {"output_2": 9, "output_3": 9, "learns_reg": 1}
    return Question(
        template="error.sv.j2",
        statements={
            "decision": "the decision of each sample is the first class with the largest output, and stays so until taken",
            "order": "outputs, decision, errors, in this order for each sample; errors of all classes, or one beat that skips: "
            "of a sample that is not learned, or whose largest error is below the margin",
            "pass": "each pass over the outputs sees each class once, ascending, with its own output, and makes of it what the "
            "golden model's steps do",
            "error": "the error of a class is the golden model's, of the sums that the passes made",
            "stable": _STABLE,
            "idle": _IDLE,
            "inside": _INSIDE,
        },
        taps=taps,
        values={"golden": golden},
    )


def _host(block: HostBlock) -> Question:
    return Question(
        template="host.sv.j2",
        statements={
            "access": "an access is given to its projection, unchanged, from when no sample is under way until it is done; "
            + ("the end of a task to each whom it is a command to, once; " if block.tasks else "")
            + "meanwhile none may begin",
            "answer": "what a projection answers is given to the host",
            "idle": _IDLE,
            "inside": _INSIDE,
        },
        taps={"serving_reg": 1} | {f"ended_{k}_reg": 1 for k in block.tasks},
    )


def _feedback(block: FeedbackBlock) -> Question:
    half = 1 << (block.sum_bits - 1)
    brought, slope = variable("brought", -half, half - 1), variable("slope", 0, 1)
    told = lift(signal(brought, slope, gain=block.gain, shift=0, bits=block.signal_bits))
    taps = {
        "state_reg": 2,
        "issue": 1,
        "enable": 1,
        "kept_reg": block.neuron_bits,
        "neuron_reg": block.neuron_bits,
        "begun_reg": 1,
    }
    taps |= dict.fromkeys((f"{n}_{k}" for n in ("valid", "first", "whole", "last") for k in (1, 2, 3)), 1)
    taps |= dict.fromkeys(("valid_4", "last_4", "slope_2", "slope_3", "slope_4", "signal_valid_reg", "signal_last_reg"), 1)
    taps |= {"errors_reg": block.classes * block.error_bits, "slower_reg": block.slower_bits, "signal_reg": block.signal_bits}
    taps |= {"sum_3": block.sum_bits, "brought_4": block.sum_bits} | ({"word_reg": block.word_bits} if block.words > 1 else {})
    signed = dict.fromkeys((f"error_{lane}" for lane in range(block.lanes)), block.error_bits)
    signed |= dict.fromkeys((f"product_{lane}" for lane in range(block.lanes)), block.product_bits)
    if block.signs:
        taps |= {"place_reg": block.sign_bits}
    else:
        signed |= dict.fromkeys((f"weight_{lane}" for lane in range(block.lanes)), block.weight_bits)
    return Question(
        template="feedback.sv.j2",
        statements={
            "operands": "each weight or sign meets the error of its class, in the order of neurons",
            "golden": "a signal is the golden model's: the sum of all products of its neuron, scaled, times its slope, saturated",
            "slope": "the slope of a signal is the last that came of its neuron",
            "order": "after the errors of all classes the signals of all neurons leave, ascending, or the beat that skips; "
            "slopes and errors are taken before",
            "stable": _STABLE,
            "idle": _IDLE,
            "inside": _INSIDE,
        },
        taps=taps,
        signed=signed,
        values={
            "golden": golden_text("golden", {"brought": "brought", "slope": "$signed({1'b0, \\dut.slope_4 })"}, {"told": told})
        },
    )


def _projection(block: ProjectionBlock) -> Question:
    last = 4 + block.latency
    synapses, count = block.lanes * block.synapse_bits, block.count_bits
    kinds = {"forward": 4, "host": 4} | ({"rows": 4} if block.gives_rows else {}) | ({"learn": last} if block.core else {})
    taps = dict.fromkeys((f"{kind}_{k}" for kind, most in kinds.items() for k in range(1, most + 1)), 1)
    taps |= dict.fromkeys((f"{name}_{k}" for name in ("first", "last") for k in range(1, 5)), 1)
    taps |= dict.fromkeys((f"activity_{k}" for k in (2, 3, 4)), block.activity_bits)
    taps |= dict.fromkeys((f"address_{k}" for k in range(2, last + 1)), block.address_bits)
    taps |= {"state_reg": 3, "enable": 1, "bias_reg": 1, "asked_reg": 1, "empty_1": 1, "fill_reg": count, "entry_reg": count}
    taps |= {"word_reg": block.word_bits, "word_1": block.word_bits, "word_4": synapses}
    double = block.buffers > 1
    taps |= {"complete_reg": block.buffers, "empty_reg": block.buffers}
    taps |= {"fill_half_reg": 1, "half_reg": 1, "last_0_reg": count, "last_1_reg": count} if double else {"last_reg": count}
    taps |= {"row_1": block.number_bits} if block.gives_rows or block.consolidates else {}
    taps |= dict.fromkeys(("swept_reg", *(f"task_{k}" for k in range(1, 5))), 1) if block.consolidates else {}
    free = {}
    if block.core:
        taps |= {"word_2": block.word_bits, "gather_word_reg": block.word_bits, "signals_4": block.lanes * block.shifted_bits}
        if block.lanes > 1:
            taps |= {"gather_lane_reg": block.lane_bits, "gathered_reg": (block.lanes - 1) * block.shifted_bits}
        ports = block.core.lane_ports()
        free = {f"{block.name}_lane": ports}
        taps |= {f"lane_{lane}.{port.name}": port.bits for lane in range(block.lanes) for port in ports}
    learns = {
        "signals": "a neuron's signal, slowed as it says, is what its synapses get",
        "lanes": "each lane gets its part of the word, the row's activity, and its signal; it draws once a word, from its seed",
    }
    rows = {"rows": "all rows but the bias leave, ascending, word by word, with the weights as they are"}
    return Question(
        template="projection.sv.j2",
        statements={
            "list": "each active row is listed once, in order, with its activity, the bias last; a list in use stays as it is",
            "products": "the products of a list's rows leave once each, in order, the first row and the last beat marked",
            "written": "of a list only entries are used that were written for this sample; "
            "of an empty one none: its word is the first",
            "forward": "a product is that of a synapse's weight and its row's activity; of an empty list it is 0",
            **(learns if block.core else {}),
            **(rows if block.gives_rows else {}),
            "sweep": "after the signals each word of a list's rows goes through the lanes once, in order, and back to its place; "
            + ("at the end of a task those of all rows do, as such, without activity; " if block.consolidates else "")
            + "nothing else is written but by the host",
            "access": "the host's access replaces or gives its own synapse and no other",
            "stable": _STABLE,
            "idle": _IDLE,
            "inside": _INSIDE,
        },
        taps=taps,
        signed={f"weight_{lane}": block.weight_bits for lane in range(block.lanes)},
        free=free,
    )


def _pixels(block: PixelsBlock) -> Question:
    taps = dict.fromkeys(("ended_reg", "dropping_reg", "valid_reg", "last_reg", "whole"), 1)
    taps |= {"from_row_reg": index_bits(block.height + block.margin), "from_column_reg": index_bits(block.width + block.margin)}
    taps |= {
        "row_reg": block.place_bits,
        "column_reg": block.place_bits,
        "brightness_reg": 8,
        "input_reg": block.row_bits,
        "level": 5,
    }
    free, statements, golden = {}, {}, ""
    if block.jitter:
        free = {f"{block.name}_random": random_ports(block.lfsr)}
        taps |= {"left_reg": block.place_bits} | {f"random.{port.name}": port.bits for port in random_ports(block.lfsr)}
        statements["draws"] = "a sample that is learned draws once, with its first pixel, from a register with its own seed"
    if block.pool == 1:
        level = lift(rounded_level(variable("sum", 0, 255), 1))
        golden = golden_text("golden", {"sum": "$signed({1'b0, brightness})"}, {"rounded": level})
    return Question(
        template="pixels.sv.j2",
        statements={
            "taken": "pixels are taken in order while there is a place for them; what is beyond is dropped, what is missing is 0",
            "target": "label, learn and slower leave once for each sample, as they came with its first pixel",
            "order": "the inputs of a sample leave ascending, each at most once, the last beat marked",
            "activity": "a beat is of the input that its places land in, and has its activity"
            + (", the golden model's" if block.pool == 1 else ""),
            **statements,
            "stable": _STABLE,
            "idle": _IDLE,
            "inside": _INSIDE,
        },
        taps=taps,
        free=free,
        values={"golden": golden},
    )


def harness_of(block: NetworkBlock) -> str:
    """Return the name of a block's harness, by which the ledger knows it."""
    return question_of(block).template.partition(".")[0]


_QUESTIONS: dict[type[NetworkBlock], Callable[[Any], Question]] = {
    SumsBlock: _sums,
    CountingBlock: _counting,
    ErrorBlock: _error,
    HostBlock: _host,
    FeedbackBlock: _feedback,
    ProjectionBlock: _projection,
    PixelsBlock: _pixels,
}


def question_of(block: NetworkBlock) -> Question:
    """Return what is asked of a block."""
    question = _QUESTIONS[type(block)](block)
    # Other memories may be written where they have no word. Sums of squares, which are simulated only, have no harness.
    if any(map(block.in_registers, block.memories())) and not isinstance(block, PixelsBlock):
        return replace(question, statements={"exists": _EXISTS, **question.statements})
    return question
