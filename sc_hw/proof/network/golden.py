"""Steps of the golden model as SystemVerilog of exact integers: what a block is compared with.

The text is the step's own, run on symbolic integers; each term becomes a signed net that holds its whole interval.
"""

from collections.abc import Callable, Mapping

from sc_hw_models.term import Term, subterms

__all__ = ["Golden", "golden_text", "table_text"]


class Golden:
    """Writes terms as nets called ``PREFIX_0`` .. in ``lines``; variables are nets of the harness by their names."""

    def __init__(self, prefix: str, nets: Mapping[str, str]) -> None:
        self._prefix, self._nets = prefix, nets
        self._names: dict[int, str] = {}
        self.lines: list[str] = []

    def define(self, term: Term) -> str:
        """Return the net of a term, adding the nets it needs."""
        for one in subterms([term], self._names):
            text, bits = self._text(one)
            name = f"{self._prefix}_{len(self.lines)}"
            self.lines.append(f"wire signed [{bits - 1}:0] {name} = {text};")
            self._names[id(one)] = name
        return self._names[id(term)]

    def _text(self, term: Term) -> tuple[str, int]:
        """Return the expression of a term over the nets of its operands, all of them signed, and how wide its net is."""
        operands = [self._names[id(argument)] for argument in term.arguments]
        match term.operation:
            case "variable":
                return self._nets[str(term.detail)], term.bits
            case "constant":
                return f"$signed({term.bits}'b{int(term.detail) & (1 << term.bits) - 1:0{term.bits}b})", term.bits
            case "select":  # as wide as its arms: what a condition leaves of them is not relied on
                bits = max(argument.bits for argument in term.arguments[1:])
                return f"({operands[0]} != 0) ? {operands[1]} : {operands[2]}", max(bits, term.bits)
            case ">>":
                return f"{operands[0]} >>> {int(term.detail)}", max(term.bits, term.arguments[0].bits)
            case "+" | "-" | "*":
                return f"{operands[0]} {term.operation} {operands[1]}", self._whole(term)
            case "<" | "<=" | "=":
                operation = "==" if term.operation == "=" else term.operation
                return f"({operands[0]} {operation} {operands[1]}) ? 2'sd1 : 2'sd0", 2
        raise ValueError(term.operation)

    @staticmethod
    def _whole(term: Term) -> int:
        """Return the bits that hold whatever the operands' nets give."""
        left, right = (argument.bits for argument in term.arguments)
        return max(term.bits, left + right if term.operation == "*" else max(left, right) + 1)


def golden_text(prefix: str, nets: Mapping[str, str], results: Mapping[str, Term]) -> str:
    """Return the nets of ``results`` under their names, each signed, from the ``nets`` of the variables."""
    golden = Golden(prefix, nets)
    lines = [f"wire signed [{max(term.bits, 2) - 1}:0] {name} = {golden.define(term)};" for name, term in results.items()]
    return "\n".join(f"  {line}" for line in [*golden.lines, *lines])


def table_text(name: str, bits: int, given: int, step: Callable[[int], int]) -> str:
    """Return a function ``name`` of SystemVerilog: what a step of the golden model gives for each number of ``given`` bits."""
    entries = ", ".join(f"{bits}'d{step(n)}" for n in reversed(range(1 << given)))  # as a case it would be a memory
    head = f"function [{bits - 1}:0] {name}(input [{given - 1}:0] number);"
    body = f"{name} = TABLE_{name} >> (number * {bits});"
    return f"  localparam [{(bits << given) - 1}:0] TABLE_{name} = {{{entries}}};\n  {head}\n    {body}\n  endfunction"
