"""Widths, signs and drivers of a whole design, elaborated: what may not depend on who reads it, and no single file shows.

Tools agree on an expression, but not on the border between two modules: one extends an expression that is narrower than its
port before it is worked out, the next after. Nor do they agree on the value of an index that is out of range, on what a constant
that does not fit becomes, on the sign of a whole vector that is selected from itself, or on the order of two procedures. So all
files of a folder are elaborated together (by slang), and each of these is refused. So are ports that are not the manifest's:
whoever uses the core has nothing to put on one more.
"""

import hashlib
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from .errors import UserError, one_line

__all__ = ["check_elaborated", "standing"]

# What slang warns of and every tool reads as the standard has it: signs and widths within an expression or an assignment. Those
# at ports are looked at below, and pins that are open in the netlist of a proof.
_ALIKE = frozenset(
    """
    SignConversion SignCompare SignedLogicalShift WidthTruncate WidthExpand ArithOpMismatch BitwiseOpMismatch LogicalOpMismatch
    ComparisonMismatch ShiftCountOverflow UnsignedArithShift ConsecutiveComparison LogicalOpParentheses BitwiseOpParentheses
    LogicalNotParentheses ArithInShift IntBoolConv ConstantConversion UnnamedGenerate NewlineEOF
    CaseDup CaseIncomplete CaseDefault CaseOutsideRange CaseRedundantDefault
    PortWidthExpand PortWidthTruncate EmptyOutputPortConn EmptyInputPortConn UnconnectedOutputPort UnconnectedInputPort
    """.split()  # noqa: SIM905 - a list of words
)
_SUMS = ("Add", "Subtract", "Multiply", "BinaryAnd", "BinaryOr", "BinaryXor", "BinaryXnor")
_SHIFTS = ("LogicalShiftLeft", "LogicalShiftRight", "ArithmeticShiftLeft", "ArithmeticShiftRight")
_SAME = ("Plus", "Minus", "BitwiseNot")
_EXACT = {"Add": int.__add__, "Subtract": int.__sub__, "Multiply": int.__mul__}
_SELECTS = ("ElementSelect", "RangeSelect")


Ports = Mapping[str, tuple[str, int]]
"""Direction, ``input`` or ``output``, and bits of each port by name."""

_SOUND: set[bytes] = set()  # digests of designs that were read and have nothing of the kind, whatever their files are called


def check_elaborated(
    texts: Mapping[str, str], top: str, ports: Mapping[str, Ports] | None = None, *, ports_only: bool = False
) -> None:
    """Raise ``UserError`` that names the file, line and instance of the first thing in a design that tools may read differently.

    ``texts`` is Verilog by file, each of which ``check_grammar`` takes; ``top`` is the module around all others; ``ports`` are
    those that modules must have, by module, and with ``ports_only`` nothing else is looked at.
    """
    wanted = {module: sorted(own.items()) for module, own in (ports or {}).items()}
    read = hashlib.sha256(repr([top, wanted, ports_only, [len(text) for text in texts.values()]]).encode())
    for text in texts.values():
        read.update(text.encode())
    if read.digest() not in _SOUND:
        _check(texts, top, ports or {}, ports_only)
        _SOUND.add(read.digest())


def standing(texts: Mapping[str, str], top: str) -> dict[str, str]:
    """Return the module of each instance below ``top`` by its place, with dots, in Verilog that ``check_elaborated`` took."""
    design = _Design(*_compiled(texts, top))
    return {instance.hierarchicalPath.partition(".")[2]: instance.definition.name for instance in design.instances}


def _compiled(texts: Mapping[str, str], top: str) -> tuple[Any, Any, dict[str, str]]:
    """Return what slang makes of the files, its places in them, and the file behind each name that it knows."""
    from pyslang import Bag, SourceManager
    from pyslang.ast import Compilation, CompilationFlags, CompilationOptions
    from pyslang.syntax import SyntaxTree

    options = CompilationOptions()
    options.topModules = {top}
    options.flags |= CompilationFlags.AllowUseBeforeDeclare  # as Yosys and Verilator do
    manager, compilation = SourceManager(), Compilation(Bag([options]))
    files = {f"file{number}.v": file for number, file in enumerate(texts)}  # slang would say where they are from here
    for name, file in files.items():
        compilation.addSyntaxTree(SyntaxTree.fromText(texts[file], manager, name, name))
    return compilation, manager, files


