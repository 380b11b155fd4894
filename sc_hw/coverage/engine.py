"""The moments of an engine, alone or as a part of a design, and what the bench keeps of it to know them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..rtl.design import CoreDesign
from .moment import Moment, Place, Registers, places

__all__ = ["Part", "engine_moments", "engine_registers"]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A core of a design and what its surroundings let happen to it.

    ``commanded``: the bench gives it its commands itself; ``commands`` is the path of the module that takes them with it for
    other cores, too. ``results_wait``, ``last_result_waits``: something can hold its results back. ``late``: the bench can hold
    back its event beats, so that the last one of a timestep is alone in the pipeline. ``ahead``: it is idle before another core
    that takes commands with it.
    """

    place: Place
    design: CoreDesign
    commanded: bool = True
    commands: str = ""
    results_wait: bool = True
    last_result_waits: bool = True
    late: bool = True
    ahead: bool = False


def engine_moments(part: Part) -> Iterator[Moment]:
    """Yield the moments of an engine, alone or as a part."""
    design, at = part.design, part.place
    t, port, moment = at.tag, at.port, at.moment
    taken, event, clear = at.moves("command"), at.moves("event"), port("command_clear")
    depth, most = design.pipeline_depth, min(design.words, design.pipeline_depth)
    yield moment("a timestep is taken", f"{taken} & ~{clear}", "timestep")
    yield moment("a clear is taken", f"{taken} & {clear}", "clear")
    yield moment(
        "a sweep waits for its first event", f"{t}_sweeping & ~{t}_clearing & ({t}_words == 0) & ~{event}", "late events"
    )
    for name, word in places(design.words).items():
        yield moment(f"{name} event is taken", f"{t}_sweeping & {event} & ({t}_words == {word})", "timestep")
        yield moment(f"{name} word is cleared", f"{t}_sweeping & {t}_clearing & ({t}_words == {word})", "clear")
    for level in range(1, most + 1):
        yield moment(f"{level} of {depth} stages filled", f"~{t}_clearing & ({t}_pipe == {(1 << level) - 1})", "timestep")
    for level in range(1, most):
        left = ((1 << level) - 1) << (depth - level)
        yield moment(f"the last {level} of {depth} stages drain", f"~{t}_clearing & ({t}_pipe == {left})", "timestep")
    yield moment("a clear drains", f"{t}_clearing & ~{t}_sweeping & ({t}_pipe != 0)", "clear")
    if part.commanded:
        whole = replace(at, path=part.commands or at.path)
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
    if part.results_wait:
        yield moment("a result waits", at.waits("result"), "results wait")
    if part.last_result_waits:
        yield moment("the last result waits", f"{at.waits('result')} & {port('result_last')}", "last results wait")
    if design.queued:
        # Short sweeps fill it, too, one after the other: a command does not wait for results to leave.
        slots = design.queue_slots
        for owed in sorted({1, 2, 3, slots // 2, slots - 1, slots, slots + 1}):  # the last one is on offer
            yield moment(f"{owed} results are owed", f"{t}_owed == {owed}", "many results wait", many=-(-owed // design.words))
        full = f"{t}_sweeping & {at.waits('event')} & {at.waits('result')}"
        yield moment("the queue is full", full, "many results wait", meets=True, many=-(-(slots + 2) // design.words))
    yield from _host(part)
    if part.late:
        yield from _alone(part)


def _alone(part: Part) -> Iterator[Moment]:
    """Yield that the last word of a timestep follows so late that it is alone in the pipeline, and what waits for it.

    Then that it is a few clocks late and everything else waits.
    """
    at, design = part.place, part.design
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
        if part.commanded or what in ("read", "write"):
            met = f"~{t}_sweeping & ~{t}_clearing & ({t}_pipe == 1) & {condition}"
            yield at.moment(f"a {what} and the last word alone", met, f"late last event, {what}", reset=False, meets=True)
    # Everything else is asked for while the last word enters, some clocks behind the one before it.
    depth = design.pipeline_depth
    for gap in sorted({2, depth // 2, depth - 2, depth - 1, depth}) if design.words > 1 and part.commanded else ():
        last = f"{at.moves('event')} & ({t}_words == {design.words - 1}) & (({t}_pipe & {(1 << gap) - 1}) == {1 << (gap - 1)})"
        for verb in ("read", "write"):
            yield at.moment(
                f"the last event {gap} clocks behind, and a timestep and a {verb} wait",
                f"{last} & {waits['timestep']} & {waits[verb]}",
                f"last event a bit late, {verb}",
                reset=False,
                meets=True,
                many=gap - 1,
            )


def _host(part: Part) -> Iterator[Moment]:
    """Yield the moments of a host port."""
    design, at = part.design, part.place
    t, port, moment = at.tag, at.port, at.moment
    write, offered, clear = port("host_write"), port("command_valid"), port("command_clear")
    accept = at.moves("host")
    yield moment("a host read is begun", f"{accept} & ~{write}", "read")
    yield moment("a host write is begun", f"{accept} & {write}", "write")
    for clock in range(1, 3 + len(design.readback_tree)):
        yield moment(f"a host read, clock {clock}", f"{t}_reading & ({t}_since == {clock})", "read")
    if design.queued:  # else a write takes the clock in which it is taken
        yield moment("a host write, clock 1", f"{t}_writing & ({t}_since == 1)", "write")
    held = at.waits("readback")
    yield moment("a read word waits", held, "held read")
    for name, command in (("timestep", f"{offered} & ~{clear}"), ("clear", f"{offered} & {clear}")):
        for verb, which in (("read", f"~{write}"), ("write", write)):
            met = f"{port('idle')} & {command} & {port('host_valid')} & {which}"
            yield moment(f"a {name} and a host {verb} in one clock", met, f"{name} with {verb}", meets=True)
            under_way = f"{t}_reading" if verb == "read" else f"{t}_writing"
            if verb == "read" or design.queued:
                waits = f"{under_way} & {command}"
                yield moment(f"a {name} waits for a host {verb}", waits, f"{verb} before {name}", meets=True)
        yield moment(f"a {name} waits while a read word waits", f"{held} & {command}", f"held read before {name}", meets=True)
        for verb, which in (("read", f"~{write}"), ("write", write)):
            met = f"{held} & {command} & {port('host_valid')} & {which}"
            yield moment(
                f"a {name} and a host {verb} wait while a read word waits", met, f"held read before {name}, {verb}", meets=True
            )
        yield from _after(at, f"a {name}", f"{at.moves('command')} & {command}", name)
    for verb, which in (("read", f"~{write}"), ("write", write)):  # of two that wait the one is next that the other went before
        served = f"{accept} & {which} & {offered}"
        yield at.moment(
            f"a host {verb} is served that a timestep went before, and the next one waits",
            served,
            f"timestep with {verb}, timestep",
            reset=False,
            meets=True,
        )
        if part.ahead:
            waits = f"{port('idle')} & {offered} & {clear} & {port('host_valid')} & {which} & ~{port('command_others')}"
            yield at.moment(
                f"a host {verb} waits for a clear that waits for another core",
                waits,
                f"all spike, clear, late {verb}",
                reset=False,
                meets=True,
            )
    # A reset in it must leave no memory of it: the first command after the reset goes before an access that is there, too.
    yield moment("a host read waits that a timestep went before", f"{t}_passed & ~{write}", "timestep with read")
    for verb, which in (("read", f"~{write}"), ("write", write)):
        yield from _after(at, f"a host {verb}", f"{accept} & {which}", verb)


def _after(at: Place, what: str, condition: str, scene: str) -> Iterator[Moment]:
    """Yield that something happens in the first clock after a reset, one of several clocks or of one."""
    for flag, reset, played in (("after", "a reset", "reset"), ("once", "a reset of one clock", "short reset")):
        yield at.moment(
            f"{what} in the first clock after {reset}",
            f"{at.tag}_{flag} & {condition}",
            f"{played}, {scene}",
            reset=False,
            meets=True,
        )


def engine_registers(part: Part) -> Registers:
    """Return the registers of an engine; the first clock of a reset is one after which the next is not the first."""
    design, at = part.design, part.place
    t, port = at.tag, at.port
    depth, event, command = design.pipeline_depth, at.moves("event"), at.moves("command")
    issue = f"({t}_sweeping & ({t}_clearing | {event}))"
    step = f"({port('event_skip')} & ~{t}_clearing ? {design.row_words} : 1)" if design.row_words else "1"
    enable = "1" if design.queued else f"(~{port('result_valid')} | {port('result_ready')})"
    accept = at.moves("host")
    registers = {
        f"{t}_pipe": f"{enable} ? ({t}_pipe << 1 | {issue}) & {(1 << depth) - 1} : {t}_pipe",
        f"{t}_sweeping": f"{command} | ({t}_sweeping & ~({issue} & ({t}_words + {step} == {design.words})))",
        f"{t}_words": f"{command} ? 0 : {issue} ? {t}_words + {step} : {t}_words",
        f"{t}_clearing": f"{command} ? {port('command_clear')} : {t}_clearing",
        f"{t}_reading": f"{accept} ? ~{port('host_write')} : {t}_reading & ~{at.moves('readback')}",
        f"{t}_passed": f"{port('host_valid')} & ({command} | ({t}_passed & ~{accept}))",
        f"{t}_since": f"{accept} ? 1 : {t}_since + 1",
        f"{t}_waited": f"{at.waits('result')} ? {t}_waited + 1 : 0",
        f"{t}_after": "0",
        f"{t}_once": "0",
    }
    if design.queued:
        registers[f"{t}_writing"] = f"{accept} & {port('host_write')}"
        registers[f"{t}_owed"] = f"{t}_owed + {event} - {at.moves('result')}"
    return registers, {f"{t}_after": "1", f"{t}_once": f"~{t}_after"}
