"""The obligations of a proof as they are decided: every solver is asked, every answer is kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .result import Obligation
from .solver import Answer, Solver

__all__ = ["Docket"]

_VERDICTS = {"unsat": "proven", "sat": "refuted"}


@dataclass(kw_only=True)
class Docket:
    """The obligations of one core so far, and the solvers that decide them within ``timeout`` seconds each."""

    solvers: Sequence[Solver]
    timeout: float
    progress: Callable[[Obligation], None]
    obligations: list[Obligation] = field(default_factory=list)

    def decide(self, text: str, wanted: Sequence[tuple[str, int]]) -> tuple[Answer, list[dict[str, Any]]]:
        """Ask every solver until one does not agree that the question has no solution."""
        answers = []
        for solver in self.solvers:
            answer = solver.ask(text, wanted, timeout=self.timeout)
            answers.append(self.said(solver, answer))
            if answer.verdict != "unsat":
                break
        return answer, answers

    def run(self, text: str, wanted: Sequence[tuple[str, int]]) -> Answer:
        """Return values of a question that has a solution, from one solver."""
        return self.solvers[0].ask(text, wanted, timeout=self.timeout)

    @staticmethod
    def verdict(answer: Answer) -> str:
        """Return what an answer means for an obligation whose question is its negation."""
        return _VERDICTS.get(answer.verdict, "unknown")

    @staticmethod
    def said(solver: Solver, answer: Answer) -> dict[str, Any]:
        """Return the record of an answer."""
        return {
            "solver": solver.name,
            "version": solver.tool.version,
            "answer": answer.verdict,
            "seconds": round(answer.seconds, 3),
        }

    def add(self, name: str, statement: str, verdict: str, answers: list[dict[str, Any]], note: str = "") -> None:
        """Record an obligation and report it."""
        obligation = Obligation(name=name, statement=statement, verdict=verdict, answers=answers, note=note)
        self.obligations.append(obligation)
        self.progress(obligation)
