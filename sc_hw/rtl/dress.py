"""How Yosys' Verilog of an Amaranth module becomes readable: ports with their meaning, registers together, expressions joined.

Yosys writes every operator as a net ``_012_`` of its own. One that is read once is written where it is read, if it has one bit
or is a choice within a choice: no width or sign depends on where such a net stands. Nothing else of the logic changes, and
every other name stays.
"""

import re
from collections.abc import Sequence

from .port import Port
from .text import LINE, finished, port_list, prologue

__all__ = ["dressed"]

_NET = re.compile(r"\b_\d+_\b")
_REF = r"[\w.\\]+(?:\[\d+(?::\d+)?\])?|\d+'h[0-9a-f]+"
_ASSIGN = re.compile(r"^  assign (_\d+_|\w+(?:\[\d+(?::\d+)?\])?) = (.*);$")
_UNARY = re.compile(rf"([~|&^]) ?({_REF})")
_BINARY = re.compile(rf"({_REF}) ([&|^]|==|!=) ({_REF})")
_CHOICE = re.compile(rf"({_REF}) \? ({_REF}) : ({_REF})")
_IDLE_GATE = re.compile(rf"^(?:({_REF}) \| \d+'h0+|({_REF}) & 1'h1|1'h1 & ({_REF}))$")
_CLOCKED = re.compile(r"  always @\(posedge clk\)\n    (.*;)\n")
_CHOOSING = re.compile(r"[^?:]* \? [^?:()]* : ")
_ROOM = LINE - 30  # of an expression: with its name in front it stays in a line


def dressed(file: str, purpose: str, body: str, ports: Sequence[Port]) -> str:
    """Return what Yosys wrote as an emitted file. Errors: ``ValueError`` when it does not have these ports."""
    body = re.sub(r"/\*.*?\*/\s*", "", body, count=1, flags=re.DOTALL)  # names the build of Yosys
    # Repeated bits of a concatenation, such as a sign, are counted instead of listed.
    body = re.sub(
        r"(?<![\w'])(\w+(?:\[\d+\])?)((?:, \1(?![\w\['.]))+)", lambda run: f"{{{run[2].count(',') + 1}{{{run[1]}}}}}", body
    )
    body = re.sub(r"\{ (\{\d+\{[^{}]*\}\}) \}", r"\1", body)  # nothing beside it
    body = re.sub(r"(?<=[{~]) | (?=\})", "", body).replace("[0:0] ", "")
    body = re.sub(r"\(32'd(\d+)\)", r"(\1)", body)
    head, text = _with_ports(body, ports)
    return finished(f"{prologue(file, purpose)}\n\n{head}{_sections(_registers(_joined(text)))}`resetall\n")


def _with_ports(body: str, ports: Sequence[Port]) -> tuple[str, str]:
    """Return the head of the module with its ports, and the text behind it, in which they are declared no more."""
    found = re.match(r"module (\w+)\((.*?)\);\n", body, re.DOTALL)
    names = {port.name for port in ports}
    if not found or {name.strip() for name in found[2].split(",")} != names:
        raise ValueError("not the ports of the design")
    kept, registers = [], []
    for line in body[found.end() :].splitlines():
        declared = re.fullmatch(r"  (input|output|wire|reg) (?:signed )?(?:\[\d+:0\] )?(\w+);", line)
        if declared and declared[2] in names:
            registers += [declared[2]] if declared[1] == "reg" else []
        else:
            kept.append(line)
    return f"module {found[1]} ({port_list(ports, registers)});\n", "\n".join(kept) + "\n"


def _joined(text: str) -> str:
    """Return the text with nets that are read once written where that is, and no gate that changes nothing.

    A net of more bits is only written as one of the choices of another.
    """
    lines = _without_aliases(text).splitlines()
    values = {found[1]: _without_gate(found[2]) for line in lines if (found := _ASSIGN.match(line))}
    single = {found[1] for line in lines if (found := re.fullmatch(r"  wire (_\d+_);", line))}
    reads: dict[str, int] = {}
    readers: dict[str, str] = {}
    for line in lines:
        found = _ASSIGN.match(line)
        for net in [] if line.startswith("  wire ") else _NET.findall(values[found[1]] if found else line):
            reads[net], readers[net] = reads.get(net, 0) + 1, found[1] if found else ""
    placed = set()
    for net, value in values.items():
        own, reader = _form(value), _form(values.get(readers.get(net, ""), ""))
        if not _NET.fullmatch(net) or reads.get(net) != 1 or own is None or reader is None:
            continue
        if net in reader[1] and (net in single or (own[0] == reader[0] == "?" and net in reader[1][1:])):
            placed.add(net)

    def spelled(net: str) -> str:
        form = _form(values[net])
        if form is None:
            return values[net]
        inner = []
        for operand in form[1]:
            text = spelled(operand) if operand in placed else operand
            if len(text) > _ROOM:
                placed.discard(operand)
                text = operand
            inner.append(text)
        return _built(form[0], inner, form[1])

    for net in [net for net in values if net not in placed]:
        spelled(net)  # what becomes too long is placed no more
    kept = []
    for line in lines:
        found = _ASSIGN.match(line) or re.fullmatch(r"  wire (?:signed )?(?:\[\d+:0\] )?(_\d+_);", line)
        if found and found[1] in placed:
            continue
        kept.append(f"  assign {found[1]} = {spelled(found[1])};" if found and "assign" in line else line)
    return "\n".join(kept) + "\n"


