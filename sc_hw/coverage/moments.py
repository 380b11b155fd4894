"""The moments of a design: what can be so in one clock, as a Verilog condition over its ports, and the scene that leads there.

The bench watches for them and resets a core in the very clock in which one holds. Conditions read ports only, those of the
design and of the modules inside it, so that they mean the same in both generators and in an edited or a planted netlist.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..rtl.addresses import AddressesDesign
from ..rtl.crossbar import CrossbarDesign
from ..rtl.design import CoreDesign
from ..rtl.joint import FanoutDesign
from ..rtl.layer import LayerDesign
from ..rtl.rows import RowsDesign

__all__ = ["Moment", "moments", "watcher"]

_HELD = ("idle", "a result waits", "a read word waits", "a clear drains", "last event is taken", "a host write, clock 1")
_VISITED = ("inside a round", "results under way", "a row waits")  # moments that need a row that is not skipped
_FLAGS = ("sweeping", "clearing", "reading", "writing", "after", "once", "playing", "wiping")  # what is kept in one bit


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A ``condition`` in Verilog and the ``scene`` of the bench, at the core number ``part`` of the design, that leads to it.

    ``reset``: the core is reset in this clock, for one clock, and where ``held`` for eight in another trial. ``meets``: the
    scene is also played to its end. ``many`` is how many timesteps or clocks a scene has whose length is not its own.
    """

    name: str
    condition: str
    scene: str
    part: int = 0
    reset: bool = True
    meets: bool = False
    many: int = 1

    @property
    def held(self) -> bool:
        """Whether a long reset begins here, too."""
        return self.reset and self.name.rpartition(": ")[2] in _HELD


@dataclass(frozen=True)
class _Place:
    """A module in the bench: ``path`` begins its ports, ``tag`` the names of what is kept of it; ``title`` begins its moments."""

    path: str
    tag: str
    title: str
    part: int

    def port(self, name: str) -> str:
        return f"{self.path}.{name}"

    def moves(self, stream: str) -> str:
        return f"({self.path}.{stream}_valid & {self.path}.{stream}_ready)"

    def waits(self, stream: str) -> str:
        return f"({self.path}.{stream}_valid & ~{self.path}.{stream}_ready)"

    def moment(self, name: str, condition: str, scene: str, *, reset: bool = True, meets: bool = False, many: int = 1) -> Moment:
        return Moment(name=self.title + name, condition=condition, scene=scene, part=self.part, reset=reset, meets=meets,
                      many=many)  # fmt: skip


