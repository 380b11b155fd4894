"""The proof: the lanes compute the rule's ``step`` for every state, input and noise word; the engine applies it."""

import dataclasses
import random
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from sc_hw_models.checked import check_function
from sc_hw_models.scratch import temporary_folder
from sc_hw_models.term import Term, evaluate, subterms

from ..errors import CheckError, UserError
from ..manifest import Core
from ..toolchain import sby
from ..yosys import find_yosys
from .campaign import Campaign
from .circuit import Circuit, Product, Register, read_circuit
from .docket import Docket
from .engine import cover_engine, prove_engine
from .graph import cover_graph, prove_graph
from .induction import Inquiry
from .lane import OUTSIDE_THE_LANE, LaneProof
from .ledger import check_ledger, ledger_record
from .parts import prove_parts, prove_rest
from .question import Cut, Meeting, Update, model_terms
from .result import PARTS, Counterexample, Obligation, ProofResult
from .run import find_run
from .script import TermPrinter, extended, literal, resized
from .solver import Answer, Solver
from .structure import check_structure, is_sound

__all__ = ["prove"]

_SAMPLES = 4


@dataclass(kw_only=True)
class _Proof:
    """The proof of one core while it runs."""

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
        return [
            term
            for term in subterms(self.update.terms.values())
            if term.operation == "*" and all(a.operation != "constant" for a in term.arguments)
        ]

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
        self.docket.add("fields", "every state value and output of the model fits the width declared for it",
                        self.docket.verdict(answer), answers, ", ".join(wrong) or answer.text)  # fmt: skip

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
            wrong = any(held[register, step] != value % (1 << register.bits)
                        for held, value in zip(self.held, values, strict=True))  # fmt: skip
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

            def goal(printer: TermPrinter, product: Product = product, step: int = step,
                     pair: tuple[Term, Term] = (left, right)) -> str:  # fmt: skip
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


def _depends(term: Term, products: Sequence[Term]) -> bool:
    inside = {id(t) for t in subterms([term])}
    return any(id(product) in inside for product in products)


def prove(
    core: Core, solvers: Sequence[Solver], *, timeout: float = 60.0, parts: Collection[str] = PARTS, covers: bool = True,
    structure: bool = True, traces: Path | None = None, circuit: Callable[[str], Circuit] | None = None,
    progress: Callable[[Obligation], None] = lambda _o: None,
) -> ProofResult:  # fmt: skip
    """Prove that a core's lanes compute its rule's step and that its engine applies it once, or find where they do not.

    Each obligation is proven when every one of ``solvers`` agrees within ``timeout`` seconds; ``parts`` of ``PARTS``
    are proven, with ``covers`` that show that the engine's statements are not vacuous and a campaign that finds what
    is wrong sooner than solvers do. ``structure`` is proven first: where it is not as it must be, nothing else is asked.
    ``circuit`` gives what ``read_circuit`` does, when that has been read; ``progress`` is called with each obligation as it
    is decided. Waveforms go into the folder ``traces``, if there is one. Of a layer or a crossbar, its cores are proven, and
    what joins them. Errors: ``UserError`` for sources that cannot be read, ``StepError`` for a step that is no function.
    """
    if not solvers:
        raise UserError("nothing to prove with: give at least one solver")
    start = time.monotonic()
    tools = {"yosys": find_yosys()[1], **{solver.name: solver.tool.version for solver in solvers}}
    if "engine" in parts:
        tools["sby"] = sby().version
    obligations: list[Obligation] = []

    def add(obligation: Obligation) -> None:
        obligations.append(obligation)
        progress(obligation)

    for obligation in check_structure(core) if structure else ():
        add(obligation)
    counterexample = None
    if is_sound(obligations):
        with temporary_folder() as scratch:
            campaign = Campaign(core=core, output=(traces or scratch) / "campaign") if covers else None
            run = _Run(solvers=solvers, timeout=timeout, parts=parts, covers=covers, circuit=circuit, folder=scratch,
                       traces=traces, campaign=campaign)  # fmt: skip
            # A layer or a crossbar has many questions; whether it runs at all is found sooner than which of them is at fault.
            first = bool(campaign and core.parts and "engine" in parts)
            if campaign and first:
                add(campaign.obligation())
            if not _refuted(obligations):
                counterexample = run.whole(core, "", add)
            # What is proven of an engine must happen, too; and whoever does not know may still learn that it is wrong.
            asked = "engine" in parts or any(o.verdict == "unknown" for o in obligations)
            if campaign and asked and not first and not _refuted(obligations):
                add(campaign.obligation())
        for design in [core.design, *(part.design for part in core.parts)] if structure else ():
            check_function(design.rule.step, design.config, seed=1)  # all that was proven is of what it was at first
        if structure and set(parts) == set(PARTS):
            add(check_ledger(core.design, obligations, covers=covers))
    return ProofResult(
        core=core.design.name, rule=core.design.rule.name, config=dataclasses.asdict(core.design.config),
        generator=core.manifest["generator"], edited=core.edited, tools=tools, obligations=obligations,
        counterexample=counterexample, seconds=round(time.monotonic() - start, 3), assumptions=ledger_record(core.design),
    )  # fmt: skip


