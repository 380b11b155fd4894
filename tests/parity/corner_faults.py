"""Faults by hand that show in a corner only: what a reset leaves behind, what meets in one clock, what a row's rest overlooks.

They are edits of the emitted text of either generator, each behind its own number, so that one build holds all of them.
"""

import dataclasses
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from sc_hw.manifest import Core
from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.order import stores_of
from sc_hw.rtl.stream import Stream

__all__ = ["HandFault", "altered", "edited", "faults_by_hand", "offered_in_resets"]


_RARE = "one word of 16,384 with one value of the noise"


@dataclass(frozen=True)
class HandFault:
    """A bug in the module ``<core>_<module>`` (the core itself without one).

    ``kind``: a register that a reset leaves alone (``kept``) or sets to another ``value`` (``set``), or that takes another
    value where it takes one (``taken``); a ``net``, or the pin of an ``instance.pin``, that has another value, in which
    ``right`` is the one it should have, ``after`` is 1 in the clock after one in which ``rst`` was, ``once`` in that alone which
    follows the first such clock, and ``long`` from the sixteenth clock of a reset on. ``hidden`` says why it cannot show,
    ``rare`` why only a proof can be asked to notice it.
    """

    module: str
    kind: str
    place: str
    value: str = ""
    hidden: str = ""
    rare: str = ""

    @property
    def name(self) -> str:
        return f"{self.module or 'core'}: {self.place} {self.kind} {self.value}".strip()


def _kept(text: str, register: str, on: str) -> tuple[str, int]:
    if found := re.search(rf"^\s+{register} <= (_\d+_);", text, re.MULTILINE):  # Amaranth's, through Yosys
        return re.subn(rf"(assign {found[1]} = rst)\b", rf"\1 & ~{on}", text)
    block = r"(if \(rst\) begin(?:(?!\bend\b).)*?\n\s+)"
    return re.subn(rf"{block}((?:if \(\S+\) )*{register} <= )", rf"\1if (!{on}) \2", text, flags=re.DOTALL)


def _set(text: str, register: str, value: str, on: str) -> tuple[str, int]:
    if found := re.search(rf"^\s+{register} <= (_\d+_);", text, re.MULTILINE):
        return re.subn(rf"(assign {found[1]} = )", rf"\g<1>rst & {on} ? {value} : ", text)
    block = r"(if \(rst\) begin(?:(?!\bend\b).)*?\n\s+)"
    return re.subn(
        rf"{block}((?:if \(\S+\) )*{register} <= )([^;]+);", rf"\g<1>\g<2>{on} ? {value} : \g<3>;", text, flags=re.DOTALL
    )


def _taken(text: str, register: str, value: str, on: str) -> tuple[str, int]:
    def changed(found: re.Match[str]) -> str:
        return f"{found[1]}{on} ? ({value.replace('right', f'({found[2]})')}) : ({found[2]}){found[3]}"

    if found := re.search(rf"^\s+{register} <= (_\d+_);", text, re.MULTILINE):
        patterns = [
            rf"(assign _\d+_ = (?:[^;]* : )?\w+ \? )([^:;?]+)( : {register};)",
            rf"(assign {found[1]} = rst \? [^:;]+ : )([^;]+)(;)",
        ]
    else:
        patterns = [rf"(\b{register} <= )([a-z_]\w*)(;)", rf"(\b{register} <= )(?!\d)([^;]+)(;)"]  # the latter with no enable
    return next((found for found in (re.subn(pattern, changed, text) for pattern in patterns) if found[1]), (text, 0))


def _net(text: str, net: str, value: str, on: str) -> tuple[str, int]:
    pattern = rf"^(\s*(?:assign|wire(?: signed)?(?: \[[^\]]+\])?) {net} = )([^;]+);"
    return re.subn(
        pattern, lambda m: f"{m[1]}{on} ? ({value.replace('right', f'({m[2]})')}) : ({m[2]});", text, flags=re.MULTILINE
    )


def _pin(text: str, place: str, value: str, on: str) -> tuple[str, int]:
    instance, pin = place.split(".")
    found = re.search(rf" {instance} \((?:(?!;).)*?\.{pin}\(", text, re.DOTALL)
    if not found:
        return text, 0
    end, depth = found.end(), 1
    while depth:  # to the bracket that closes the pin's
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        end += 1
    right = text[found.end() : end - 1]
    return f"{text[: found.end()]}{on} ? ({value.replace('right', f'({right})')}) : ({right}){text[end - 1 :]}", 1


