"""The part of Verilog whose meaning does not depend on who reads it.

Standards leave room, and tools leave the standard: an incomplete list of sensitivities, a ``case`` of mixed signs, a signed
parameter or a wired net is one thing to a simulator and another to synthesis, and so to a proof. So a folder's Verilog is parsed
(by slang) and every construct in it must be one that our own generators write, in the form in which they write it.
"""

from collections.abc import Iterator
from typing import Any

from ..errors import UserError, one_line

__all__ = ["check_grammar"]

# Kinds of nodes of slang's syntax tree. What is not here is refused; nothing here has two meanings, but as checked below.
_KINDS = frozenset(
    """
    ModuleDeclaration ModuleHeader AnsiPortList NonAnsiPortList ImplicitAnsiPort ImplicitNonAnsiPort
    PortReference PortDeclaration NetPortHeader VariablePortHeader ParameterPortList ParameterDeclaration
    ParameterDeclarationStatement NetDeclaration DataDeclaration ImplicitType RegType Declarator EqualsValueClause
    VariableDimension RangeDimensionSpecifier GenvarDeclaration GenerateRegion LoopGenerate IfGenerate GenerateBlock
    ElseClause NamedBlockClause HierarchyInstantiation HierarchicalInstance InstanceName ParameterValueAssignment
    NamedParamAssignment NamedPortConnection SimplePropertyExpr SimpleSequenceExpr AttributeInstance AttributeSpec
    IdentifierName AlwaysBlock TimingControlStatement EventControlWithExpression ParenthesizedEventExpression
    SignalEventExpression ImplicitEventControl SequentialBlockStatement ConditionalStatement ConditionalPredicate
    ConditionalPattern CaseStatement StandardCaseItem DefaultCaseItem ExpressionStatement EmptyStatement
    EmptyMember ContinuousAssign AssignmentExpression NonblockingAssignmentExpression IdentifierSelectName ScopedName
    ElementSelect BitSelect SimpleRangeSelect AscendingRangeSelect DescendingRangeSelect IntegerLiteralExpression
    IntegerVectorExpression ParenthesizedExpression ConcatenationExpression MultipleConcatenationExpression
    ConditionalExpression InvocationExpression SystemName ArgumentList OrderedArgument AddExpression SubtractExpression
    MultiplyExpression UnaryMinusExpression UnaryPlusExpression LogicalShiftLeftExpression LogicalShiftRightExpression
    ArithmeticShiftLeftExpression ArithmeticShiftRightExpression EqualityExpression InequalityExpression LessThanExpression
    LessThanEqualExpression GreaterThanExpression GreaterThanEqualExpression LogicalAndExpression LogicalOrExpression
    UnaryLogicalNotExpression BinaryAndExpression BinaryOrExpression BinaryXorExpression BinaryXnorExpression
    UnaryBitwiseNotExpression UnaryBitwiseAndExpression UnaryBitwiseOrExpression UnaryBitwiseXorExpression
    """.split()  # noqa: SIM905 - a list of words
)
_LISTS = ("SyntaxList", "SeparatedList", "TokenList")
_NAMES = ("IdentifierName", "IdentifierSelectName")


def check_grammar(text: str, where: str, *, system_tasks: bool = False) -> None:
    """Raise ``UserError`` that names the first construct of a Verilog text that is not allowed, ``where`` it is and its line.

    With ``system_tasks`` the text is for a simulator alone, whose reading is its meaning: refused are names in other modules.
    """
    if found := _first_fault(text, system_tasks):
        raise UserError(f"{where}:{found}; correct the file or emit the core again")


def _first_fault(text: str, system_tasks: bool) -> str:
    """Return the line of the first construct that is not allowed, the construct and why; empty when all are."""
    from pyslang import DiagnosticEngine, SourceManager
    from pyslang.syntax import CompilationUnitSyntax, SyntaxTree

    manager = SourceManager()
    tree = SyntaxTree.fromText(text, manager, "", "")
    for error in tree.diagnostics:
        if error.isError():
            offset, said = error.location.offset, DiagnosticEngine.reportAll(manager, [error]).splitlines()[0]
            shown = one_line(text.encode()[offset:].decode(errors="replace")[:20].strip() or "the end")
            return f"{_line(text, offset)}: {shown!r} is not allowed (no Verilog: {one_line(said.rpartition('error: ')[2])})"
    members = tree.root.members if isinstance(tree.root, CompilationUnitSyntax) else [tree.root]
    try:
        for member in members:
            if member.kind.name == "ModuleDeclaration":
                _Module(member).check(names_only=system_tasks)
            elif not system_tasks or any(node.kind.name == "ScopedName" for node in _nodes(member)):
                raise _Refused(member, "something that stands in no module")
    except _Refused as refused:
        node, why = refused.args
        return f"{_line(text, node.sourceRange.start.offset)}: {one_line(str(node))[:60]!r} is not allowed ({why})"
    return ""


def _line(text: str, offset: int) -> int:
    return text.encode()[:offset].count(b"\n") + 1


class _Refused(Exception):  # noqa: N818 - no error of a program
    """A node that is not allowed, and why."""