def _refuted(obligations: Sequence[Obligation]) -> bool:
    return any(obligation.verdict == "refuted" for obligation in obligations)


@dataclass(frozen=True, kw_only=True)
class _Run:
    """The proof of a folder whose structure is as it must be."""

    solvers: Sequence[Solver]
    timeout: float
    parts: Collection[str]
    covers: bool
    circuit: Callable[[str], Circuit] | None
    folder: Path
    traces: Path | None
    campaign: Campaign | None

    def whole(self, core: Core, prefix: str, add: Callable[[Obligation], None]) -> Counterexample | None:
        """Prove a core, or a layer or crossbar and its parts, whose obligations are named with a ``prefix``."""

        def named(obligation: Obligation) -> None:
            add(dataclasses.replace(obligation, name=prefix + obligation.name))

        docket = Docket(solvers=self.solvers, timeout=self.timeout, progress=named)
        scratch = self.folder / (prefix.replace("/", "_") or "whole")
        inquiry = Inquiry(core=core, solvers=self.solvers, timeout=self.timeout, folder=scratch, traces=self.traces,
                          campaign=self.campaign)  # fmt: skip
        if core.parts:
            if "datapath" in self.parts and core.design.rule.whole:
                prove_parts(core.design.rule.whole, core.design.config, docket)
                prove_rest(core.design.rule.whole, core.design.config, docket)
            for part in core.parts:
                self.whole(part, f"{prefix}{part.folder.name}/", add)
            counterexample = None
        else:
            counterexample = _prove_lane(core, docket, self.parts, self.circuit or partial(read_circuit, core))
        if "engine" in self.parts:
            refuted = False
            for obligation in (prove_graph if core.parts else prove_engine)(inquiry):
                named(obligation)
                refuted = refuted or obligation.verdict == "refuted"
            # Of what is refuted nobody asks whether it is vacuous.
            for obligation in (cover_graph if core.parts else cover_engine)(inquiry) if self.covers and not refuted else ():
                named(obligation)
        return counterexample


def _prove_lane(core: Core, docket: Docket, parts: Collection[str], circuit: Callable[[str], Circuit]) -> Counterexample | None:
    """Prove the datapath and the lane around it; return a counterexample, as a run of the lane where there is one."""
    counterexample, register_case, register = None, None, None
    if "datapath" in parts:
        rule, config = core.design.rule, core.design.config
        update = Update(rule=rule, config=config, datapath=circuit("datapath"), terms=model_terms(rule, config))
        run = _Proof(update=update, docket=docket)
        run.run()
        counterexample = run.counterexample
    if "lane" in parts:
        around = LaneProof(core=core, lane=circuit("lane"), engine=circuit("core"), docket=docket)
        around.run()
        register_case, register = around.register_case, around.random
    refuted = [o.name for o in docket.obligations if o.verdict == "refuted" and o.name not in OUTSIDE_THE_LANE]
    if not refuted:
        return counterexample
    return find_run(core, refuted[0], counterexample, register_case, register, docket) or counterexample
