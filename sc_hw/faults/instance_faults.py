"""Faults at the instances of a design: every pin, clock, parameter, initial word, and the module behind; from the netlist alone.

A fault is an edit of the emitted text. Many are planted together, a number choosing one while the simulation runs; one alone
gives the design that somebody with a text editor would have made, which is what the proof is asked about.
"""

import itertools
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from ..rtl.contents import first_and_last
from .instances import Instance, Pin, locate

__all__ = ["COPIES", "RIGHT", "InstanceFault", "by_turns", "instance_faults", "plant_instances"]

RIGHT = "sc_hw_fault_0_0"
COPIES = r"sc_hw_fault_\d+_copy_\d+"  # how ``plant_instances`` calls copies of an instance with a fault in it
_SELDOM_BITS = 8  # of a word that a simulation meets now and then
_LEAST_BITS = 4
_RARE_BITS = 24  # from here on a simulation never meets one given word
_PATTERN = 0xBEEF_1235_5A5A_C3C3_0FF0_9669_1EE1_D22D
_LAYOUT = ("COLUMN_BITS",)  # how a memory is split for synthesis, which nothing that it does depends on
_CONSTANT = re.compile(r"\s*\d*'s?[bdh][0-9a-fA-F_]+\s*|\s*\d+\s*")


@dataclass(frozen=True, kw_only=True)
class InstanceFault:
    """A bug at an instance.

    ``expression`` is the Verilog of what a pin gets over ``value``, its right value, ``previous``, that of the clock before,
    and the names in ``reads``, which maps them to pins of an instance beside it. Instead of a pin a ``parameter`` may have
    another value or the module other contents (``initial``: text and what stands in its place). ``rare`` is what only shows
    in one of more than 2^24 words: the proof must see it, a simulation cannot.
    """

    kind: str
    instance: Instance
    description: str
    pin: Pin | None = None
    expression: str = ""
    reads: Mapping[str, tuple[Instance, Pin]] = field(default_factory=dict)
    parameter: tuple[str, int] | None = None
    initial: tuple[str, str] | None = None
    rare: bool = False

    @property
    def name(self) -> str:
        """Instance, pin and what is wrong, on one line."""
        pin = f".{self.pin.name}" if self.pin else ""
        return f"{self.kind}: {self.instance.path}{pin}: {self.description}"

    @property
    def copied(self) -> bool:
        """Whether it takes a copy of the instance to choose this fault while a simulation runs."""
        return self.parameter is not None or self.initial is not None


def instance_faults(instances: Sequence[Instance], texts: Mapping[str, str]) -> list[InstanceFault]:
    """Return every fault of the kinds known here, in the order of the instances."""
    uses = [instance.module for instance in instances]
    never = _never_change(instances, texts)
    result: list[InstanceFault] = []
    for instance in instances:
        text, place = texts[instance.file], locate(texts[instance.file], instance)
        driven = {name: text[slice(*span)] for name, span in place.connections.items()}
        pins = [pin for pin in instance.pins if driven[pin.name].strip()]
        alive = [pin for pin in pins if (instance.path, pin.name) not in never]
        for pin in pins:
            conditions = list(_conditions(instance, pin, alive))
            if pin.output:
                result += _outputs(instance, pin, conditions)
            elif pin.clock:
                result += _clocks(instance, pin, conditions)
            else:
                constant = (instance.path, pin.name) in never
                result += _inputs(instance, pin, conditions, pins, constant=constant)
                result += _siblings(instance, pin, instances, texts, driven[pin.name])
        overridden = text[slice(*place.parameters)]
        for name, value in instance.parameters.items():
            if value > 1 and name not in _LAYOUT and re.search(rf"\.{name}\b", overridden):
                what = f"{name} is {value - 1} instead of {value}"
                result.append(InstanceFault(kind="parameter", instance=instance, description=what, parameter=(name, value - 1)))
        if uses.count(instance.module) == 1:
            result += _initial(instance, texts[instance.module_file])
    return result


