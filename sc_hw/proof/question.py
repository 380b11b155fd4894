"""The questions of a proof: one update of the datapath beside one step of the model, as text for a solver."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sc_hw_models.checked import unchecked
from sc_hw_models.rule import Field, Rule, RuleSpec
from sc_hw_models.term import Term, lift, variable

from .circuit import Circuit, Product, Register
from .result import Counterexample
from .script import TermPrinter, extended, literal, resized

__all__ = ["Cut", "Meeting", "Update", "integer", "model_terms"]

Wanted = list[tuple[str, int]]
"""Expressions to ask for, each with its width."""


def model_terms(rule: Rule, config: Any) -> dict[str, Term]:
    """Return the rule's step on symbolic integers: a term for each ``next_<state>`` and ``out_<output>``.

    Its variables are called as the datapath's input ports are.
    """
    spec: RuleSpec = rule.spec(config)
    values = {name: variable(name, f.minimum, f.maximum) for name, f in _inputs(spec).items()}
    state, inputs = _arguments(spec, values)
    new_state, outputs = rule.step(config, state, inputs)
    results = {f"next_{name}": value for name, value in new_state.items()}
    results |= {f"out_{name}": value for name, value in outputs.items()}
    return {name: lift(results[name]) for name in _results(spec)}


def _inputs(spec: RuleSpec) -> dict[str, Field]:
    """Return the fields that enter a datapath, by port."""
    groups = (("state", spec.state), ("in", spec.inputs), ("noise", spec.noise))
    return {f"{prefix}_{f.name}": f for prefix, group in groups for f in group}


def _results(spec: RuleSpec) -> dict[str, Field]:
    """Return the fields that leave a datapath, by port."""
    return {f"{prefix}_{f.name}": f for prefix, group in (("next", spec.state), ("out", spec.outputs)) for f in group}


def _arguments(spec: RuleSpec, values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the state and the inputs of a step from values by port."""
    inputs = {f.name: values[f"in_{f.name}"] for f in spec.inputs} | {f.name: values[f"noise_{f.name}"] for f in spec.noise}
    return {f.name: values[f"state_{f.name}"] for f in spec.state}, inputs


def integer(f: Field, value: int) -> int:
    """Return the integer that the bits of a field mean."""
    return value - (1 << f.bits) if f.signed and value > f.maximum else value


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A product of the model and the multiplier that is proven to compute it, in a clock of the unrolling."""

    term: Term
    product: Product
    step: int
    swapped: bool
    symbol: str

    def link(self) -> str:
        """Return the assertion that both are one free number."""
        value = resized(self.symbol, self.term.bits, self.product.bits)
        return f"(assert (= (|{self.product.symbol}| s{self.step}) {value}))"


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """A value of the model and a register that is proven to hold it in a clock of the unrolling; negative in two's complement."""

    term: Term
    register: Register
    step: int

    @property
    def signed(self) -> bool:
        """Whether the highest bit of the register is a sign."""
        return self.term.low < 0

    def text(self, datapath: Circuit) -> str:
        """Return the register as an expression of the term's width."""
        held = extended(datapath.register(self.register, self.step), 1, signed=self.signed)
        return resized(held, self.register.bits + 1, self.term.bits)


