"""The proof: the datapath computes the rule's ``step`` for every state, every input and every noise word."""

import dataclasses
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sc_hw_models.term import Term, evaluate, subterms

from ..errors import UserError
from ..manifest import Core
from .datapath import Datapath, Product, read_datapath
from .question import Cut, Update, model_terms
from .result import Counterexample, Obligation, ProofResult
from .script import TermPrinter, extended, literal, resized
from .solver import Answer, Solver

__all__ = ["prove"]

_SAMPLES = 4


@dataclass(kw_only=True)
class _Proof:
    """The proof of one core while it runs."""

    update: Update
    solvers: Sequence[Solver]
    timeout: float
    progress: Callable[[Obligation], None]
    obligations: list[Obligation] = field(default_factory=list)
    samples: list[tuple[dict[str, int], dict[tuple[str, int], tuple[int, int]]]] = field(default_factory=list)
    counterexample: Counterexample | None = None

    @property
    def _datapath(self) -> Datapath:
        return self.update.datapath

    # Answers

    def _decide(self, text: str, wanted: Sequence[tuple[str, int]]) -> tuple[Answer, list[dict[str, Any]]]:
        """Ask every solver until one does not agree that the question has no solution."""
        answers = []
        for solver in self.solvers:
            answer = solver.ask(text, wanted, timeout=self.timeout)
            answers.append(self._said(solver, answer))
            if answer.verdict != "unsat":
                break
        return answer, answers

    @staticmethod
    def _said(solver: Solver, answer: Answer) -> dict[str, Any]:
        return {
            "solver": solver.name,
            "version": solver.tool.version,
            "answer": answer.verdict,
            "seconds": round(answer.seconds, 3),
        }

    def _add(self, name: str, statement: str, verdict: str, answers: list[dict[str, Any]], note: str = "") -> None:
        obligation = Obligation(name=name, statement=statement, verdict=verdict, answers=answers, note=note)
        self.obligations.append(obligation)
        self.progress(obligation)

    # Obligations

    def run(self) -> None:
        """Prove everything, what needs no multiplier first."""
        products = [
            term
            for term in subterms(self.update.terms.values())
            if term.operation == "*" and all(a.operation != "constant" for a in term.arguments)
        ]
        self._sample()
        self._hold()
        self._widths(products)
        free = [name for name, term in self.update.terms.items() if not _depends(term, products)]
        for name in free:
            self._result(name, cut=True)
        for number, term in enumerate(products):
            self._operands(number, term)
        for name in self.update.terms:
            if name not in free:
                uncut = [term for term in products if all(c.term is not term for c in self.update.cuts)]
                self._result(name, cut=not _depends(self.update.terms[name], uncut))

    def _hold(self) -> None:
        """With enable low no register changes."""
        d, statement = self._datapath, "with enable low every register keeps its value"
        changed = [f"(distinct (|{r.symbol}| s0) (|{r.symbol}| s1))" for r in d.registers]
        lines = [*d.unrolled(1, cut=False), f"(assert (not (|{d.top}_n enable| s0)))", f"(assert (or false {' '.join(changed)}))"]
        wanted = [(d.register(r, step), r.bits) for r in d.registers for step in (0, 1)]
        answer, answers = self._decide("\n".join(lines), wanted)
        note = answer.text
        if answer.verdict == "sat":
            pairs = zip(d.registers, answer.values[::2], answer.values[1::2], strict=True)
            note = ", ".join(f"{r.name} goes from {old} to {new}" for r, old, new in pairs if old != new)
        self._add("hold", statement, _VERDICTS.get(answer.verdict, "unknown"), answers, note)

    def _widths(self, products: list[Term]) -> None:
        """No width of a term drops bits, whatever the products are within their intervals."""
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
        printer = TermPrinter(bound, {id(term): f"x{k}" for k, term in enumerate(products)})
        printer.define([*self.update.terms.values(), *(operand for term in products for operand in term.arguments)])
        lines += [*printer.lines, f"(assert (or false {' '.join(printer.losses)}))"]
        answer, answers = self._decide("\n".join(lines), [])
        verdict = "proven" if answer.verdict == "unsat" else "unknown"  # a fault of the proof, not of the core
        self._add("widths", "no intermediate of the model loses bits in the widths used here", verdict, answers, answer.text)

    def _sample(self) -> None:
        """Run random updates: the solver's datapath is one that runs, and on them it agrees with the step on plain integers."""
        statement = f"{_SAMPLES} random updates give what the step gives on plain integers"
        generator = random.Random(1)  # noqa: S311 # any numbers will do: nothing is concluded from them but a refutation
        multipliers = [(p, k) for p in self._datapath.products for k in range(self.update.spec.latency + 1)]
        pins, ports = self.update.pins(), self.update.ports()
        wanted = pins + ports + [(f"(|{p.symbol}_{side}| s{k})", p.bits) for p, k in multipliers for side in "ab"]
        answers = []
        verdict = "proven"
        for _ in range(_SAMPLES):
            values = {name: generator.randint(f.minimum, f.maximum) for name, f in self.update.inputs.items()}
            facts = [
                f"(= {self._datapath.port(n, f.bits, 0)} {literal(values[n], f.bits)})" for n, f in self.update.inputs.items()
            ]
            answer = self._run(facts, wanted)
            answers.append(self._said(self.solvers[0], answer))
            if answer.verdict != "sat":
                self._add("samples", statement, "unknown", answers, answer.text or "the datapath has no run")
                return
            operands = answer.values[len(pins) + len(ports) :]
            pairs = zip(operands[::2], operands[1::2], strict=True)
            self.samples.append((values, {(p.symbol, k): pair for (p, k), pair in zip(multipliers, pairs, strict=True)}))
            found = self.update.compare("samples", answer.values[: len(pins)], answer.values[len(pins) : len(pins) + len(ports)])
            if found.expected != found.found:
                self.counterexample, verdict = found, "refuted"
        self._add("samples", statement, verdict, answers)

    def _result(self, name: str, *, cut: bool) -> None:
        """Prove one result equal; a counterexample counts when it replays on the model and on the whole datapath."""
        kind, _, base = name.partition("_")
        statement = (
            f"{'state field' if kind == 'next' else 'output'} {base} equals the model's after {self.update.spec.latency} clocks"
        )
        answers: list[dict[str, Any]] = []
        for whole in (False, True) if cut else (True,):
            if whole and self.counterexample:
                self._add(name, statement, "skipped", answers, "not decided: the core is refuted already")
                return
            text = self.update.question(cut=not whole, goal=self.update.differs(name))
            answer, more = self._decide(text, self.update.pins())
            answers += more
            if answer.verdict != "sat":
                break
            found = self._replay(name, answer.values)
            if found.expected[name] != found.found[name]:
                self.counterexample = self.counterexample or found
                self._add(name, statement, "refuted", answers)
                return
            # With free products the solver may have chosen numbers that are no product; then they must be real.
        verdict = "proven" if answer.verdict == "unsat" else "unknown"
        if verdict == "proven":
            self.update.proven.append(name)
        note = "the counterexample does not replay" if answer.verdict == "sat" else answer.text
        self._add(name, statement, verdict, answers, note)

    def _replay(self, name: str, values: Sequence[int]) -> Counterexample:
        """Run the step on plain integers and the whole datapath on constants."""
        pins = [f"(= {text} {literal(value, bits)})" for (text, bits), value in zip(self.update.pins(), values, strict=True)]
        answer = self._run(pins, self.update.ports())
        if answer.verdict != "sat":
            raise RuntimeError(f"{self.solvers[0].name} cannot run the datapath on constants: {answer.verdict} {answer.text}")
        return self.update.compare(name, values, answer.values)

    def _run(self, facts: Sequence[str], wanted: Sequence[tuple[str, int]]) -> Answer:
        """Return values of the whole datapath in an update of which ``facts`` are given."""
        return self.solvers[0].ask(self.update.given(facts), wanted, timeout=self.timeout)

    # Cut points

    def _operands(self, number: int, term: Term) -> None:
        """Prove that a multiplier gets the operands of a product of the model; from then on both are one free number."""
        for product, step, swapped in self._matches(term):
            left, right = term.arguments[::-1] if swapped else term.arguments
            statement = f"the multiplier of clock {step} gets the operands of product {number + 1}, modulo 2^{product.bits}"

            def goal(printer: TermPrinter, product: Product = product, step: int = step,
                     pair: tuple[Term, Term] = (left, right)) -> str:  # fmt: skip
                texts = printer.define(pair)
                sides = [
                    f"(distinct (|{product.symbol}_{side}| s{step}) {resized(text, operand.bits, product.bits)})"
                    for side, text, operand in zip("ab", texts, pair, strict=True)
                ]
                return f"(or {' '.join(sides)})"

            answer, answers = self._decide(self.update.question(cut=True, goal=goal), [])
            if answer.verdict == "unsat":
                cut = Cut(term=term, product=product, step=step, swapped=swapped, symbol=f"c{number}")
                self.update.cuts.append(cut)
                self._add(f"product_{number + 1}", statement, "proven", answers)

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