def _remembering(text: str, names: set[str], number: int) -> str:
    """Return a module in which ``after``, ``once`` and ``long`` of a fault are registers, or made of them."""
    if not names:
        return text
    after, once, long, held = (f"{name}_{number}" for name in ("after", "once", "long", "held"))
    declared, body, tail = re.match(r"(.*?^module \w+\s*\(.*?\);\n)(.*)(^endmodule.*)", text, re.DOTALL | re.MULTILINE).groups()
    registers = f"  reg {after}, {once};\n  reg [3:0] {held};\n  wire {long} = &{held};\n"
    moves = (
        f"  always @(posedge clk) begin\n    {after} <= rst;\n    {once} <= rst & ~{after};\n"
        f"    {held} <= rst ? {held} + {{3'd0, ~(&{held})}} : 4'd0;\n  end\n"
    )
    return f"{declared}{registers}{body}{moves}{tail}"


def _changed(core: Core, texts: dict[str, str], fault: HandFault, on: str, number: int) -> None:
    """Put one fault into the texts, by module; it is there where ``on`` is 1."""
    stem = f"{core.design.name}_{fault.module}" if fault.module else core.design.name
    value = re.sub(r"\b(after|once|long)\b", rf"\1_{number}", fault.value)
    texts[stem] = _remembering(texts[stem], set(re.findall(r"\b(?:after|once|long)\b", fault.value)), number)
    if fault.kind == "kept":
        texts[stem], count = _kept(texts[stem], fault.place, on)
    else:
        change = {"set": _set, "taken": _taken, "net": _net, "pin": _pin}[fault.kind]
        texts[stem], count = change(texts[stem], fault.place, value, on)
    if count != 1:
        raise ValueError(f"{core.manifest['generator']}: {fault.name} is found {count} times")


def altered(core: Core, fault: HandFault, folder: Path) -> Path:
    """Copy an emitted folder to ``folder`` with one fault in it, always."""
    shutil.copytree(core.folder, folder, ignore=shutil.ignore_patterns("results"))
    texts = {path.stem: path.read_text() for path in core.sources}
    _changed(core, texts, fault, "1'b1", 0)
    for path in core.sources:
        (folder / path.relative_to(core.folder)).write_text(texts[path.stem])
    return folder


def edited(core: Core, faults: list[HandFault], folder: Path) -> Core:
    """Return a copy of a core in ``folder`` with all faults in it; ``K`` turns on ``faults[K-1]``."""
    folder.mkdir()
    texts = {path.stem: path.read_text() for path in core.sources}
    # What is kept goes first: the other edits may hide where a register is reset.
    for number, fault in sorted(enumerate(faults, 1), key=lambda numbered: numbered[1].kind != "kept"):
        _changed(core, texts, fault, f"(sc_hw_bench.fault==32'd{number})", number)
    for stem, text in texts.items():
        (folder / f"{stem}.v").write_text(text)
    return dataclasses.replace(
        core,
        folder=folder,
        parts=(),
        texts={f"{stem}.v": text.encode() for stem, text in texts.items()},
        manifest={**core.manifest, "verilog": [f"{stem}.v" for stem in texts]},
    )


def _pending(module: str) -> list[HandFault]:
    """Return what a host request does that waits, with its data, while a core sweeps."""
    return [
        HandFault(module, "net", "issue_last", "right | (host_valid & (address_reg == 1))"),
        HandFault(module, "net", "write_last", "right | (host_valid & host_write & (write_address_reg == 1))"),
        HandFault(module, "net", "event_ready", "right & ~host_valid"),
        HandFault(module, "net", "write_data_0", "(host_valid & ~host_ready & sweeping) ? host_data : right"),
        HandFault(module, "pin", "memory_0.read_address", "(host_valid & sweeping) ? host_address : right"),
    ]


