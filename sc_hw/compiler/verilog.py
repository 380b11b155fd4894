"""A pipeline as Verilog: a net an operation, a register a stage that it waits for, nothing left to implicit widths."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..rtl.port import Port
from ..rtl.text import finished, port_list, prologue, repeat, vector
from .node import Node, decided_by_one_lut
from .pipeline import Pipeline

__all__ = ["verilog_text"]


_ZERO, _ONE = "1'b0", "1'b1"


@dataclass(frozen=True)
class _Bits:
    """Bits of a net, or a literal or expression of ``bits`` bits (``total`` 0)."""

    text: str
    total: int
    low: int
    bits: int

    def __str__(self) -> str:
        if self.total in (0, self.bits):
            return self.text
        high = self.low + self.bits - 1
        return f"{self.text}[{high}:{self.low}]" if self.bits > 1 else f"{self.text}[{high}]"

    @property
    def top(self) -> str:
        """The highest bit."""
        return self.text if self.bits == 1 and self.total in (0, 1) else f"{self.text}[{self.low + self.bits - 1}]"


def verilog_text(name: str, purpose: str, ports: Sequence[Port], pipeline: Pipeline) -> str:
    """Return the file of a datapath."""
    return finished(_Printer(pipeline).module(name, purpose, ports))


def _inside(node: Node) -> bool:
    """Return whether a node is bits of another, none of which would have to be made up."""
    shift = int(node.detail) if node.operation == "shr" else 0
    return node.operation in ("shr", "low") and shift + node.bits <= node.arguments[0].bits


class _Printer:
    def __init__(self, pipeline: Pipeline) -> None:
        self._p = pipeline
        self._declared: set[int] = set()

    def module(self, name: str, purpose: str, ports: Sequence[Port]) -> str:
        p = self._p
        lines = [
            prologue(f"{name}.v", purpose),
            "",
            "// Compiled from the rule's step. Every output follows the inputs by "
            f"{p.latency} clock{'s' * (p.latency > 1)} in which enable is high.",
            "// No reset: the lane tracks what is valid. A register called x_k ends clock k.",
            "// Bits that only carry, or that nothing needs, keep their names.",
            "// verilator lint_off UNUSEDSIGNAL",
            f"module {name} ({port_list(ports)});",
        ]
        for stage in range(p.latency):
            lines += ["", f"  // Stage {stage + 1}"]
            for node in p.nodes:
                if p.schedule.stage[node.number] == stage:
                    lines += self._operation(node)
            lines += self._registers(stage)
        lines.append("")
        widths = {port.name: port.bits for port in ports}
        lines += [f"  assign {port} = {self._wide(root, widths[port], p.latency)};" for port, root in p.roots.items()]
        return "\n".join([*lines, "endmodule", "// verilator lint_on UNUSEDSIGNAL", "`resetall", ""])

    def _registers(self, stage: int) -> list[str]:
        """Return the registers that end a stage."""
        p, lines, held = self._p, [], []
        for node in p.nodes:
            first = p.schedule.stage[node.number]
            if first <= stage < p.last[node.number]:
                name = f"{p.names[node.number]}_{stage + 1}"
                lines.append(f"  reg {vector(node.bits)}{name};")
                held.append(f"{name} <= {self._bits(node, stage)};")
        if len(held) == 1:
            return [*lines, f"  always @(posedge clk) if (enable) {held[0]}"]
        body = [f"      {line}" for line in held]
        return [*lines, "  always @(posedge clk)", "    if (enable) begin", *body, "    end"] if held else []

    def _operation(self, node: Node) -> list[str]:
        """Return the net of a node, nothing for one that is bits of another and waits for nothing."""
        p, stage = self._p, self._p.schedule.stage[node.number]
        if node.operation == "var" or (
            (node.operation in ("not", "minus") or _inside(node)) and p.last[node.number] <= stage and node.number not in p.places
        ):
            return []
        lines = []
        if place := p.places.get(node.number):
            lines.append(f"  // {place.file}, line {place.line}")
        value = self._value(node, stage)
        if node.operation == "mul":  # both operands in the width of the product, so that a multiplier is found
            sides = [f"{p.names[node.number]}_{side}" for side in "ab"]
            sign = any(a.signed for a in node.arguments)
            for side, a in zip(sides, node.arguments, strict=True):
                lines.append(f"  wire {vector(node.bits, signed=sign)}{side} = {self._wide(a, node.bits, stage)};")
            name, value = p.names[node.number], f"{sides[0]} * {sides[1]}"
            self._declared.add(node.number)
            return [*lines, f"  wire {vector(node.bits, signed=sign)}{name} = {value};"]
        self._declared.add(node.number)
        if isinstance(value, tuple):
            extra, value = value
            lines += extra
        return [*lines, f"  wire {vector(node.bits)}{p.names[node.number]} = {value};"]

    # References

    def _bits(self, node: Node, stage: int) -> _Bits:
        """Return a node as it is in a stage."""
        if node.constant:
            return _Bits(f"{node.bits}'d{node.low & ((1 << node.bits) - 1)}", 0, 0, node.bits)
        p = self._p
        if stage > p.schedule.stage[node.number]:
            return _Bits(f"{p.names[node.number]}_{stage}", node.bits, 0, node.bits)
        if node.operation == "var" or node.number in self._declared:
            return _Bits(p.names[node.number], node.bits, 0, node.bits)
        if node.operation == "not":
            return _Bits(f"~{self._bits(node.arguments[0], stage)}", 0, 0, 1)
        if node.operation == "minus":
            return self._bits(node.arguments[0], stage)
        return self._window(node, stage)

    def _window(self, node: Node, stage: int) -> _Bits:
        """Return the bits of another node that a shift or a modulus is."""
        inside = self._bits(node.arguments[0], stage)
        low = inside.low + (node.detail if node.operation == "shr" else 0)
        return _Bits(inside.text, inside.total, low, node.bits)

    def _extended(self, node: Node, stage: int) -> str:
        """Return a shift or a modulus that has more bits than are left of its argument."""
        given, shift = node.arguments[0], int(node.detail) if node.operation == "shr" else 0
        inside = self._bits(given, stage)
        if shift >= given.bits:  # the sign alone, or nothing
            return repeat(node.bits, inside.top if given.signed else _ZERO)
        left = _Bits(inside.text, inside.total, inside.low + shift, given.bits - shift)
        return f"{{{repeat(node.bits - left.bits, inside.top if given.signed else _ZERO)}, {left}}}"

    def _wide(self, node: Node, bits: int, stage: int) -> str:
        """Return a node in a width, extended by its sign or cut."""
        if node.constant:
            return f"{bits}'d{node.low & ((1 << bits) - 1)}"
        own = self._bits(node, stage)
        more = bits - own.bits
        if more == 0:
            return str(own)
        if more < 0:
            return str(_Bits(own.text, own.total, own.low, bits)) if own.total else str(own)
        if not node.signed:
            return f"{{{more}'d0, {own}}}"
        return f"{{{repeat(more, own.top)}, {own}}}"

    # Operations

    def _value(self, node: Node, stage: int) -> str | tuple[list[str], str]:
        a, bits, d = node.arguments, node.bits, node.detail

        def wide(k: int, width: int = bits) -> str:
            return self._wide(a[k], width, stage)

        def short(k: int) -> str:
            return str(self._bits(a[k], stage))

        match node.operation:
            case "add" | "sub":
                return self._sum(node, stage)
            case "mul":
                return ""
            case "shl":
                return f"{{{wide(0, bits - d)}, {d}'d0}}" if bits > d else f"{bits}'d0"
            case "shr" | "low":
                if not _inside(node):
                    return self._extended(node, stage)
                return str(self._window(node, stage))
            case "cat":
                return f"{{{wide(0, bits - d)}, {self._wide(a[1], d, stage)}}}"
            case "comp":
                return f"~{wide(0)}"
            case "flip":
                return f"{wide(1)} ^ {repeat(bits, short(0))}"
            case "not":
                return f"~{short(0)}"
            case "rev":
                own = self._bits(a[0], stage)
                return f"{{{', '.join(str(_Bits(own.text, own.total, own.low + place, 1)) for place in range(d))}}}"
            case "minus":
                return short(0)
            case "any":
                return f"|{short(0)}"
            case "and" | "or":
                return (" & " if node.operation == "and" else " | ").join(short(k) for k in range(len(a)))
            case "select":
                return f"{short(0)} ? {wide(1)} : {wide(2)}"
            case "eq":
                width = max(x.bits + (x.signed != any(y.signed for y in a) and not x.signed) for x in a)
                return f"{wide(0, width)} == {wide(1, width)}"
            case "lt":
                return self._below(node, stage)
            case "clamp":
                return self._clamp(node, stage)
        raise AssertionError(node.operation)

    def _sum(self, node: Node, stage: int) -> str | tuple[list[str], str]:
        a, b, carry = node.arguments
        left, right = (self._wide(x, node.bits, stage) for x in (a, b))
        sign = "+" if node.operation == "add" else "-"
        if carry.constant and not carry.low:
            return f"{left} {sign} {right}"
        # A carry enters at a place below the units, so that one chain does it on every device.
        fine = f"{self._p.names[node.number]}_fine"
        bit = str(self._bits(carry, stage))
        first = "1'b1" if node.operation == "add" else "1'b0"
        line = f"  wire {vector(node.bits + 1)}{fine} = {{{left}, {first}}} {sign} {{{right}, {bit}}};"
        return [line], f"{fine}[{node.bits}:1]"

    def _below(self, node: Node, stage: int) -> str:
        a, b = node.arguments
        if b.constant and b.low == 0:
            return self._bits(a, stage).top
        if decided_by_one_lut(a, b):
            return self._below_number(self._bits(a, stage), b.low)
        signed = a.signed or b.signed
        width = max(x.bits + (signed and not x.signed) for x in (a, b))
        left, right = (self._wide(x, width, stage) for x in (a, b))
        if not signed:
            return f"{left} < {right}"
        return f"$signed({left}) < $signed({right})"

    def _below_number(self, a: _Bits, limit: int) -> str:
        """Return whether bits are below a number that they can hold, a run of equal bits of the number at a time."""
        if limit == 1:
            return f"~(|{a})" if a.bits > 1 else f"~{a}"
        ones = limit >> (a.bits - 1) == 1
        run = next(n for n in range(1, a.bits + 1) if n == a.bits or (limit >> (a.bits - 1 - n)) % 2 != ones)
        high = _Bits(a.text, a.total, a.low + a.bits - run, run)
        above = f"~({'&' if ones else '|'}{high})" if run > 1 else f"~{high}"
        rest = limit % (1 << (a.bits - run))
        if not rest:
            return above
        below = self._below_number(_Bits(a.text, a.total, a.low, a.bits - run), rest)
        return f"{above} {'|' if ones else '&'} {f'({below})' if ' ' in below else below}"

    def _clamp(self, node: Node, stage: int) -> str:
        """Return a value within the bounds of its bits, by the bits above them."""
        (a,), bits = node.arguments, node.bits
        own = self._bits(a, stage)
        kept = str(_Bits(own.text, own.total, own.low, bits)) if own.bits > bits else self._wide(a, bits, stage)
        places = bits - node.signed  # of the magnitude
        above = str(_Bits(own.text, own.total, own.low + places, own.bits - places)) if own.bits > places else ""
        # A choice, so that a register behind it is set or reset: Yosys does not look for that behind an operator.
        if not a.signed:
            return f"{f'(|{above})' if own.bits > places + 1 else above} ? {repeat(bits, _ONE)} : {kept}"
        if not node.signed and node.detail[1] == a.high:  # only from below
            return f"{own.top} ? {bits}'d0 : {kept}"
        if not node.signed:
            return f"{own.top} ? {bits}'d0 : {kept} | {repeat(bits, f'|{above}')}"
        limit = f"{{{own.top}, {repeat(places, f'~{own.top}')}}}" if places else own.top
        return f"(&{above} | ~(|{above})) ? {kept} : {limit}"