def _check(texts: Mapping[str, str], top: str, ports: Mapping[str, Ports], ports_only: bool) -> None:
    from pyslang.analysis import AnalysisManager

    compilation, manager, files = _compiled(texts, top)
    design = _Design(compilation, manager, files)
    for module, wanted in ports.items():
        design.check_module(module, wanted, next(iter(texts)))
    if ports_only:
        return
    design.check_diagnostics(compilation.getAllDiagnostics())
    design.check_symbols()
    analysis = AnalysisManager()
    analysis.analyze(compilation)
    design.check_diagnostics(analysis.getDiagnostics())
    design.check_drivers(analysis)
    design.check_procedures(analysis)


class _Design:
    """The checks of one design."""

    def __init__(self, compilation: Any, manager: Any, files: Mapping[str, str]) -> None:
        from pyslang.ast import VisitAction

        self.manager, self.files = manager, files
        self.instances: list[Any] = []
        self.values: list[Any] = []
        self.parameters: list[Any] = []
        self.scopes: list[Any] = []
        self.selects: list[Any] = []
        self.reduced: list[Any] = []
        self.joined: list[Any] = []
        self.procedures: list[Any] = []
        self.repeated: list[Any] = []
        self.extended: list[Any] = []
        self.operations: list[Any] = []
        self.unsigned: set[tuple[int, int, int]] = set()  # the places of expressions whose sign nobody asks for
        places = {
            "Instance": self.instances,
            "InstanceBody": self.scopes,
            "GenerateBlock": self.scopes,
            "Parameter": self.parameters,
            "Net": self.values,
            "Variable": self.values,
            **dict.fromkeys(_SELECTS, self.selects),
            "UnaryOp": self.reduced,
            "Concatenation": self.joined,
            "ProceduralBlock": self.procedures,
            "Conversion": self.extended,
            "BinaryOp": self.operations,
            "Replication": self.repeated,
        }

        def visit(node: Any) -> Any:
            place = places.get(getattr(getattr(node, "kind", None), "name", ""))
            if place is not None:
                place.append(node)
            return VisitAction.Advance

        for instance in compilation.getRoot().topInstances:  # not what is used nowhere, which has no values
            instance.visit(visit)

    def refuse(self, location: Any, subject: str, why: str) -> None:
        file, line = self.files[self.manager.getFileName(location)], self.manager.getLineNumber(location)
        raise UserError(f"{file}:{line}: {one_line(subject)[:80]}: not allowed ({why}); correct the file or emit the core again")

    def check_diagnostics(self, diagnostics: Any) -> None:
        """Refuse what slang finds, but what every tool reads alike; errors first."""
        from pyslang import DiagnosticEngine

        found = [d for d in diagnostics if d.isError() or str(d.code)[9:-1] not in _ALIKE]
        for diagnostic in sorted(found, key=lambda d: not d.isError()):
            lines = DiagnosticEngine.reportAll(self.manager, [diagnostic]).splitlines()
            said = next(line for line in lines if ": error: " in line or ": warning: " in line)
            inside = next((line.partition("in instance: ")[2] for line in lines if "in instance: " in line), "")
            said = said.partition(" error: " if ": error: " in said else " warning: ")[2]
            self.refuse(diagnostic.location, inside or "the Verilog", said)

    def check_module(self, module: str, wanted: Ports, file: str) -> None:
        """Refuse a module whose ports are not exactly these, in names, directions and bits."""
        instances = [instance for instance in self.instances if instance.definition.name == module]
        if not instances:
            raise UserError(f"{file}: no module {module} in the design; emit the core again")
        for instance in instances:
            found = {port.name: port for port in instance.body.portList}
            for name, port in found.items():
                if name not in wanted:
                    self.refuse(port.location, f"{module}.{name}", "a port that manifest.json does not list")
            for name, (direction, bits) in wanted.items():
                if name not in found:
                    self.refuse(instance.body.location, f"{module}.{name}", "no such port, and manifest.json lists it")
                given = {"In": "input", "Out": "output"}.get(found[name].direction.name, "neither"), found[name].type.bitWidth
                if given != (direction, bits):
                    why = f"{given[0]} of {given[1]} bits, and {direction} of {bits} bits in manifest.json"
                    self.refuse(found[name].location, f"{module}.{name}", why)

    def check_symbols(self) -> None:
        """Refuse ports, parameters, ranges and selects on whose bits tools do not agree."""
        for instance in self.instances:
            self._check_ports(instance)
        for parameter in self.parameters:
            kind = parameter.type
            if not kind.isIntegral or (kind.isSigned and kind.bitWidth != 32):
                self.refuse(parameter.location, parameter.hierarchicalPath, "a signed parameter of other than 32 bits")
            given = parameter.initializer  # none of a generate loop's
            while given and given.kind.name == "Conversion":
                given = given.operand
            if given and given.constant is not None and int(given.constant.value) != int(parameter.value.value):
                self.refuse(parameter.location, parameter.hierarchicalPath, "a parameter of fewer bits than its value has")
        for value in self.values:
            self._check_type(value)
        for operation in self.operations:
            self._check_constant(operation)
        self.unsigned |= {_place(part) for joined in self.joined for part in joined.operands}
        self.unsigned |= {_place(reduced.operand) for reduced in self.reduced if reduced.op.name not in _SAME}
        self._check_signs()
        self.unsigned |= {_place(many.concat) for many in self.repeated if many.type.bitWidth > many.concat.type.bitWidth}
        for joined in self.joined:
            if len(joined.operands) == 1 and joined.operands[0].type.isSigned and _place(joined) not in self.unsigned:
                self.refuse(
                    joined.sourceRange.start, str(joined.syntax), "a signed vector in braces, of which tools differ in the sign"
                )
        # What fills a memory at power-up has a form of its own, the range of which rtl/contents.py and the loader have checked.
        initial = [_place(block.syntax) for block in self.procedures if block.procedureKind.name == "Initial"]
        for select in self.selects:
            file, first, last = _place(select)
            if not any(file == inside[0] and inside[1] <= first and last <= inside[2] for inside in initial):
                self._check_index(select)
            whole = select.value.type
            if (
                whole.isIntegral
                and _place(select) not in self.unsigned
                and whole.isSigned
                and whole.bitWidth == select.type.bitWidth
            ):
                why = "the whole of a signed vector, of which tools differ in the sign"
                self.refuse(select.sourceRange.start, str(select.syntax), why)

    def _check_signs(self) -> None:
        """Refuse a signed value that is read without its sign because of a value beside it, and made wider or shifted so."""
        for wide in self.extended:
            own = wide.operand
            mixed = wide.conversionKind.name == "Propagated" and own.type.isSigned and not wide.type.isSigned
            kept = own.constant is not None and int(own.constant.value) >= 0  # a constant without a sign to lose
            if mixed and own.type.bitWidth < wide.type.bitWidth and not kept:
                why = "a signed value made wider without its sign, because a value beside it has none"
                self.refuse(own.sourceRange.start, str(own.syntax), why)
        for shift in self.operations:
            left = shift.left.operand if shift.left.kind.name == "Conversion" else shift.left
            if shift.op.name == "ArithmeticShiftRight" and left.type.isSigned and not shift.type.isSigned:
                why = "a signed value shifted without its sign, because a value beside it has none"
                self.refuse(shift.sourceRange.start, str(shift.syntax), why)

    def _check_constant(self, operation: Any) -> None:
        """Refuse sums, differences and products of constants that its bits cannot hold: Icarus keeps more in a parameter."""
        exact = _EXACT.get(operation.op.name)
        left, right = operation.left.constant, operation.right.constant
        if exact is None or left is None or right is None or operation.constant is None:
            return
        if exact(int(left.value), int(right.value)) != int(operation.constant.value):
            self.refuse(operation.sourceRange.start, str(operation.syntax), "constants whose result its bits cannot hold")

    def _check_index(self, select: Any) -> None:
        """Refuse the bit of a vector at a place that is worked out and may be outside it, and a word of an array likewise.

        An address of as many bits as the words need may still be that of no word, where these are no power of two: a proof shows
        that it never is. One with a sign, or of more bits, is read differently by tools.
        """
        index = select.selector if select.kind.name == "ElementSelect" else select.left
        vector = select.value.type
        known = index.constant if index.constant is not None else self._constant(index)
        if known is not None:
            if vector.isPackedArray and not vector.fixedRange.right <= int(known.value) <= vector.fixedRange.left:
                self.refuse(select.sourceRange.start, str(select.syntax), "an index outside the vector")
            return
        if not vector.isPackedArray:
            needed = max(1, vector.fixedRange.right.bit_length()) if vector.isArray else 0
            if vector.isArray and (index.type.isSigned or _own_width(index) > needed):
                why = f"an index with a sign, or of more than the {needed} bits that its words need"
                self.refuse(select.sourceRange.start, str(select.syntax), why)
            return
        last = (1 << _own_width(index)) - 1
        if select.kind.name == "RangeSelect":
            last += select.type.bitWidth - 1
        if (
            index.type.isSigned
            or last > vector.fixedRange.left
            or vector.fixedRange.right
            or (select.kind.name == "RangeSelect" and select.selectionKind.name != "IndexedUp")
        ):
            self.refuse(select.sourceRange.start, str(select.syntax), "an index that may be outside the vector")

    def _constant(self, expression: Any) -> Any:
        """Return the value of a constant where slang did not need it: in the arm that a constant condition leaves out."""
        from pyslang.ast import EvalContext

        found = expression.eval(EvalContext(self.instances[0].body))
        return found if found.value is not None and not getattr(found.value, "hasUnknown", True) else None

    def _check_ports(self, instance: Any) -> None:
        for connection in instance.portConnections:
            expression, port = connection.expression, connection.port
            if expression is None:
                continue
            if expression.kind.name == "Assignment":
                expression = expression.left
            self.unsigned.add(_place(expression.operand if expression.kind.name == "Conversion" else expression))
            width = _own_width(expression)
            if width != port.type.bitWidth:
                self.refuse(
                    expression.sourceRange.start if expression.sourceRange.start else instance.location,
                    f"{instance.hierarchicalPath}.{port.name}",
                    f"{width} bits on a pin of {port.type.bitWidth}; give it exactly as many",
                )

    def _check_type(self, value: Any) -> None:
        kind, dimensions = value.type, 0
        while kind.isArray and not kind.isIntegral:
            dimensions += 1
            if kind.fixedRange.left != 0 or kind.fixedRange.right < 0 or dimensions > 1:
                self.refuse(value.location, value.hierarchicalPath, "an array that is not [0:N] of vectors")
            kind = kind.elementType
        if not kind.isIntegral:
            self.refuse(value.location, value.hierarchicalPath, "neither a bit, a vector nor an array of these")
        element = kind.elementType if kind.isPackedArray else None
        if element is not None and (element.isPackedArray or not 0 <= kind.fixedRange.right <= kind.fixedRange.left):
            self.refuse(value.location, value.hierarchicalPath, "a vector that is not [M:N] with M >= N >= 0")

    def check_drivers(self, analysis: Any) -> None:
        """Refuse values that two procedures assign, and ports that a module assigns though they are inputs."""
        from pyslang.analysis import DriverFlags

        for value in self.values:
            drivers = analysis.getDrivers(value)
            drivers = [d for d in drivers if d.source.name != "Initial" and not d.flags & DriverFlags.Initializer]
            if value.kind.name == "Net":
                driven = sorted(driver.bounds for driver in analysis.getDrivers(value))
                if any(second[0] <= first[1] for first, second in pairwise(driven)):
                    why = "bits that two things drive: tools take one, the other, or neither"
                    self.refuse(value.location, value.hierarchicalPath, why)
            procedures = {driver.containingSymbol for driver in drivers if driver.kind.name == "Procedural"}
            if len(procedures) > 1:
                self.refuse(value.location, value.hierarchicalPath, "assigned in two procedures, whose order is the simulator's")
            if len(drivers) > 1 and any(driver.isInputPort for driver in drivers):
                self.refuse(value.location, value.hierarchicalPath, "assigned in the module whose input it is")
            if procedures and len(drivers) > len(procedures) and any(d.kind.name == "Continuous" for d in drivers):
                self.refuse(value.location, value.hierarchicalPath, "assigned in a procedure and outside")

    def check_procedures(self, analysis: Any) -> None:
        """Refuse a procedure of all that it reads which reads nothing, or what it assigns: the old value or the new one."""
        for scope in self.scopes:  # not by a listener: slang would keep all of this for ever
            analyzed = analysis.getAnalyzedScope(scope)
            for procedure in analyzed.procedures if analyzed else ():
                block = procedure.analyzedSymbol
                timed = block.body if block.kind.name == "ProceduralBlock" else None
                if timed is None or timed.kind.name != "Timed" or timed.timing.kind.name != "ImplicitEvent":
                    continue
                reads = {read.symbol for event in procedure.implicitEventReadSets for read in event.reads}
                if not reads:
                    self.refuse(block.location, "always @*", "it reads nothing, so that a simulator never runs it")
                for driver in procedure.drivers:
                    if driver.symbol in reads:
                        self.refuse(block.location, f"always @*: {driver.symbol.name}", "read where it is assigned")


def _place(expression: Any) -> tuple[int, int, int]:
    """Return where an expression or a node of the syntax begins and ends."""
    place = expression.sourceRange
    return place.start.buffer.id, place.start.offset, place.end.offset


def _own_width(expression: Any) -> int:
    """Return how many bits an expression has by itself, before it is made as wide as what it is assigned to."""
    kind = expression.kind.name
    if kind == "Conversion" and expression.conversionKind.name in ("Implicit", "Propagated"):
        return _own_width(expression.operand)
    if kind == "BinaryOp" and expression.op.name in _SUMS:
        return max(_own_width(expression.left), _own_width(expression.right))
    if kind == "BinaryOp" and expression.op.name in _SHIFTS:
        return _own_width(expression.left)
    if kind == "UnaryOp" and expression.op.name in _SAME:
        return _own_width(expression.operand)
    if kind == "ConditionalOp":
        return max(_own_width(expression.left), _own_width(expression.right))
    return int(expression.type.bitWidth)
