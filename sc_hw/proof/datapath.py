"""The proof of a datapath: for every state, input and noise word it computes the rule's ``step``, its latency later."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sc_hw_models.term import Term, evaluate, subterms

from ..errors import CheckError
from .circuit import Circuit, Product, Register
from .docket import Docket
from .question import Cut, Meeting, Update
from .result import Counterexample
from .script import TermPrinter, extended, literal, resized
from .solver import Answer

__all__ = ["DatapathProof", "products_of"]

_SAMPLES = 4


@dataclass(kw_only=True)
class DatapathProof:
    """The proof of one core's datapath while it runs."""

    update: Update
    docket: Docket
    samples: list[tuple[dict[str, int], dict[tuple[str, int], tuple[int, int]]]] = field(default_factory=list)
    held: list[dict[tuple[Register, int], int]] = field(default_factory=list)
    counterexample: Counterexample | None = None

    @property
    def _datapath(self) -> Circuit:
        return self.update.datapath

    @cached_property
    def _products(self) -> list[Term]:
        """The products of two values in the model."""
        return products_of(self.update.terms)

    # Obligations

    def run(self) -> None:
        """Prove everything: what needs no multiplier first, and of that what is a part of another result before that one."""
        products = self._products
        self._sample()
        self._hold()
        self._widths(products)
        self._fields(products)
        self._meetings(products)
        free = [name for name, term in self.update.terms.items() if not _depends(term, products)]
        free.sort(key=lambda name: len(list(subterms([self.update.terms[name]]))))
        for name in free:
            self._result(name, cut=True)
        for number in range(len(products)):
            self._operands(number, products)
        for name in self.update.terms:
            if name not in free:
                uncut = [term for term in products if all(c.term is not term for c in self.update.cuts)]
                self._result(name, cut=not _depends(self.update.terms[name], uncut))

    def _hold(self) -> None:
        """With enable low no register changes."""
        d, statement = self._datapath, "with enable low every register keeps its value"
        changed = [f"(distinct (|{r.symbol}| s0) (|{r.symbol}| s1))" for r in d.registers]
        lines = [
            *d.unrolled(1, cut=False),
            f"(assert (not (|{d.top}_n enable| s0)))",
            f"(assert (or false false {' '.join(changed)}))",
        ]
        wanted = [(d.register(r, step), r.bits) for r in d.registers for step in (0, 1)]
        answer, answers = self.docket.decide("\n".join(lines), wanted)
        note = answer.text
        if answer.verdict == "sat":
            pairs = zip(d.registers, answer.values[::2], answer.values[1::2], strict=True)
            note = ", ".join(f"{r.name} goes from {old} to {new}" for r, old, new in pairs if old != new)
        self.docket.add("hold", statement, self.docket.verdict(answer), answers, note)

    def _model(self, products: Sequence[Term]) -> tuple[list[str], TermPrinter]:
        """Return the inputs of the model alone, and a printer of its terms in which ``products`` are free numbers."""
        bound = {name: f"i_{name}" for name in self.update.inputs}
        lines = []
        for name, f in self.update.inputs.items():
            width = f.bits + (not f.signed)
            lines.append(f"(declare-fun p_{name} () (_ BitVec {f.bits}))")
            value = extended(f"p_{name}", not f.signed, signed=False)
            lines.append(f"(define-fun i_{name} () (_ BitVec {width}) {value})")
        for k, term in enumerate(products):
            low, high = literal(term.low, term.bits), literal(term.high, term.bits)
            lines.append(f"(declare-fun x{k} () (_ BitVec {term.bits}))")
            lines.append(f"(assert (and (bvsle {low} x{k}) (bvsle x{k} {high})))")
        return lines, TermPrinter(bound, {id(term): f"x{k}" for k, term in enumerate(products)})

    def _widths(self, products: list[Term]) -> None:
        """No width of a term drops bits, whatever the products are within their intervals."""
        lines, printer = self._model(products)
        printer.define([*self.update.terms.values(), *(operand for term in products for operand in term.arguments)])
        lines += [*printer.lines, f"(assert (or false false {' '.join(printer.losses)}))"]
        answer, answers = self.docket.decide("\n".join(lines), [])
        verdict = "proven" if answer.verdict == "unsat" else "unknown"  # a fault of the proof, not of the core
        self.docket.add(
            "widths", "no intermediate of the model loses bits in the widths used here", verdict, answers, answer.text
        )

    def _fields(self, products: list[Term]) -> None:
        """Every result of the model fits its field; asked with free products, then with real ones."""
        results, answers = self.update.results, []
        for free in (products, []):
            lines, printer = self._model(free)
            outside, wanted = [], []
            for (name, f), text in zip(results.items(), printer.define(self.update.terms.values()), strict=True):
                bits = self.update.terms[name].bits
                wide = max(bits, f.bits + (not f.signed))
                value = resized(text, bits, wide)
                outside.append(f"(bvslt {value} {literal(f.minimum, wide)}) (bvslt {literal(f.maximum, wide)} {value})")
                wanted.append((value, wide))
            lines += [*printer.lines, f"(assert (or {' '.join(outside)}))"]
            answer, more = self.docket.decide("\n".join(lines), wanted)
            answers += more
            if answer.verdict != "sat":
                break
        pairs = zip(results.items(), wanted, answer.values, strict=False)
        signed = ((name, f, value - (value >> bits - 1 << bits)) for (name, f), (_, bits), value in pairs)
        wrong = [f"{n} = {v}, allowed are {f.minimum}..{f.maximum}" for n, f, v in signed if not f.minimum <= v <= f.maximum]
        self.docket.add(
            "fields",
            "every state value and output of the model fits the width declared for it",
            self.docket.verdict(answer),
            answers,
            ", ".join(wrong) or answer.text,
        )

    def _sample(self) -> None:
        """Run random updates: the solver's datapath is one that runs, and on them it agrees with the step on plain integers."""
        statement = f"{_SAMPLES} random updates give what the step gives on plain integers"
        generator = random.Random(1)  # noqa: S311 # any numbers will do: nothing is concluded from them but a refutation
        multipliers = [(p, k) for p in self._datapath.products for k in range(self.update.spec.latency + 1)]
        pins, ports = self.update.pins(), self.update.ports()
        registers = [(r, k) for r in self._datapath.registers for k in range(1, self.update.spec.latency + 1)]
        wanted = pins + ports + [(f"(|{p.symbol}_{side}| s{k})", p.bits) for p, k in multipliers for side in "ab"]
        wanted += [(self._datapath.register(r, k), r.bits) for r, k in registers]
        answers = []
        verdict = "proven"
        for _ in range(_SAMPLES):
            values = {name: generator.randint(f.minimum, f.maximum) for name, f in self.update.inputs.items()}
            facts = [
                f"(= {self._datapath.port(n, f.bits, 0)} {literal(values[n], f.bits)})" for n, f in self.update.inputs.items()
            ]
            answer = self._run(facts, wanted)
            answers.append(self.docket.said(self.docket.solvers[0], answer))
            if answer.verdict != "sat":
                self.docket.add("samples", statement, "unknown", answers, answer.text or "the datapath has no run")
                return
            inner = len(answer.values) - len(registers)
            self.held.append(dict(zip(registers, answer.values[inner:], strict=True)))
            operands = answer.values[len(pins) + len(ports) : inner]
            pairs = zip(operands[::2], operands[1::2], strict=True)
            self.samples.append((values, {(p.symbol, k): pair for (p, k), pair in zip(multipliers, pairs, strict=True)}))
            found = self.update.compare("samples", answer.values[: len(pins)], answer.values[len(pins) : len(pins) + len(ports)])
            if found.expected != found.found:
                self.counterexample, verdict = found, "refuted"
        self.docket.add("samples", statement, verdict, answers)

    def _result(self, name: str, *, cut: bool) -> None:
        """Prove one result equal; a counterexample counts when it replays on the model and on the whole datapath."""
        kind, _, base = name.partition("_")
        statement = (
            f"{'state field' if kind == 'next' else 'output'} {base} equals the model's after {self.update.spec.latency} clocks"
        )
        answers: list[dict[str, Any]] = []
        for whole in (False, True) if cut else (True,):
            if whole and self.counterexample:
                self.docket.add(name, statement, "skipped", answers, "not decided: the core is refuted already")
                return
            text = self.update.question(cut=not whole, goal=self.update.differs(name))
            answer, more = self.docket.decide(text, self.update.pins())
            answers += more
            if not whole and answer.verdict not in ("sat", "unsat") and self._approach([self.update.terms[name]]):
                text = self.update.question(cut=True, goal=self.update.differs(name))
                answer, more = self.docket.decide(text, self.update.pins())
                answers += more
            if answer.verdict != "sat":
                break
            found = self._replay(name, answer.values)
            if found.expected[name] != found.found[name]:
                self.counterexample = self.counterexample or found
                self.docket.add(name, statement, "refuted", answers)
                return
            # With free products the solver may have chosen numbers that are no product; then they must be real.
        verdict = "proven" if answer.verdict == "unsat" else "unknown"
        if verdict == "proven":
            self.update.proven.append(name)
        note = "the counterexample does not replay" if answer.verdict == "sat" else answer.text
        self.docket.add(name, statement, verdict, answers, note)

    def _replay(self, name: str, values: Sequence[int]) -> Counterexample:
        """Run the step on plain integers and the whole datapath on constants."""
        pins = [f"(= {text} {literal(value, bits)})" for (text, bits), value in zip(self.update.pins(), values, strict=True)]
        answer = self._run(pins, self.update.ports())
        if answer.verdict != "sat":
            raise CheckError(
                f"{self.docket.solvers[0].name} cannot run the datapath on constants: {answer.verdict} {answer.text}"
            )
        return self.update.compare(name, values, answer.values)

    def _run(self, facts: Sequence[str], wanted: Sequence[tuple[str, int]]) -> Answer:
        """Return values of the whole datapath in an update of which ``facts`` are given."""
        return self.docket.run(self.update.given(facts), wanted)

    # Cut points

    def _meetings(self, products: Sequence[Term]) -> None:
        """Prove that registers hold inner values of the model, first ones first; from then on they stand for these values.

        Guessed from the samples, and asked only of values that no product enters and that are summed or chosen: a solver
        that meets the model at every stage needs to see through one stage at a time.
        """
        free = [
            t for t in subterms(self.update.terms.values()) if t.operation in ("+", "-", "select") and not _depends(t, products)
        ]
        for term in free:
            if term.low >= 0:
                self._meet(term)

    def _approach(self, goals: Sequence[Term]) -> bool:
        """Meet the model in what lies between products that are cut and ``goals``; return whether it was met anywhere."""
        uncut = [term for term in self._products if all(cut.term is not term for cut in self.update.cuts)]
        kinds, known = ("+", "-", "select", "*", ">>"), len(self.update.meetings)
        for term in subterms(goals):
            if term.operation in kinds and not _depends(term, uncut) and all(term is not each for each in self._products):
                self._meet(term)
        return len(self.update.meetings) > known

    def _meet(self, term: Term) -> None:
        """Prove that the first register that held a term's value in all samples always does."""
        if any(meeting.term is term for meeting in self.update.meetings):
            return
        values = [evaluate({"": term}, sample)[""] for sample, _ in self.samples]
        for register, step in self.held[0] if self.held else ():
            low, high = (-(1 << register.bits - 1), 1 << register.bits - 1) if term.low < 0 else (0, 1 << register.bits)
            wrong = any(
                held[register, step] != value % (1 << register.bits) for held, value in zip(self.held, values, strict=True)
            )
            if wrong or len(set(values)) < _SAMPLES or not low <= min(values) <= max(values) < high:
                continue
            if term.low >= 0 and term.high >= high:
                continue
            meeting = Meeting(term=term, register=register, step=step)
            answer, answers = self.docket.decide(self.update.question(cut=True, goal=self.update.misses(meeting)), [])
            if answer.verdict == "unsat":
                self.update.meetings.append(meeting)
                statement = f"register {register.name} holds a value of the model after {step} clocks"
                self.docket.add(f"register_{len(self.update.meetings)}", statement, "proven", answers)
            break

    def _operands(self, number: int, products: Sequence[Term]) -> None:
        """Prove that a multiplier gets the operands of a product of the model; from then on both are one free number.

        Where that is not found in time, what lies before it is met first, and it is asked again.
        """
        term = products[number]
        failed = self._cut(number, term, [])
        if failed is not None and any(answer["answer"] != "sat" for answer in failed) and self._approach(term.arguments):
            failed = self._cut(number, term, failed)
        if failed is not None:
            note = (
                "its operands can be others, or no solver knew" if failed else "no multiplier had these operands in every sample"
            )
            statement = f"a multiplier gets the operands of product {number + 1}"
            self.docket.add(f"product_{number + 1}", statement, "no cut", failed, f"{note}; the real one is asked instead")

    def _cut(self, number: int, term: Term, failed: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
        """Cut a product; return what solvers said before and now where that fails."""
        found = False
        name = f"product_{number + 1}"
        for product, step, swapped in self._matches(term):
            left, right = term.arguments[::-1] if swapped else term.arguments
            statement = f"the multiplier of clock {step} gets the operands of product {number + 1}, modulo 2^{product.bits}"

            def goal(
                printer: TermPrinter, product: Product = product, step: int = step, pair: tuple[Term, Term] = (left, right)
            ) -> str:
                texts = printer.define(pair)
                sides = [
                    f"(distinct (|{product.symbol}_{side}| s{step}) {resized(text, operand.bits, product.bits)})"
                    for side, text, operand in zip("ab", texts, pair, strict=True)
                ]
                return f"(or {' '.join(sides)})"

            answer, answers = self.docket.decide(self.update.question(cut=True, goal=goal), [])
            if answer.verdict == "unsat":
                cut = Cut(term=term, product=product, step=step, swapped=swapped, symbol=f"c{number}")
                self.update.cuts.append(cut)
                self.docket.add(name, statement, "proven", answers)
                found = True
            else:
                failed = [*failed, *answers]
        return None if found else failed

    def _matches(self, term: Term) -> list[tuple[Product, int, bool]]:
        """Return the multipliers and clocks whose operands were the term's in every sample, and whether they are swapped."""
        found = [
            (p, k, swapped)
            for p in self._datapath.products
            for k in range(self.update.spec.latency + 1)
            for swapped in (False, True)
        ]
        for values, operands in self.samples:
            model = evaluate(dict(zip("ab", term.arguments, strict=True)), values)
            found = [
                (p, k, swapped)
                for p, k, swapped in found
                if operands[p.symbol, k] == tuple(model[side] % (1 << p.bits) for side in ("ba" if swapped else "ab"))
            ]
        return found


def products_of(terms: Mapping[str, Term]) -> list[Term]:
    """Return the products of two values in the model: each has a lemma, proven or not needed."""
    return [
        term
        for term in subterms(terms.values())
        if term.operation == "*" and all(a.operation != "constant" for a in term.arguments)
    ]


def _depends(term: Term, products: Sequence[Term]) -> bool:
    inside = {id(t) for t in subterms([term])}
    return any(id(product) in inside for product in products)