class _Module:
    """The checks of one module; its declarations are read first."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.signed: set[str] = set()  # variables, nets and ports
        self.unsigned: set[str] = set()  # parameters that have a range
        self.loops: set[str] = set()  # blocks of generate loops, which are visible in the whole module
        for node in _nodes(module):
            kind = node.kind.name
            if kind in ("NetDeclaration", "DataDeclaration", "ImplicitAnsiPort", "PortDeclaration") and _signed(node):
                self.signed |= {inner.name.valueText for inner in _nodes(node) if inner.kind.name == "Declarator"}
            if kind == "ParameterDeclaration" and any(inner.kind.name == "VariableDimension" for inner in _nodes(node.type)):
                self.unsigned |= {inner.name.valueText for inner in _nodes(node) if inner.kind.name == "Declarator"}

    def check(self, *, names_only: bool) -> None:
        for member in self.module.members:
            for node in _nodes(member):
                if node.kind.name == "LoopGenerate" and node.block.kind.name == "GenerateBlock" and node.block.beginName:
                    label = node.block.beginName.name.valueText
                    if label in self.loops or member.kind.name not in ("GenerateRegion", "LoopGenerate"):
                        self.refuse(node.block.beginName, "a second block of one name")
                    self.loops.add(label)
        if names_only:
            for node in _nodes(self.module):
                if node.kind.name == "ScopedName":
                    self.check_scoped(node)
        else:
            for node in _nodes(self.module):
                if node.kind.name == "InitialBlock":
                    self.refuse(node, "initial is what a memory holds at power-up alone, in the form in which it is emitted")
                if node.kind.name not in _KINDS or (node is not self.module and node.kind.name == "ModuleDeclaration"):
                    self.refuse(node, f"a {_words(node.kind.name)}, which our generators do not write")
            self.walk(self.module)

    def refuse(self, node: Any, why: str) -> None:
        raise _Refused(node, why)

    def walk(self, node: Any) -> None:
        """Check a node and what is in it; a procedure assigns in one way, and some things stand in generate loops only."""
        left = [(node, "", False)]
        while left:
            node, assignment, loop = left.pop()
            kind = node.kind.name
            match kind:
                case "AlwaysBlock":
                    assignment = self.assignment_of(node)
                case "LoopGenerate":
                    if loop:
                        self.refuse(node, "a generate loop in another")
                    loop = True
                case "IfGenerate" if not loop:
                    self.refuse(node, "an if outside a generate loop and a procedure, which may leave out what stands in it")
                case "AssignmentExpression" if assignment == "<=":
                    self.refuse(node, "a blocking assignment at a clock edge: the order of procedures is the simulator's")
                case "NonblockingAssignmentExpression" if assignment != "<=":
                    self.refuse(node, "a nonblocking assignment without a clock edge")
                case "NamedBlockClause" if not loop:
                    self.refuse(node, "a named block outside a generate loop")
                case "ParameterDeclaration" if _signed(node):
                    self.refuse(node, "a signed parameter: tools differ in the sign of its value")
                case "IntegerVectorExpression" if node.base.rawText.lower() not in ("'b", "'d", "'h"):
                    self.refuse(node, "a number of another kind than 8'b0, 8'd0 or 8'h0")
                case "InstanceName" if len(node.dimensions):
                    self.refuse(node, "an array of instances")
                case "ScopedName":
                    self.check_scoped(node)
                case "CaseStatement":
                    self.check_case(node)
            left += [(inner, assignment, loop) for inner in reversed(_inside(node))]

    def assignment_of(self, procedure: Any) -> str:
        """Return how a procedure must assign: ``<=`` at a rising clock edge, ``=`` when it is of all that it reads."""
        control = procedure.statement.timingControl if procedure.statement.kind.name == "TimingControlStatement" else procedure
        if control.kind.name == "ImplicitEventControl":
            return "="
        event = control.expr.expr if control.kind.name == "EventControlWithExpression" else control
        event = event if event.kind.name == "SignalEventExpression" else None
        if event is None or event.edge.kind.name != "PosEdgeKeyword" or event.expr.kind.name != "IdentifierName":
            self.refuse(procedure, "a procedure of other than @(posedge NAME) or @*")
        return "<="

    def check_scoped(self, name: Any) -> None:
        """Allow a name in a block of a generate loop of this module, with the block's number: it can be no module's."""
        inside = name.left.kind.name == "IdentifierSelectName" and name.left.identifier.valueText in self.loops
        if not inside or name.separator.kind.name != "Dot" or name.right.kind.name not in _NAMES:
            self.refuse(name, "a name inside another module, or in the bench around it")

    def check_case(self, case: Any) -> None:
        """Allow a ``case`` of values without a sign: tools differ in how they extend others."""
        selector = case.expr
        name = selector.identifier.valueText if selector.kind.name in _NAMES else ""
        if not name or (name in self.signed and selector.kind.name == "IdentifierName"):
            self.refuse(selector, "a case of other than an unsigned name, or a part of one")
        for item in case.items:
            for value in item.expressions if item.kind.name == "StandardCaseItem" else ():
                named = value.kind.name == "IdentifierName" and value.identifier.valueText in self.unsigned
                if not hasattr(value, "rawText") and not named and value.kind.name != "IntegerVectorExpression":
                    self.refuse(value, "an item of a case that is neither a sized number nor a parameter with a range")


def _inside(node: Any) -> list[Any]:
    """Return what a node is made of, without tokens: these are the nodes that know no ``rawText``."""
    return [inner for inner in node if inner is not None and not hasattr(inner, "rawText")]


def _nodes(node: Any) -> Iterator[Any]:
    """Yield a node and all below it that are no tokens and no lists, in the order of the text."""
    left = [node]
    while left:
        node = left.pop()
        if node.kind.name not in _LISTS:
            yield node
        if node.kind.name != "AttributeInstance":  # of words that have been read as such
            left += reversed(_inside(node))


def _signed(node: Any) -> bool:
    """Return whether ``signed`` stands in a declaration, or in the header of a port."""
    return any(hasattr(inner, "signing") and inner.signing.kind.name == "SignedKeyword" for inner in _nodes(node))


def _words(kind: str) -> str:
    """Return a kind of slang's as words: ``CasePattern`` is a case pattern."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in kind).strip()