_VERDICTS = {"unsat": "proven", "sat": "refuted"}


def _depends(term: Term, products: Sequence[Term]) -> bool:
    inside = {id(t) for t in subterms([term])}
    return any(id(product) in inside for product in products)


def prove(
    core: Core, solvers: Sequence[Solver], *, timeout: float = 60.0, progress: Callable[[Obligation], None] = lambda _o: None
) -> ProofResult:
    """Prove that a core's datapath computes its rule's step, or find where it does not.

    Each obligation is proven when every one of ``solvers`` agrees within ``timeout`` seconds; ``progress``
    is called with each as it is decided. Errors: ``UserError`` for sources that cannot be read as a datapath.
    """
    if not solvers:
        raise UserError("nothing to prove with: give at least one solver")
    start = time.monotonic()
    datapath = read_datapath(core)
    rule, config = core.design.rule, core.design.config
    update = Update(rule=rule, config=config, datapath=datapath, terms=model_terms(rule, config))
    run = _Proof(update=update, solvers=solvers, timeout=timeout, progress=progress)
    run.run()
    tools = {"yosys": datapath.yosys, **{solver.name: solver.tool.version for solver in solvers}}
    return ProofResult(
        core=core.design.name, rule=core.design.rule.name, config=dataclasses.asdict(core.design.config),
        generator=core.manifest["generator"], edited=core.edited, tools=tools, obligations=run.obligations,
        counterexample=run.counterexample, seconds=round(time.monotonic() - start, 3),
    )  # fmt: skip
