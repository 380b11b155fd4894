"""SMT-LIB 2 text of terms: each term one definition, as wide as its interval needs."""

from collections.abc import Iterable, Mapping

from sc_hw_models.term import Term, subterms

__all__ = ["TermPrinter", "extended", "literal", "resized"]


def literal(value: int, bits: int) -> str:
    """Return ``value`` as a two's complement constant."""
    return f"#b{value & ((1 << bits) - 1):0{bits}b}"


def resized(text: str, bits: int, wanted: int) -> str:
    """Return a signed expression of ``bits`` bits in ``wanted`` bits: sign-extended, or its low bits."""
    if wanted > bits:
        return extended(text, wanted - bits, signed=True)
    return f"((_ extract {wanted - 1} 0) {text})" if wanted < bits else text


def extended(text: str, by: int, *, signed: bool) -> str:
    """Return an expression with ``by`` more bits, copies of its sign or zeros."""
    return f"((_ {'sign' if signed else 'zero'}_extend {int(by)}) {text})" if by else text


class TermPrinter:
    """Writes terms as definitions, operands first, each once.

    ``bound`` maps variables by name, ``replaced`` any terms by identity, to expressions of the term's width.
    ``lines`` are the definitions so far. ``losses`` are conditions, one for each width that relies on more than
    the operands' intervals (the arms of a choice), each true when that width loses bits.
    """

    def __init__(self, bound: Mapping[str, str], replaced: Mapping[int, str]) -> None:
        self._bound = bound
        self._symbols = dict(replaced)
        self.lines: list[str] = []
        self.losses: list[str] = []

    def define(self, terms: Iterable[Term]) -> list[str]:
        """Return an expression for each term, adding the definitions it needs."""
        wanted = list(terms)
        for term in subterms(wanted, self._symbols):
            self._symbols[id(term)] = self._define(term)
        return [self._symbols[id(term)] for term in wanted]

    def _define(self, term: Term) -> str:
        if term.operation == "variable":
            return self._bound[str(term.detail)]
        if term.operation == "constant":
            return literal(int(term.detail), term.bits)
        operands = [(self._symbols[id(argument)], argument.bits) for argument in term.arguments]
        if term.operation == "select":
            return self._select(term, operands)
        if term.operation == ">>":
            (text, bits), shift = operands[0], min(int(term.detail), operands[0][1] - 1)
            return self._name(resized(f"((_ extract {bits - 1} {shift}) {text})", bits - shift, term.bits), term.bits)
        if term.operation in _ARITHMETIC:
            left, right = (resized(text, bits, term.bits) for text, bits in operands)
            return self._name(f"({_ARITHMETIC[term.operation]} {left} {right})", term.bits)
        width = max(bits for _, bits in operands)
        left, right = (resized(text, bits, width) for text, bits in operands)
        return self._name(f"(ite ({_COMPARISONS[term.operation]} {left} {right}) #b01 #b00)", term.bits)

    def _select(self, term: Term, operands: list[tuple[str, int]]) -> str:
        (condition, condition_bits), *arms = operands
        width = max(term.bits, *(bits for _, bits in arms))
        left, right = (resized(text, bits, width) for text, bits in arms)
        choice = self._name(f"(ite (distinct {condition} {literal(0, condition_bits)}) {left} {right})", width)
        if term.bits == width:
            return choice
        narrow = self._name(resized(choice, width, term.bits), term.bits)
        self.losses.append(f"(distinct {resized(narrow, term.bits, width)} {choice})")
        return narrow

    def _name(self, text: str, bits: int) -> str:
        name = f"m{len(self.lines)}"
        self.lines.append(f"(define-fun {name} () (_ BitVec {bits}) {text})")
        return name


# The operands' low bits give the result's low bits, and the result's interval says that there are no others.
_ARITHMETIC = {"+": "bvadd", "-": "bvsub", "*": "bvmul"}
_COMPARISONS = {"<": "bvslt", "<=": "bvsle", "=": "="}