def faults_by_hand(core: Core) -> list[HandFault]:
    """Return the faults of a core, a layer or a crossbar."""
    design = core.design
    if not design.parts:
        own = _core_faults("", design.lanes, design.queued, design.words, bool(design.spec.lfsr))
        return [*own, *offered_in_resets(core)]
    fan_out = [HandFault("fanout", "kept", register) for register in ("replay_reg", "address_reg", "round_reg", "valid_reg")]
    stores = stores_of(design.graph)
    kept = [
        HandFault(f"{store.stream}_store", "kept", register)
        for store in stores.values()
        for register in ("write_reg", "read_reg", "full_reg", "valid_reg")
    ]
    resets = ("1'b0", "right & after", "right & ~command_valid")  # never, not in the first clock, not with a command on offer
    parts = [HandFault("", "pin", f"{place}.rst", value) for place in (*design.parts, "fan_out", *stores) for value in resets]
    pending = [
        fault
        for _, part in design.parts.values()
        for fault in _pending(part.name.removeprefix(f"{design.name}_"))[:2]
        if part.words > 2
    ]
    inside = [
        HandFault(part.name.removeprefix(f"{design.name}_"), "kept", register)
        for _, part in design.parts.values()
        for register in ("state_reg", "valid_reg", "word_valid_reg")
    ]
    between = _crossbar_faults(design) if isinstance(design, CrossbarDesign) else []
    return [*fan_out, *kept, *parts, *inside, *pending, *offered_in_resets(core), *between]


def offered_in_resets(core: Core) -> list[HandFault]:
    """Return what is taken, done or told of that sources offer in a reset."""
    design = core.design
    if not design.parts:
        return [*_offered("", _stored_late(core, design)), *_told("", "event")]
    faults = [
        fault
        for _, part in design.parts.values()
        if part.spec.state
        for fault in _offered(part.name.removeprefix(f"{design.name}_"), _stored_late(core, part))
    ]
    stores = stores_of(design.graph)
    faults += [HandFault("", "pin", f"{place}.rst", f"right & ~{store.stream}_valid") for place, store in stores.items()]
    return [*faults, *(fault for module, stream in _checkers(design) for fault in _told(module, stream))]


def _stored_late(core: Core, part: CoreDesign) -> str:
    """Return why a write that is done in a reset does not get to the memory: Amaranth resets a queue's registers, too."""
    return "the register in front of the memory is reset" if part.queued and core.manifest["generator"] == "amaranth" else ""


def _offered(module: str, stored_late: str) -> list[HandFault]:
    """Return what of a beat, an access or a command is done or kept that is on offer in a reset."""
    begun = "(command_accept ? 3'd1 : host_accept & ~host_write ? 3'd2 : 3'd0)"
    return [
        HandFault(module, "net", "host_store", "host_accept & host_write", stored_late),  # a write is done in a reset
        HandFault(module, "set", "state_reg", begun),  # a command or a read that is offered then is begun
        HandFault(module, "set", "host_passed_reg", "command_accept & host_valid"),  # a command that is offered then went first
        HandFault(module, "set", "fetch_valid_reg", "issue"),  # an event that is taken with the first clock of a reset
    ]


def _told(module: str, stream: str) -> list[HandFault]:
    """Return that a wrong mark is told which is counted in the clock of a reset."""
    return [
        HandFault(module, "set", f"{stream}_unexpected_reg", f"{stream}_breach & {stream}_last"),
        HandFault(module, "set", f"{stream}_missing_reg", f"{stream}_breach & ~{stream}_last"),
    ]


def _checkers(design: CoreDesign) -> list[tuple[str, str]]:
    """Return the module and the stream by which each stream outside is checked."""
    shown = {one[1]: one[0] for one in design.graph.outside if not isinstance(one, Stream)}
    ends = [{**shown, **design.graph.checks}[stream.name] for stream in design.streams if stream.checked]
    return [
        (design.graph.nodes[place].block.name.removeprefix(f"{design.name}_"), port)
        for place, port in (end.split(".") for end in ends)
    ]


