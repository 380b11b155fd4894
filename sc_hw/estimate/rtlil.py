"""RTLIL as Amaranth writes it, read back: bits, cells and the trees of assignments that registers are fed from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Assign", "Bit", "Cell", "Module", "Switch", "read_module"]

Bit = tuple[str, int] | str  # a bit of a wire, or the constant "0", "1", "x"
_TOKEN = re.compile(r"\{|\}|\d+'[01x-]*|[\\$][^\s\[]+(?:\s*\[\d+(?::\d+)?\])?|\d+")
_SLICE = re.compile(r"([\\$][^\s\[]+)\s*(?:\[(\d+)(?::(\d+))?\])?")


@dataclass(frozen=True)
class Cell:
    """A cell: ``kind`` begins with ``$`` for an operator, else it names a module; bits lowest first."""

    kind: str
    parameters: dict[str, int]
    pins: dict[str, list[Bit]]

    def operand(self, pin: str, width: int) -> list[Bit]:
        """Return an operand extended to ``width`` bits."""
        bits = self.pins[pin]
        top: Bit = bits[-1] if bits and self.parameters.get(f"{pin}_SIGNED") else "0"
        return [*bits, *[top] * (width - len(bits))][:width]


@dataclass(frozen=True)
class Assign:
    """Bits that take the values of others."""

    target: list[Bit]
    value: list[Bit]


@dataclass(frozen=True)
class Switch:
    """The first case one of whose patterns (highest bit first, ``-`` for any; none: always) meets ``value`` is done."""

    value: list[Bit]
    cases: list[tuple[list[str], list["Assign | Switch"]]] = field(default_factory=list)


@dataclass(frozen=True)
class Module:
    """A module: widths of its wires, its ports by direction, its cells, connections, and one body for each process."""

    widths: dict[str, int]
    inputs: list[str]
    outputs: list[str]
    cells: list[Cell]
    connections: list[Assign]
    processes: list[list[Assign | Switch]]


def _bits(text: str, widths: dict[str, int]) -> list[Bit]:
    """Return the bits of a signal, lowest first."""
    parts: list[list[Bit]] = []
    for word in _TOKEN.findall(text):
        if word in "{}":
            continue
        if "'" in word:
            parts.append([bit if bit != "-" else "x" for bit in reversed(word.partition("'")[2])])
            continue
        found = _SLICE.fullmatch(word)
        if found is None:
            raise ValueError(f"{text!r}: not a signal of RTLIL")
        name, high, low = found.groups()
        first = int(low if low is not None else high or 0)
        last = int(high) if high is not None else widths[name] - 1
        parts.append([(name, place) for place in range(first, last + 1)])
    return [bit for part in reversed(parts) for bit in part]


def _halves(text: str) -> tuple[str, str]:
    """Split ``SIGNAL SIGNAL`` where a brace or a bracket does not hold it together."""
    depth = 0
    words = _TOKEN.findall(text)
    for place, word in enumerate(words):
        depth += (word == "{") - (word == "}")
        if depth == 0:
            return " ".join(words[: place + 1]), " ".join(words[place + 1 :])
    raise ValueError(f"{text!r}: not two signals of RTLIL")


def _body(lines: Iterator[str], widths: dict[str, int], ends: str) -> tuple[list[Assign | Switch], str]:
    """Return the statements up to a line that begins with one of ``ends``, and that line."""
    found: list[Assign | Switch] = []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word in ends.split():
            return found, line
        if word == "assign":
            target, value = _halves(rest)
            found.append(Assign(_bits(target, widths), _bits(value, widths)))
        elif word == "switch":
            switch = Switch(_bits(rest, widths))
            _, line = _body(lines, widths, "case end")
            while line != "end":
                patterns = [pattern.partition("'")[2] for pattern in line.removeprefix("case").replace(",", " ").split()]
                body, line = _body(lines, widths, "case end")
                switch.cases.append((patterns, body))
            found.append(switch)
    return found, ""


def read_module(text: str) -> Module:
    """Return the only module of an RTLIL text that Amaranth wrote."""
    module = Module({}, [], [], [], [], [])
    lines = (line.strip() for line in text.splitlines())
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "wire":
            *options, name = rest.split()
            module.widths[name] = int(options[options.index("width") + 1]) if "width" in options else 1
            for direction, names in (("input", module.inputs), ("output", module.outputs)):
                names += [name] * (direction in options)
        elif word == "connect":
            module.connections.append(Assign(*(_bits(part, module.widths) for part in _halves(rest))))
        elif word == "cell":
            parameters, pins = {}, {}
            for inner in lines:
                key, _, value = inner.partition(" ")
                if key == "end":
                    break
                name, _, value = value.partition(" ")
                if key == "parameter":
                    parameters[name[1:]] = int(value.partition("'")[2] or value, 2 if "'" in value else 10)
                elif key == "connect":
                    pins[name[1:]] = _bits(value, module.widths)
            module.cells.append(Cell(rest.split()[0], parameters, pins))
        elif word == "process":
            module.processes.append(_body(lines, module.widths, "end")[0])
    return module