def _places(count: int) -> dict[str, int]:
    """Return the first, a middle and the last of some, as far as these differ."""
    return {name: place for name, place in {"a middle": count // 2, "first": 0, "last": count - 1}.items()
            if name == "last" or (place < count - 1 and (name == "first" or place))}  # fmt: skip


def moments(design: CoreDesign, core: int) -> list[Moment]:
    """Return the moments of a design that is core number ``core`` of a bench."""
    top = f"core_{core}"
    idle = Moment(name="idle", condition=f"{top}.idle & ~{top}.command_valid", scene="idle")
    crossbar = isinstance(design, CrossbarDesign)
    row_words = design.post.words if isinstance(design, CrossbarDesign) else 0
    engines = _engines(design, core)
    result = [idle]
    for place, part in engines:
        result += [*_engine(part, place, crossbar=crossbar, row_words=row_words), *_alone(design, part, place)]
    fan = _Place(f"{top}.fan_out", f"fan_{core}", "fan-out: ", 2 if crossbar else 1)
    if isinstance(design, LayerDesign):
        result += _fanout(design.fanout, fan, waits=design.words > design.pipeline_depth)
    if isinstance(design, CrossbarDesign):
        joint = [*_fanout(design.fanout, fan, waits=design.words > design.pipeline_depth)]
        if design.rows:
            joint += _filter(design.rows, _Place(f"{top}.row_filter", f"rows_{core}", "row filter: ", 2))
        for number, (owner, addresses) in enumerate(design.addresses.items()):
            joint += _decoder(addresses, _Place(f"{top}.{owner}_decoder", f"{owner}_spikes_{core}", f"{owner} decoder: ", number))
        if design.rows:  # what is forgotten wrongly shows where rows can be skipped
            always = [m for m in (idle, *joint) if m.scene in ("timestep", "idle") and not m.name.endswith(_VISITED)]
            joint += [replace(m, name=f"{m.name}, rows at rest", scene="rest") for m in always]
        result += joint
    return result


def _engines(design: CoreDesign, core: int) -> Iterator[tuple[_Place, CoreDesign]]:
    """Yield the cores of a design with their places; a part's number is that of its bench."""
    if not design.parts:
        yield _Place(f"core_{core}", f"core_{core}", "", 0), design
    numbers = {"neurons": 0, "pre": 0, "post": 1, "synapses": 1 if isinstance(design, LayerDesign) else 2}
    for place, (_, part) in design.parts.items():
        yield _Place(f"core_{core}.{place}", f"{place}_{core}", f"{place}: ", numbers[place]), part


def _engine(design: CoreDesign, at: _Place, *, crossbar: bool, row_words: int) -> Iterator[Moment]:
    """Yield the moments of an engine, alone or as a part; a presynaptic neuron's row takes ``row_words`` in a crossbar."""
    t, port, moment = at.tag, at.port, at.moment
    neurons = at.title in ("pre: ", "post: ")  # of a crossbar: they take their commands with the synapses, and are done before
    taken, event, clear = at.moves("command"), at.moves("event"), port("command_clear")
    depth, most = design.pipeline_depth, min(design.words, design.pipeline_depth)
    yield moment("a timestep is taken", f"{taken} & ~{clear}", "timestep")
    yield moment("a clear is taken", f"{taken} & {clear}", "clear")
    yield moment(
        "a sweep waits for its first event", f"{t}_sweeping & ~{t}_clearing & ({t}_words == 0) & ~{event}", "late events"
    )
    for name, word in _places(design.words).items():
        yield moment(f"{name} event is taken", f"{t}_sweeping & {event} & ({t}_words == {word})", "timestep")
        yield moment(f"{name} word is cleared", f"{t}_sweeping & {t}_clearing & ({t}_words == {word})", "clear")
    for level in range(1, most + 1):
        yield moment(f"{level} of {depth} stages filled", f"~{t}_clearing & ({t}_pipe == {(1 << level) - 1})", "timestep")
    for level in range(1, most):
        left = ((1 << level) - 1) << (depth - level)
        yield moment(f"the last {level} of {depth} stages drain", f"~{t}_clearing & ({t}_pipe == {left})", "timestep")
    yield moment("a clear drains", f"{t}_clearing & ~{t}_sweeping & ({t}_pipe != 0)", "clear")
    if not neurons:
        whole = replace(at, path=at.path.removesuffix(".synapses")) if crossbar else at  # where all cores take a command together
        waits = f"{whole.waits('command')} & ({t}_sweeping | ({t}_pipe != 0))"
        yield moment(
            "a clear waits for a timestep",
            f"{waits} & {whole.port('command_clear')} & ~{t}_clearing",
            "timestep, clear",
            meets=True,
        )
        yield moment(
            "a timestep waits for a clear",
            f"{waits} & ~{whole.port('command_clear')} & {t}_clearing",
            "clear, timestep",
            meets=True,
        )
        if design.overlap:
            yield moment("a timestep is taken while the last one drains", f"{taken} & ({t}_pipe != 0)", "timesteps", meets=True)
        longer = (design.queue_slots if design.queued else 0) + depth + 2
        yield moment("a result waits for longer than all of them take", f"{t}_waited == {longer}", "results wait", meets=True)
    # What postsynaptic neurons give is stored at once, and what one presynaptic neuron gives goes into the row filter.
    if at.title != "post: " and (at.title != "pre: " or design.words > 1):
        yield moment("a result waits", at.waits("result"), "results wait")
    if at.title != "post: " and (at.title != "pre: " or (design.words > 1 and row_words > 1)):
        yield moment("the last result waits", f"{at.waits('result')} & {port('result_last')}", "last results wait")
    if design.queued:
        # Short sweeps fill it, too, one after the other: a command does not wait for results to leave.
        slots = design.queue_slots
        for owed in sorted({1, 2, 3, slots // 2, slots - 1, slots, slots + 1}):  # the last one is on offer
            yield moment(f"{owed} results are owed", f"{t}_owed == {owed}", "many results wait", many=-(-owed // design.words))
        full = f"{t}_sweeping & {at.waits('event')} & {at.waits('result')}"
        yield moment("the queue is full", full, "many results wait", meets=True, many=-(-(slots + 2) // design.words))
    yield from _host(design, at)


def _alone(design: CoreDesign, part: CoreDesign, at: _Place) -> Iterator[Moment]:
    """Yield that the last word of a timestep follows so late that it is alone in the pipeline, and what waits for it.

    Then that it is a few clocks late and everything else waits. Of the cores whose event beats the bench can hold back before
    it: a lone one, the neurons of a layer, which is also asked to hold back its synapses where a round has one word, and
    postsynaptic neurons whose spikes come as bits.
    """
    if isinstance(design, CrossbarDesign):
        if at.title != "post: " or design.addresses:
            return
    elif isinstance(design, LayerDesign) and at.title == "synapses: " and design.fanout.words > 1:
        return
    t, port = at.tag, at.port
    clear, write = port("command_clear"), port("host_write")
    waits = {
        "clear": f"{port('command_valid')} & {clear}",
        "timestep": f"{port('command_valid')} & ~{clear}",
        "read": f"{port('host_valid')} & ~{write}",
        "write": f"{port('host_valid')} & {write}",
    }
    waits["clear and write"] = f"{waits['clear']} & {waits['write']}"
    for what, condition in waits.items():
        if at.title != "post: " or what in ("read", "write"):
            met = f"~{t}_sweeping & ~{t}_clearing & ({t}_pipe == 1) & {condition}"
            yield at.moment(f"a {what} and the last word alone", met, f"late last event, {what}", reset=False, meets=True)
    # Everything else is asked for while the last word enters, some clocks behind the one before it.
    depth = part.pipeline_depth
    for gap in sorted({2, depth // 2, depth - 2, depth - 1, depth}) if part.words > 1 and at.title != "post: " else ():
        last = f"{at.moves('event')} & ({t}_words == {part.words - 1}) & (({t}_pipe & {(1 << gap) - 1}) == {1 << (gap - 1)})"
        for verb in ("read", "write"):
            yield at.moment(
                f"the last event {gap} clocks behind, and a timestep and a {verb} wait",
                f"{last} & {waits['timestep']} & {waits[verb]}", f"last event a bit late, {verb}",
                reset=False, meets=True, many=gap - 1,
            )  # fmt: skip


def _host(design: CoreDesign, at: _Place) -> Iterator[Moment]:
    """Yield the moments of a host port."""
    t, port, moment = at.tag, at.port, at.moment
    write, offered, clear = port("host_write"), port("command_valid"), port("command_clear")
    accept = f"({port('idle')} & {port('host_valid')} & ~{offered})"
    yield moment("a host read is begun", f"{accept} & ~{write}", "read")
    yield moment("a host write is begun", f"{accept} & {write}", "write")
    for clock in range(1, 3 + len(design.readback_tree)):
        yield moment(f"a host read, clock {clock}", f"{t}_reading & ({t}_since == {clock})", "read")
    for clock in range(1, 3 if design.queued else 2):
        yield moment(f"a host write, clock {clock}", f"{t}_writing & ({t}_since == {clock})", "write")
    held = at.waits("readback")
    yield moment("a read word waits", held, "held read")
    for name, command in (("timestep", f"{offered} & ~{clear}"), ("clear", f"{offered} & {clear}")):
        for verb, which in (("read", f"~{write}"), ("write", write)):
            met = f"{port('idle')} & {command} & {port('host_valid')} & {which}"
            yield moment(f"a {name} and a host {verb} in one clock", met, f"{name} with {verb}", meets=True)
            under_way = f"{t}_reading" if verb == "read" else f"{t}_writing"
            yield moment(f"a {name} waits for a host {verb}", f"{under_way} & {command}", f"{verb} before {name}", meets=True)
        yield moment(f"a {name} waits while a read word waits", f"{held} & {command}", f"held read before {name}", meets=True)
        for verb, which in (("read", f"~{write}"), ("write", write)):
            met = f"{held} & {command} & {port('host_valid')} & {which}"
            yield moment(
                f"a {name} and a host {verb} wait while a read word waits", met, f"held read before {name}, {verb}", meets=True
            )
        yield from _after(at, f"a {name}", f"{at.moves('command')} & {command}", name)
    for verb, which in (("read", f"~{write}"), ("write", write)):
        yield from _after(at, f"a host {verb}", f"{accept} & {which}", verb)


def _after(at: _Place, what: str, condition: str, scene: str) -> Iterator[Moment]:
    """Yield that something happens in the first clock after a reset, one of several clocks or of one."""
    for flag, reset, played in (("after", "a reset", "reset"), ("once", "a reset of one clock", "short reset")):
        yield at.moment(
            f"{what} in the first clock after {reset}", f"{at.tag}_{flag} & {condition}", f"{played}, {scene}",
            reset=False, meets=True,
        )  # fmt: skip


def _fanout(design: FanoutDesign, at: _Place, *, waits: bool) -> Iterator[Moment]:
    """Yield the moments of what stores and plays between cores; ``waits`` if the synapses have more words than stages."""
    t = at.tag
    for name, word in _places(design.words).items():
        yield at.moment(f"{name} word is stored", f"{at.moves('stored')} & ({t}_stored == {word})", "timestep")
    yield at.moment("all is stored", f"{t}_playing & ({t}_round == 0) & ~{at.port('beat_valid')}", "timestep")
    for name, number in _places(design.rounds).items():
        yield at.moment(f"{name} round ends", f"{at.moves('played')} & ({t}_round == {number})", "timestep")
    if design.words > 1:
        yield at.moment("a beat inside a round", f"{at.moves('beat')} & ({t}_beat == {design.words // 2})", "timestep")
    if waits:
        yield at.moment("a beat waits", at.waits("beat"), "results wait")


def _filter(design: RowsDesign, at: _Place) -> Iterator[Moment]:
    """Yield the moments of what decides which rows are skipped."""
    t, skip = at.tag, at.port("result_skip")
    yield at.moment("a timestep begins", at.port("begins"), "timestep")
    for name, row in _places(design.rows).items():
        yield at.moment(f"{name} row enters", f"{at.moves('pre')} & ({t}_row == {row})", "timestep")
    yield at.moment("a row waits", at.waits("played"), "timestep")
    for name, row in _places(design.rows).items():
        moved = f"{at.port('result_moves')} & ~{skip} & ({t}_left == {row})"
        yield at.moment(f"{name} row's results under way", f"{moved} & ({t}_word == {(design.words - 1) // 2})", "timestep")
    for name, row in _places(design.rows).items():
        yield at.moment(
            f"{name} row is skipped", f"{at.moves('played')} & {at.port('played_skip')} & ({t}_row_out == {row})", "rest"
        )
    yield at.moment("a skipped row's result leaves", f"{at.port('result_moves')} & {skip}", "rest")


def _decoder(design: AddressesDesign, at: _Place) -> Iterator[Moment]:
    """Yield the moments of what takes address events."""
    t, end, event = at.tag, at.port("event_end"), at.moves("event")
    for name, word in _places(design.words).items():
        yield at.moment(f"wipes {name} word", f"{t}_wiping & ~{at.port('event_ready')} & ({t}_age == {word})", "wipe")
    yield at.moment("no event yet", f"{at.port('event_ready')} & ~{at.port('event_valid')}", "late events")
    yield at.moment("a spike is taken", f"{event} & ~{end}", "all spike")
    yield at.moment("the events end", f"{event} & {end}", "timestep")
    for name, word in _places(design.words).items():
        yield at.moment(f"{name} word leaves", f"{at.moves('beat')} & ({t}_word == {word})", "timestep")


# What is kept from clock to clock: for each module its registers and what they become.


def _engine_registers(design: CoreDesign, at: _Place) -> dict[str, str]:
    t, port = at.tag, at.port
    depth, event, command = design.pipeline_depth, at.moves("event"), at.moves("command")
    issue = f"({t}_sweeping & ({t}_clearing | {event}))"
    step = f"({port('event_skip')} & ~{t}_clearing ? {design.row_words} : 1)" if design.row_words else "1"
    enable = "1" if design.queued else f"(~{port('result_valid')} | {port('result_ready')})"
    accept = f"({port('idle')} & {port('host_valid')} & ~{port('command_valid')})"
    write_clocks = 2 if design.queued else 1
    registers = {
        f"{t}_pipe": f"{enable} ? ({t}_pipe << 1 | {issue}) & {(1 << depth) - 1} : {t}_pipe",
        f"{t}_sweeping": f"{command} | ({t}_sweeping & ~({issue} & ({t}_words + {step} == {design.words})))",
        f"{t}_words": f"{command} ? 0 : {issue} ? {t}_words + {step} : {t}_words",
        f"{t}_clearing": f"{command} ? {port('command_clear')} : {t}_clearing",
        f"{t}_reading": f"{accept} ? ~{port('host_write')} : {t}_reading & ~{at.moves('readback')}",
        f"{t}_writing": f"{accept} ? {port('host_write')} : {t}_writing & ({t}_since < {write_clocks})",
        f"{t}_since": f"{accept} ? 1 : {t}_since + 1",
        f"{t}_waited": f"{at.waits('result')} ? {t}_waited + 1 : 0",
        f"{t}_after": "0",
        f"{t}_once": "0",
    }
    if design.queued:
        registers[f"{t}_owed"] = f"{t}_owed + {event} - {at.moves('result')}"
    return registers


def _registers(design: CoreDesign, core: int) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Yield for each module the next values of its registers, and those after a reset that are not 0."""
    for place, part in _engines(design, core):
        # The first clock of a reset is one after which the next is not the first.
        yield _engine_registers(part, place), {f"{place.tag}_after": "1", f"{place.tag}_once": f"~{place.tag}_after"}
    if isinstance(design, LayerDesign | CrossbarDesign):
        at, fan = _Place(f"core_{core}.fan_out", f"fan_{core}", "", 0), design.fanout
        ends = f"({at.tag}_round == {fan.rounds - 1})"
        t, stored, played, beat = at.tag, at.moves("stored"), at.moves("played"), at.moves("beat")
        yield (
            {
                f"{t}_playing": f"{stored} & ({t}_stored == {fan.words - 1}) | {t}_playing & ~({played} & {ends})",
                f"{t}_stored": f"{stored} ? ({t}_stored == {fan.words - 1} ? 0 : {t}_stored + 1) : {t}_stored",
                f"{t}_round": f"{played} ? ({t}_round == {fan.rounds - 1} ? 0 : {t}_round + 1) : {t}_round",
                f"{t}_beat": f"{stored} ? 0 : {t}_beat + {beat}",
            },
            {},
        )
    if isinstance(design, CrossbarDesign) and design.rows:
        at, rows = _Place(f"core_{core}.row_filter", f"rows_{core}", "", 0), design.rows
        t, moved, skip = at.tag, at.port("result_moves"), at.port("result_skip")
        ends = f"({moved} & ({skip} | ({t}_word == {rows.words - 1})))"
        yield (
            {
                f"{t}_row": f"{at.moves('pre')} ? ({t}_row == {rows.rows - 1} ? 0 : {t}_row + 1) : {t}_row",
                f"{t}_row_out": f"{at.moves('played')} ? ({t}_row_out == {rows.rows - 1} ? 0 : {t}_row_out + 1) : {t}_row_out",
                f"{t}_left": f"{ends} ? ({t}_left == {rows.rows - 1} ? 0 : {t}_left + 1) : {t}_left",
                f"{t}_word": f"{ends} ? 0 : {t}_word + {moved}",
            },
            {},
        )
    if isinstance(design, CrossbarDesign):
        for owner, addresses in design.addresses.items():
            at = _Place(f"core_{core}.{owner}_decoder", f"{owner}_spikes_{core}", "", 0)
            t = at.tag
            yield (
                {
                    f"{t}_wiping": f"{t}_wiping & ~{at.port('event_ready')}",
                    f"{t}_age": f"{t}_age + 1",
                    f"{t}_word": f"{at.moves('beat')} ? ({t}_word == {addresses.words - 1} ? 0 : {t}_word + 1) : {t}_word",
                },
                {f"{t}_wiping": "1"},
            )


def watcher(design: CoreDesign, core: int) -> str:
    """Return the Verilog of the bench that tells ``sc_hw_corner`` of the moments of each clock and resets when that says so.

    It reads ``rst_K``, drives ``fire_K``, and does nothing while ``watch_K`` is low, which may change in a reset only.
    """
    following: dict[str, str] = {}
    after: dict[str, str] = {}
    for registers, own in _registers(design, core):
        following |= registers
        after |= dict.fromkeys(registers, "0") | own
    kept = "".join(f"  reg {'' if name.endswith(_FLAGS) else '[31:0] '}{name} = 0;\n" for name in following)
    held = "".join(f"    now_{core}[{k}] = {moment.condition};\n" for k, moment in enumerate(moments(design, core)))
    moves = "".join(f"    {name} <= rst_{core} | fire_{core} ? {after[name]} : {value};\n" for name, value in following.items())
    return (
        f"{kept}  reg [`SC_HW_MOMENTS-1:0] now_{core} = 0;\n"
        f"  always @(negedge clk) if (watch_{core}) begin\n    now_{core} = 0;\n{held}"
        f"    fire_{core} = sc_hw_streams::sc_hw_corner({core}, `SC_HW_MOMENTS / 32, now_{core});\n{moves}"
        f"  end else fire_{core} = 0;\n"
    )