def _core_faults(module: str, lanes: int, queued: bool, words: int, noise: bool) -> list[HandFault]:
    def net(place: str, value: str, hidden: str = "") -> HandFault:
        return HandFault(module, "net", place, value, hidden)

    faults = [
        *(HandFault(module, "kept", register) for register in ("state_reg", "fetch_valid_reg", "word_valid_reg", "valid_reg")),
        HandFault(module, "kept", "clearing_reg", hidden="the next command sets it"),
        *(HandFault(module, "set", "valid_reg", f"valid_reg & (1 << {stage})") for stage in (0, 3)),
        HandFault(module, "set", "state_reg", "(state_reg == 3'd4 ? 3'd4 : 3'd0)"),  # a read word survives a reset
        net("host_accept", "idle & host_valid"),  # an access begins in the clock in which a command is taken
        net("command_ready", "right | readback_valid"),  # a command is taken, and lost, while a read word waits
        net("command_ready", "right | (readback_valid & command_clear)"),  # only a clear is
        net("command_ready", "right & command_valid"),  # it waits to be offered one
        net("command_ready", "right & ~(host_data[1:0] == 3)"),  # it is late when the host's data, which nobody offers, ends so
        net("readback_valid", "right & ~(command_valid & command_clear)"),  # a read word is withdrawn when a clear comes
        net("host_store", "right & ~command_valid"),  # a write is lost when a command comes with it
        net("idle", "right | (state_reg == 3'd2)"),  # while a word is read
        # Who goes first: a clear, or a command behind a sweep's last word, passes an access twice; one withdrawn holds commands.
        HandFault(module, "taken", "host_passed_reg", "right & ~(command_accept & command_clear)"),
        HandFault(module, "taken", "host_passed_reg", "right & ~(command_accept & ~drained)"),
        HandFault(module, "taken", "host_passed_reg", "right | (host_passed_reg & ~host_accept)"),
        net("host_accept", "right & ~command_valid"),  # an access is lost that a command has waited for
        net("command_accept", "right & ~after"),  # the first command after a reset is lost
        net("command_accept", "right & ~(after & command_clear)"),
        net("host_accept", "right & ~(after & host_write)"),  # the first write after a reset is lost
        net("host_store", "right & ~after"),
        net("command_accept", "right & ~once"),  # the first command after a reset of one clock is lost
        net("command_accept", "right & ~(once & command_clear)"),
        net("host_accept", "right | (once & host_valid & ~command_valid & idle)", hidden="it is begun in that clock in any case"),
        *_pending(module),
        net("drained", "right | (clearing_reg & ~sweeping)"),  # a command is taken while a clear's last words are under way
        net("drained", "right | ~word_valid_reg"),
        # What the last word does alone in the pipeline is overlooked: in the first stage, in a middle one, when a host comes.
        net("drained", "right | (fetch_valid_reg & ~word_valid_reg & ~(|valid_reg))"),
        net("drained", "right | ((valid_reg == 1) & ~word_valid_reg & ~fetch_valid_reg)"),
        net("drained", "right | (fetch_valid_reg & ~word_valid_reg & ~(|valid_reg) & host_valid & host_write)"),
        net("write_back", "right & ~command_valid"),
        net("pushed_last" if queued else "result_last", "right | (write_address_reg == 1)"),
        net("issue_last", "right & ~clearing_reg | (clearing_reg & address_reg == 1)"),
        HandFault(module, "pin", "memory_0.read_enable", "right & ~(command_valid & sweeping)"),
        HandFault(module, "pin", "memory_0.write_enable", "right | long"),  # a reset that is held for long
        net("readback_data", "right ^ (readback_valid & host_valid & command_valid)"),  # everything that can wait does
        HandFault(
            module, "pin", "lane_0.word_in", "right ^ (result_valid & readback_ready & host_valid & command_valid & event_valid)"
        ),
    ]
    if noise:
        restart = "lane_0.restart"
        faults += [
            HandFault(module, "pin", restart, "clearing_reg"),
            HandFault(module, "pin", restart, "rst"),
            HandFault(module, "pin", restart, "(rst & ~word_valid_reg) | clearing_reg"),
            HandFault(module, "pin", restart, "(rst & ~(|valid_reg)) | clearing_reg"),
            HandFault(module, "pin", restart, "(rst & ~fetch_valid_reg) | clearing_reg"),
            HandFault(module, "pin", restart, "(rst & after) | clearing_reg"),  # the first clock of a reset is lost
            HandFault(module, "pin", "lane_0.accept", "right & ~host_valid"),
            HandFault("lane", "pin", "random.step", "right & ~restart", hidden="a restart wins over a step"),
            HandFault("lane", "pin", "datapath.noise_weight_noise", "right ^ (word_in[2:0] == 3'h5)"),
            HandFault("lane", "pin", "datapath.noise_weight_noise", "right ^ (word_in[13:0] == 14'h1a5a)", rare=_RARE),
        ]
    if not queued:
        faults.append(net("write_data_0", "(clearing_reg & host_valid) ? host_data : right"))  # a write that waits for a clear
    else:
        faults += [
            *(HandFault("queue", "kept", register) for register in ("promised_reg", "read_reg", "write_reg", "valid_reg")),
            HandFault("queue", "set", "promised_reg", "1"),
            HandFault("queue", "set", "promised_reg", "promised_reg >> 2"),
            HandFault("queue", "net", "waiting", "|promised_reg"),
            HandFault("queue", "net", "room", "right | result_ready", hidden="a slot becomes free in that clock"),
            HandFault("queue", "net", "room", "1'b1"),
            HandFault("queue", "net", "stored", "|((write_reg ^ read_reg) << 1)"),  # full is taken for empty
            net("write_enable_0", "right & ~(store_0_reg & command_valid)"),
            HandFault(module, "pin", "result_queue_0.rst", "right & after"),  # the first clock of a reset is lost
            HandFault(module, "pin", "result_queue_0.rst", "right & ~event_valid"),
            HandFault(module, "pin", "result_queue_0.reserve", "right & ~host_valid"),
        ]
        if lanes > 4:
            faults += [
                HandFault(module, "pin", "result_queue_1.rst", "1'b0"),
                HandFault(module, "pin", "result_queue_0.rst", "1'b0"),
                HandFault(module, "pin", "result_queue_1.push", "right & ~host_valid"),
                HandFault(module, "pin", "result_queue_1.result_ready", "right & ~command_valid"),
            ]
    return faults