def _without_aliases(text: str) -> str:
    """Return the text without nets of Yosys' own that are another signal."""
    text = re.sub(r"^(  assign .* = (?:[^ {}]+|\{[^{}]*\})) \| \d+'h0+;$", r"\1;", text, flags=re.MULTILINE)
    values = {found[1]: _without_gate(found[2]) for line in text.splitlines() if (found := _ASSIGN.match(line))}
    alias = {net: value for net, value in values.items() if _NET.fullmatch(net) and re.fullmatch(r"[A-Za-z]\w*", value)}
    text = re.sub(rf"^  (?:wire(?: .*)?|assign) ({'|'.join(alias) or '-'})(?: = .*)?;\n", "", text, flags=re.MULTILINE)
    return _NET.sub(lambda net: alias.get(net[0], net[0]), text)


def _without_gate(expression: str) -> str:
    found = _IDLE_GATE.match(expression)
    return (found[1] or found[2] or found[3]) if found else expression


def _form(expression: str) -> tuple[str, list[str]] | None:
    """Return the operator and operands of a single operation, ``None`` for anything else."""
    if found := _UNARY.fullmatch(expression):
        return found[1], [found[2]]
    if found := _BINARY.fullmatch(expression):
        return found[2], [found[1], found[3]]
    if found := _CHOICE.fullmatch(expression):
        return "?", list(found.groups())
    return None


def _built(operator: str, operands: list[str], before: list[str]) -> str:
    """Return an operation; an operand that was put in stands in brackets where it needs them."""

    def bracketed(operand: str, was: str) -> str:
        if operand == was or (re.fullmatch(rf"~(?:{_REF}|\(.*\))", operand) and _closes(operand[1:])):
            return operand
        form = _chain(operand)
        return operand if form and form == operator and operator in "&|" else f"({operand})"

    written = [bracketed(operand, was) for operand, was in zip(operands, before, strict=True)]
    if operator == "?":
        last = operands[2] if _CHOOSING.match(operands[2]) else written[2]
        return f"{written[0]} ? {written[1]} : {last}"
    if len(written) == 2:
        return f"{written[0]} {operator} {written[1]}"
    if operator == "~" and re.fullmatch(r"~.*", operands[0]) and _closes(operands[0][1:]):
        return operands[0][1:].removeprefix("(").removesuffix(")") if operands[0][1] == "(" else operands[0][1:]
    return f"{operator}{written[0]}"


def _closes(text: str) -> bool:
    """Return whether a text is one name, or one pair of brackets and what is in it."""
    if not text.startswith("("):
        return re.fullmatch(_REF, text) is not None
    depth = 0
    for k, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return k == len(text) - 1
    return False


def _chain(expression: str) -> str:
    """Return the operator when an expression is operands joined by ``&`` alone, or by ``|`` alone; else nothing."""
    depth, found = 0, set()
    for k, character in enumerate(expression):
        depth += (character in "([{") - (character in ")]}")
        if (depth == 0 and expression[k - 1 : k + 2] in (" & ", " | ", " ? ", " ^ ", " : ")) or expression[k : k + 2] in (
            "==",
            "!=",
        ):
            found.add(character)
    return found.pop() if len(found) == 1 else ""


def _registers(text: str) -> str:
    """Return the text with the assignments of all registers in one block, those of one condition together."""
    moves = _CLOCKED.findall(text)
    if not moves:
        return text
    plain, conditional = [], dict[str, list[str]]()
    for move in moves:
        found = re.fullmatch(r"if \((!?[\w\[\]]+)\) (.*)", move)
        if found:
            conditional.setdefault(found[1], []).append(found[2])
        else:
            plain.append(move)
    lines = ["  always @(posedge clk) begin", *(f"    {move}" for move in plain)]
    for condition, inside in conditional.items():
        if len(inside) == 1:
            lines.append(f"    if ({condition}) {inside[0]}")
        else:
            lines += [f"    if ({condition}) begin", *(f"      {move}" for move in inside), "    end"]
    block = "\n".join([*lines, "  end\n"])
    first = True

    def once(_: re.Match[str]) -> str:
        nonlocal first
        given, first = (block if first else ""), False
        return given

    return _CLOCKED.sub(once, text)


def _sections(text: str) -> str:
    """Return the text in sections: signals, logic, registers, instances; nets of Yosys' own several in a line."""
    own: dict[str, list[str]] = {}
    signals, logic, registers, instances = [], [], [], []
    lines = iter(text.splitlines())
    for line in lines:
        if found := re.fullmatch(r"  wire (signed )?(\[\d+:0\] )?(_\d+_);", line):
            own.setdefault(f"{found[1] or ''}{found[2] or ''}", []).append(found[3])
        elif re.match(r"  (?:wire|reg) ", line):
            signals.append(line)
        elif line.startswith("  assign "):
            logic.append(line)
        elif line.startswith("  always "):
            registers.append(line)
            while line != "  end":
                line = next(lines)
                registers.append(line)
        elif line == "endmodule":
            break
        elif line.strip():
            instances.append(line)
    signals += [f"  wire {kind}{', '.join(names)};" for kind, names in own.items()]
    titled = {"Signals": signals, "Logic": logic, "Registers": registers, "Instances": instances}
    parts = [f"  // ---- {title} ----\n" + "\n".join(content) + "\n" for title, content in titled.items() if content]
    return "\n".join(parts) + "endmodule\n"