@dataclass(kw_only=True)
class Update:
    """One update of a datapath and what is proven of it so far: results by name, products by their cuts."""

    rule: Rule
    config: Any
    datapath: Circuit
    terms: dict[str, Term]
    proven: list[str] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)

    @cached_property
    def spec(self) -> RuleSpec:
        """The rule's specification."""
        return self.rule.spec(self.config)

    @cached_property
    def inputs(self) -> dict[str, Field]:
        """The fields that enter, by port."""
        return _inputs(self.spec)

    @cached_property
    def results(self) -> dict[str, Field]:
        """The fields that leave, by port."""
        return _results(self.spec)

    def _enabled(self, *, cut: bool) -> list[str]:
        """Return the datapath in the enabled clocks of the update; in the last step enable is free."""
        clocks = range(self.spec.latency)
        return self.datapath.unrolled(len(clocks), cut=cut) + [f"(assert (|{self.datapath.top}_n enable| s{k}))" for k in clocks]

    def _result(self, name: str, term: Term) -> tuple[str, int]:
        """Return a result's port as a signed expression, wide enough for the term too, and its width."""
        f = self.results[name]
        width = max(term.bits, f.bits + (not f.signed))
        port = self.datapath.port(name, f.bits, self.spec.latency)
        return extended(port, width - f.bits, signed=f.signed), width

    def question(self, *, cut: bool, goal: Callable[[TermPrinter], str]) -> str:
        """Return the text that is satisfiable when ``goal`` can be true in the enabled clocks of one update.

        With ``cut`` what is proven already stands in for its model: results by the datapath's ports, products by free numbers.
        """
        lines = self._enabled(cut=cut)
        bound = {
            name: extended(self.datapath.port(name, f.bits, 0), not f.signed, signed=False) for name, f in self.inputs.items()
        }
        cuts = {id(c.term): c for c in self.cuts} if cut else {}
        for c in cuts.values():
            low, high = literal(c.term.low, c.term.bits), literal(c.term.high, c.term.bits)
            lines.append(f"(declare-fun {c.symbol} () (_ BitVec {c.term.bits}))")
            lines.append(f"(assert (and (bvsle {low} {c.symbol}) (bvsle {c.symbol} {high})))")
        lines += [c.link() for c in self.cuts if cut]
        replaced = {key: c.symbol for key, c in cuts.items()}
        replaced |= {id(m.term): m.text(self.datapath) for m in self.meetings if cut}
        for name in self.proven if cut else ():
            port, width = self._result(name, self.terms[name])
            replaced[id(self.terms[name])] = resized(port, width, self.terms[name].bits)
        printer = TermPrinter(bound, replaced)
        assertion = goal(printer)
        return "\n".join([*lines, *printer.lines, f"(assert {assertion})"])

    def differs(self, name: str) -> Callable[[TermPrinter], str]:
        """Return the goal that a result differs from the model's."""

        def goal(printer: TermPrinter) -> str:
            term = self.terms[name]
            (model,) = printer.define([term])
            port, width = self._result(name, term)
            return f"(distinct {resized(model, term.bits, width)} {port})"

        return goal

    def misses(self, meeting: Meeting) -> Callable[[TermPrinter], str]:
        """Return the goal that a register does not hold a value of the model."""

        def goal(printer: TermPrinter) -> str:
            (model,) = printer.define([meeting.term])
            width = max(meeting.term.bits, meeting.register.bits + 1)
            held = extended(
                self.datapath.register(meeting.register, meeting.step), width - meeting.register.bits, signed=meeting.signed
            )
            return f"(distinct {resized(model, meeting.term.bits, width)} {held})"

        return goal

    def pins(self) -> Wanted:
        """Return every register and input that decides the results: registers at first, inputs in every clock."""
        registers = [(self.datapath.register(r, 0), r.bits) for r in self.datapath.registers]
        steps = range(self.spec.latency + 1)
        return registers + [(self.datapath.port(name, f.bits, k), f.bits) for k in steps for name, f in self.inputs.items()]

    def ports(self) -> Wanted:
        """Return every result."""
        return [(self.datapath.port(name, f.bits, self.spec.latency), f.bits) for name, f in self.results.items()]

    def given(self, facts: Sequence[str]) -> str:
        """Return the text of the whole datapath in the enabled clocks of an update of which ``facts`` are given."""
        return "\n".join(self._enabled(cut=False) + [f"(assert {fact})" for fact in facts])

    def compare(self, name: str, pins: Sequence[int], ports: Sequence[int]) -> Counterexample:
        """Return the registers and inputs ``pins``, with what the model makes of them beside what the ``ports`` show."""
        count, width = len(self.datapath.registers), len(self.inputs)
        clocks = [
            {port: integer(f, value) for (port, f), value in zip(self.inputs.items(), pins[start : start + width], strict=True)}
            for start in range(count, len(pins), width)
        ]
        state, inputs = _arguments(self.spec, clocks[0])
        new_state, outputs = unchecked(self.rule.step)(self.config, state, inputs)  # shown even where it leaves a field
        expected = {f"next_{n}": int(v) for n, v in new_state.items()} | {f"out_{n}": int(v) for n, v in outputs.items()}
        found = {n: integer(f, value) for (n, f), value in zip(self.results.items(), ports, strict=True)}
        before = {r.name: value for r, value in zip(self.datapath.registers, pins[:count], strict=True)}
        return Counterexample(
            obligation=name,
            state=state,
            inputs=inputs,
            expected={n: expected[n] for n in self.results},
            found=found,
            before=before,
            later=clocks[1:],
            run=[],
        )