def _crossbar_faults(design: CrossbarDesign) -> list[HandFault]:
    faults = []
    if design.rows:
        rows = [
            HandFault("rows", "kept", register)
            for register in ("stale_reg", "row_reg", "valid_reg", "word_reg", "result_row_reg")
        ]
        faults += [
            *rows,
            HandFault("rows", "kept", "open_reg", hidden="no neuron gives anything before the next timestep begins"),
            HandFault("rows", "kept", "full_reg", hidden="the next timestep sets it"),
            HandFault("rows", "kept", "reached_reg", hidden="the first timestep after a reset visits all rows"),
            HandFault("rows", "set", "stale_reg", "~valid_reg"),
            HandFault("rows", "set", "stale_reg", "~open_reg"),
            HandFault("rows", "set", "stale_reg", "stale_reg | ~silent_reg"),
            HandFault("rows", "net", "known", "1'b1"),
            HandFault("rows", "taken", "full_reg", "right & ~full_reg"),  # of two changes one after the other the second is lost
            HandFault("rows", "net", "first_word", "right | (word_reg == 1)"),  # what the first word of a row says is forgotten
            HandFault("rows", "net", "level_now", "last_word ? level_reg : right"),  # the last word is not asked
            HandFault("rows", "net", "rest", "result_rest[1:0]"),  # the first lane speaks for all
            HandFault("rows", "net", "met", "right & silent_reg"),
            HandFault("rows", "net", "rests", "level[0]"),
            HandFault("rows", "net", "rests", "level[1]"),
            HandFault("rows", "net", "input_offered", "right & silent_reg"),
            HandFault("", "pin", "row_filter.changed", "command_valid & command_ready & command_clear"),
            HandFault("", "pin", "row_filter.changed", "host_valid & host_ready & host_write"),
            HandFault("", "pin", "row_filter.changed", "right & ~host_address[0]"),
            HandFault("", "pin", "row_filter.rst", "1'b0"),
            HandFault("", "pin", "row_filter.rst", "right & after"),
            HandFault("", "pin", "row_filter.begins", "right & ~after"),
            HandFault("", "pin", "row_filter.begins", "right & ~once"),
            HandFault("", "pin", "pre.command_valid", "right & ~after"),
            *(HandFault("rows", "net", "traces_offered", value) for value in _other_bounds(design)),
        ]
    for owner in design.addresses:
        module = f"{owner}_addresses"
        faults += [
            *(HandFault(module, "kept", register) for register in ("open_reg", "quiet_reg", "read_reg", "word_reg", "valid_reg")),
            HandFault(module, "net", "written_0", "open_reg ? right : right & ~quiet_reg"),  # spikes outlive a reset
            *(
                HandFault("", "pin", f"{owner}_decoder.rst", value)
                for value in ("1'b0", "right & after", "right & ~command_valid")
            ),
        ]
    return faults


def _other_bounds(design: CrossbarDesign) -> list[str]:
    """Return whether the first bounded field of a presynaptic neuron is at or above a bound that is a bit off, either way."""
    assert design.rows
    f, low = next((f, low) for f, low in design.rows.slices() if f.name in design.rows.bounds)
    bound = design.rows.bounds[f.name]
    high = low + f.bits - 1
    return [f"|pre_data[{high}:{low + exponent}]" for exponent in (bound - 1, bound + 1) if 0 <= exponent < f.bits]