def _never_change(instances: Sequence[Instance], texts: Mapping[str, str]) -> set[tuple[str, str]]:
    """Return the inputs, by path and name, that get a constant, be it through ports of the modules around them.

    Such a pin is the same word in every clock, so that what happens in one of its words happens always or never.
    """
    driven: dict[tuple[str, str], str] = {}
    of_module: dict[str, list[Instance]] = {}
    for instance in instances:
        of_module.setdefault(instance.module, []).append(instance)
        places = locate(texts[instance.file], instance).connections
        driven |= {(instance.path, pin.name): texts[instance.file][slice(*places[pin.name])].strip()
                   for pin in instance.pins if not pin.output}  # fmt: skip

    @cache
    def constant(path: str, parent: str, pin: str) -> bool:
        text, around = driven.get((path, pin), ""), of_module.get(parent, [])
        return bool(_CONSTANT.fullmatch(text)) or (bool(around) and all(constant(o.path, o.parent, text) for o in around))

    return {(i.path, pin.name) for i in instances for pin in i.pins if constant(i.path, i.parent, pin.name)}


@dataclass(frozen=True, kw_only=True)
class _Condition:
    text: str
    reads: Mapping[str, tuple[Instance, Pin]]
    rare: bool

    @property
    def when(self) -> str:
        ((_, pin),) = self.reads.values()
        return f"when {pin.name} is one word" if self.rare else f"when {pin.name} ends in one pattern"


def _conditions(instance: Instance, pin: Pin, pins: Sequence[Pin]) -> Iterator[_Condition]:
    """Yield when an instance sees one word at a pin or, of a narrow pin, beside it: one that a simulation meets, and one not.

    ``pins`` are those that are not constant. What stands beside a pin begins with the same word of its name, as a stream does.
    """
    stream = pin.name.partition("_")[0]
    beside = [p for p in pins if not p.clock and p.name.partition("_")[0] == stream]
    candidates = [[pin], beside, [p for p in pins if not p.clock and not p.output]]
    wide = ([p for p in some if p.bits >= _LEAST_BITS and not p.clock] for some in candidates)
    word = max(next((some for some in wide if some), candidates[-1]), key=lambda p: p.bits, default=None)
    if word is None or (word == pin and pin.bits == 1):
        return
    bits = max(1, min(_SELDOM_BITS, word.bits // 2))
    part = f"word[{bits - 1}:0]" if word.bits > 1 else "word"
    yield _Condition(text=f"({part} == {bits}'h{_PATTERN % (1 << bits):x})", reads={"word": (instance, word)}, rare=False)
    if word.bits > _RARE_BITS:
        pattern = _PATTERN % (1 << word.bits)
        yield _Condition(text=f"(word == {word.bits}'h{pattern:x})", reads={"word": (instance, word)}, rare=True)


def _clocks(instance: Instance, pin: Pin, conditions: Sequence[_Condition]) -> Iterator[InstanceFault]:
    for expression, what in (("1'b0", "tied low"), ("1'b1", "tied high"), ("~value", "inverted")):
        yield InstanceFault(kind="clock", instance=instance, pin=pin, expression=expression, description=what)
    for condition in conditions:
        yield InstanceFault(kind="clock", instance=instance, pin=pin, expression=f"value & ~{condition.text}",
                            description=f"gated {condition.when}", reads=condition.reads, rare=condition.rare)  # fmt: skip


def _inputs(
    instance: Instance, pin: Pin, conditions: Sequence[_Condition], pins: Sequence[Pin], *, constant: bool
) -> Iterator[InstanceFault]:
    def fault(kind: str, expression: str, what: str, **reads: tuple[Instance, Pin]) -> InstanceFault:
        return InstanceFault(kind=kind, instance=instance, pin=pin, expression=expression, description=what, reads=reads)

    clocked = any(p.clock for p in pins) and not constant
    others = [p for p in pins if not p.output and not p.clock and p != pin and p.bits == pin.bits]
    if pin.bits == 1:
        yield fault("stuck", "1'b0", "tied low")
        yield fault("stuck", "1'b1", "tied high")
        yield fault("stuck", "~value", "inverted")
        if clocked:
            yield fault("corner", "value & previous", "the first clock of it is lost")
            yield fault("corner", "value | previous", "it stays a clock longer")
        if not constant:
            for other in others:
                yield fault("corner", "value & ~other", f"lost while {other.name} is high", other=(instance, other))
    else:
        yield fault("stuck", f"{pin.bits}'d0", "tied to 0")
        yield fault("stuck", f"value & {pin.bits}'h{(1 << pin.bits - 1) - 1:x}", "its top bit is low")
        yield fault("stuck", "value ^ 1'b1", "its lowest bit is inverted")
        if clocked:
            yield fault("corner", "previous", "a clock late")
        for other in others[:1]:
            yield fault("swapped", "other", f"is what {other.name} gets", other=(instance, other))
    for condition in conditions:
        if not constant:
            yield InstanceFault(
                kind="word", instance=instance, pin=pin, expression=f"value ^ {condition.text}", reads=condition.reads,
                description=f"its lowest bit is inverted {condition.when}", rare=condition.rare,
            )  # fmt: skip


def _siblings(
    instance: Instance, pin: Pin, instances: Sequence[Instance], texts: Mapping[str, str], driven: str
) -> Iterator[InstanceFault]:
    """Yield that a pin is the one of the next instance of the same module beside it."""
    beside = [other for other in instances if (other.parent, other.module) == (instance.parent, instance.module)]
    other = beside[(beside.index(instance) + 1) % len(beside)]
    at = locate(texts[other.file], other).connections[pin.name]
    if other != instance and texts[other.file][slice(*at)] != driven:
        same = next(p for p in other.pins if p.name == pin.name)
        if same.bits == pin.bits:
            yield InstanceFault(kind="swapped", instance=instance, pin=pin, expression="other", reads={"other": (other, same)},
                                description=f"is what {other.name} gets")  # fmt: skip


def _outputs(instance: Instance, pin: Pin, conditions: Sequence[_Condition]) -> Iterator[InstanceFault]:
    for expression, what in ((f"{pin.bits}'d0", "stuck at 0"), ("value ^ 1'b1", "its lowest bit is inverted")):
        yield InstanceFault(kind="stuck", instance=instance, pin=pin, expression=expression, description=what)
    for condition in conditions:
        yield InstanceFault(
            kind="module", instance=instance, pin=pin, expression=f"value ^ {condition.text}", reads=condition.reads,
            description=f"another module behind it, which differs {condition.when}", rare=condition.rare,
        )  # fmt: skip


def _initial(instance: Instance, module: str) -> Iterator[InstanceFault]:
    """Yield that one bit of the first and of the last word of initial contents is inverted."""
    for word in first_and_last(module):
        yield InstanceFault(kind="initial", instance=instance, initial=(word.right, word.wrong),
                            description=f"words[{word.address}] begins with its lowest bit inverted")  # fmt: skip


def plant_instances(texts: Mapping[str, str], faults: Mapping[int, InstanceFault], *, selection: str = "") -> dict[str, str]:
    """Return the texts with the faults in them; the module ``selection`` gives the number of the one that acts.

    Without ``selection`` there is one fault, which always acts; that of a pin has the wire ``RIGHT`` with what the pin should
    have. Errors: ``UserError`` when an instance is not found.
    """
    if not selection:
        ((_, fault),) = faults.items()
        if fault.copied or fault.kind == "module":
            return _replaced(texts, fault)
    result = dict(texts)
    parents = dict.fromkeys((fault.instance.file, fault.instance.parent) for fault in faults.values())
    for k, (file, parent) in enumerate(parents):
        mine = {n: fault for n, fault in faults.items() if (fault.instance.file, fault.instance.parent) == (file, parent)}
        result[file], more = _Module(texts, result[file], f"sc_hw_fault_{k}_", selection).planted(mine)
        for name, text in more.items():
            result[name] += text
    return result


class _Module:
    """The text of one module while faults are planted in it; ``prefix`` begins every name that this adds."""

    def __init__(self, texts: Mapping[str, str], text: str, prefix: str, selection: str) -> None:
        self._texts, self._text, self._prefix, self._selection = texts, text, prefix, selection
        self._values: dict[tuple[str, str], str] = {}  # of pins that are read: the wire that has the right value
        self._driven: dict[tuple[str, str], str] = {}  # what outputs of instances drive that now drive a wire of ours
        self._edits: list[tuple[int, int, str]] = []
        self._wires: dict[int, list[str]] = {}  # declared before an instance, by where it starts
        self._tail: list[str] = []

    def planted(self, faults: Mapping[int, InstanceFault]) -> tuple[str, dict[str, str]]:
        """Return the text, and modules to append to other files."""
        more: dict[str, str] = {}
        cases: dict[tuple[str, str], list[tuple[int, str]]] = {}
        pins: dict[tuple[str, str], tuple[Instance, Pin]] = {}
        for number, fault in faults.items():
            if fault.pin:
                key = fault.instance.name, fault.pin.name
                pins[key] = fault.instance, fault.pin
                cases.setdefault(key, []).append((number, self._expression(fault, fault.pin)))
            else:
                for pin, wire in self._copy(number, fault, more):
                    pins[fault.instance.name, pin.name] = fault.instance, pin
                    cases.setdefault((fault.instance.name, pin.name), []).append((number, wire))
        for key, (instance, pin) in pins.items():
            self._cut(instance, pin, cases[key])
        self._tail += [f"assign {driven} = {self._values[key]};" for key, driven in self._driven.items()]
        if self._selection:
            self._tail += [f"wire [15:0] {self._prefix}selected;",
                           f"{self._selection} {self._prefix}selection (.selected({self._prefix}selected));"]  # fmt: skip
        place = locate(self._text, next(iter(faults.values())).instance)
        self._edits.append((place.end, place.end, "".join(f"  {line}\n" for line in self._tail)))
        self._edits += [(at, at, " ".join(lines) + " ") for at, lines in self._wires.items()]
        text = self._text
        for start, end, new in sorted(self._edits, reverse=True):
            text = text[:start] + new + text[end:]
        return text, more

    def _expression(self, fault: InstanceFault, pin: Pin) -> str:
        names = {"value": self._value(fault.instance, pin)}
        names |= {alias: self._value(instance, pin) for alias, (instance, pin) in fault.reads.items()}
        if re.search(r"\bprevious\b", fault.expression):
            names["previous"] = self._previous(fault.instance, pin)
        return re.sub(r"\b(value|previous|word|other)\b", lambda found: names[found[1]], fault.expression)

    def _value(self, instance: Instance, pin: Pin) -> str:
        """Return the wire that has a pin's right value."""
        key = instance.name, pin.name
        if key not in self._values:
            wire = self._values[key] = f"{self._prefix}{len(self._values)}"
            place = locate(self._text, instance)
            span = place.connections[pin.name]
            self._declare(place.start, f"wire [{pin.bits - 1}:0] {wire};")
            if pin.output:
                self._edits.append((*span, wire))
                self._driven[key] = self._text[slice(*span)]
            else:
                self._tail.append(f"assign {wire} = {self._text[slice(*span)]};")
        return self._values[key]

    def _previous(self, instance: Instance, pin: Pin) -> str:
        wire = self._value(instance, pin)
        register = f"  reg [{pin.bits - 1}:0] {wire}_previous;"
        if register not in self._tail:
            clock = self._value(instance, next(p for p in instance.pins if p.clock))
            self._tail += [register, f"always @(posedge {clock}) {wire}_previous <= {wire};"]
        return f"{wire}_previous"

    def _declare(self, at: int, line: str) -> None:
        self._wires.setdefault(at, []).append(line)

    def _cut(self, instance: Instance, pin: Pin, cases: Sequence[tuple[int, str]]) -> None:
        key, wire = (instance.name, pin.name), self._value(instance, pin)
        chosen = "".join(f"{self._prefix}selected == 16'd{n} ? {text} :\n    " for n, text in cases) + wire
        if not self._selection:
            chosen = cases[0][1]
        if not pin.output:
            place = locate(self._text, instance)
            self._declare(place.start, f"wire [{pin.bits - 1}:0] {wire}_faulty;")
            self._edits.append((*place.connections[pin.name], f"{wire}_faulty"))
        self._tail.append(f"assign {self._driven.pop(key, f'{wire}_faulty')} = {chosen};")

    def _copy(self, number: int, fault: InstanceFault, more: dict[str, str]) -> Iterator[tuple[Pin, str]]:
        """Add a copy of an instance with the fault in it and yield its outputs."""
        instance, place = fault.instance, locate(self._text, fault.instance)
        module, parameters = instance.module, dict(instance.parameters)
        if fault.parameter:
            parameters |= dict([fault.parameter])
        if fault.initial:
            module = f"{instance.module}_fault_{number}"
            text = self._texts[instance.module_file].replace(*fault.initial, 1)
            more[instance.module_file] = more.get(instance.module_file, "") + re.sub(
                rf"(^\s*module\s+){instance.module}\b", rf"\g<1>{module}", text, flags=re.MULTILINE)  # fmt: skip
        connections = []
        for pin in instance.pins:
            if pin.output:
                wire = f"{self._prefix}copy_{number}_{pin.name}"
                self._tail.append(f"wire [{pin.bits - 1}:0] {wire};")
                if self._text[slice(*place.connections[pin.name])].strip():
                    yield pin, wire
            else:
                wire = self._value(instance, pin)
            connections.append(f".{pin.name}({wire})")
        given = ", ".join(f".{name}({value})" for name, value in parameters.items())
        self._tail.append(f"{module} {f'#({given}) ' if given else ''}{self._prefix}copy_{number} ({', '.join(connections)});")


def _replaced(texts: Mapping[str, str], fault: InstanceFault) -> dict[str, str]:
    """Return the texts with another parameter, other contents or another module in place of the right one."""
    instance, result = fault.instance, dict(texts)
    if fault.initial:
        result[instance.module_file] = result[instance.module_file].replace(*fault.initial, 1)
        return result
    text = result[instance.file]
    place = locate(text, instance)
    if fault.parameter:
        name, value = fault.parameter
        at, end = place.parameters
        changed = re.sub(rf"(\.{name}\s*\()[^()]*\)", rf"\g<1>{value})", text[at:end])
        result[instance.file] = text[:at] + changed + text[end:]
        return result
    if fault.pin is None:
        raise ValueError(fault.name)
    other = f"{instance.module}_other"
    between = text[place.module[1] : place.parameters[0]]
    result[instance.file] = text[: place.module[0]] + other + between + text[place.parameters[1] :]
    ports = ", ".join(f"{'output' if p.output else 'input'} wire [{p.bits - 1}:0] {p.name}" for p in instance.pins)
    inner = ", ".join(f".{p.name}({'right' if p == fault.pin else p.name})" for p in instance.pins)
    given = ", ".join(f".{name}({value})" for name, value in instance.parameters.items())
    ((_, word),) = fault.reads.values()
    wrong = re.sub(r"\bword\b", "right" if word == fault.pin else word.name, re.sub(r"\bvalue\b", "right", fault.expression))
    result[instance.module_file] += (
        f"\nmodule {other} ({ports});\n  wire [{fault.pin.bits - 1}:0] right;\n"
        f"  {instance.module} {f'#({given}) ' if given else ''}inner ({inner});\n"
        f"  assign {fault.pin.name} = {wrong};\nendmodule\n"
    )  # fmt: skip
    return result


def by_turns(faults: Iterable[InstanceFault], count: int, seed: int) -> list[InstanceFault]:
    """Return up to ``count`` of some faults, drawn from ``seed``, as many of each kind as can be."""
    kinds: dict[str, list[InstanceFault]] = {}
    for fault in faults:
        kinds.setdefault(fault.kind, []).append(fault)
    generator = random.Random(seed)  # noqa: S311 # a choice, not a secret
    for own in kinds.values():
        generator.shuffle(own)
    turns = itertools.zip_longest(*kinds.values())
    return [fault for turn in turns for fault in turn if fault][:count]
