"""SMT solvers, one process a question, all asked the same SMT-LIB 2 text."""

import re
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from sc_hw_models.scratch import TimeoutExpired, run_process, temporary_folder

from ..errors import UserError
from ..toolchain import Tool, bitwuzla, yices, z3

__all__ = ["SOLVERS", "Answer", "Solver", "find_solver"]

SOLVERS = {"yices": yices, "z3": z3, "bitwuzla": bitwuzla}
# The wheel of bitwuzla is a library; its parser runs the file and prints the answers.
_BITWUZLA = (
    "import sys, bitwuzla as b; o = b.Options(); o.set(b.Option.PRODUCE_MODELS, True); "
    "b.Parser(b.TermManager(), o).parse(sys.argv[1])"
)
_VALUE = re.compile(r"\(\s*v(\d+)\s+#([bx])([0-9a-fA-F]+)\s*\)")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """``sat`` with the ``values`` asked for, ``unsat``, ``timeout``, or ``unknown`` with what the solver said."""

    verdict: str
    seconds: float
    values: tuple[int, ...] = ()
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Solver:
    """An installed solver."""

    name: str
    tool: Tool

    def ask(self, text: str, wanted: Sequence[tuple[str, int]], *, timeout: float) -> Answer:
        """Check the assertions of ``text`` and return the values, as unsigned numbers, of the expressions ``wanted``.

        Each of these is given with its width. The process is ended after ``timeout`` seconds.
        """
        lines = ["(set-option :produce-models true)", "(set-logic QF_BV)", text]
        lines += [f"(define-fun v{k} () (_ BitVec {bits}) {value})" for k, (value, bits) in enumerate(wanted)]
        lines.append("(check-sat)")
        if wanted:
            lines.append(f"(get-value ({' '.join(f'v{k}' for k in range(len(wanted)))}))")
        start = time.monotonic()
        with temporary_folder() as folder:
            path = folder / "question.smt2"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            try:
                done = run_process([*self._command(), str(path)], timeout=timeout)
            except TimeoutExpired:
                return Answer(verdict="timeout", seconds=time.monotonic() - start, text=f"no answer in {timeout:g} s")
        seconds = time.monotonic() - start
        verdict, _, rest = done.stdout.lstrip().partition("\n")
        if verdict == "unsat":
            return Answer(verdict=verdict, seconds=seconds)
        found = {int(k): int(digits, 2 if base == "b" else 16) for k, base, digits in _VALUE.findall(rest)}
        if verdict == "sat" and len(found) == len(wanted):
            return Answer(verdict=verdict, seconds=seconds, values=tuple(found[k] for k in range(len(wanted))))
        said = " ".join((done.stdout + done.stderr).split())[-300:]
        return Answer(verdict="unknown", seconds=seconds, text=said or f"{self.name} said nothing, exit status {done.returncode}")

    def ask_each(self, text: str, goals: Sequence[str], *, timeout: float) -> list[str]:
        """Check the assertions of ``text`` with each of ``goals`` by itself, all in one process: sat, unsat or unknown.

        The process is ended after ``timeout`` seconds; what it had no answer to is unknown.
        """
        questions = "\n".join(f"(push 1)\n(assert {goal})\n(check-sat)\n(pop 1)" for goal in goals)
        incremental = ["--incremental"] if self.name == "yices" else []
        with temporary_folder() as folder:
            path = folder / "questions.smt2"
            path.write_text(f"(set-logic QF_BV)\n{text}\n{questions}\n", encoding="utf-8")
            try:
                command = [*self._command(), *incremental, str(path)]
                said = run_process(command, timeout=timeout).stdout
            except TimeoutExpired as late:
                said = str(late.stdout or "")
        answers = re.findall(r"^(sat|unsat|unknown)$", said, re.MULTILINE)
        return answers + ["unknown"] * (len(goals) - len(answers))

    @property
    def command_name(self) -> str:
        """The name under which other programs call the solver."""
        return "yices-smt2" if self.name == "yices" else self.name

    def interactive(self) -> str:
        """Return the shell command that answers SMT-LIB 2 from standard input as it comes."""
        arguments = shlex.quote("<stdin>") if self.name == "bitwuzla" else '"$@"'
        return f"{shlex.join(self._command())} {arguments}"

    def _command(self) -> list[str]:
        if self.name == "bitwuzla":
            return [sys.executable, "-P", "-c", _BITWUZLA]
        return [self.tool.path]


def find_solver(name: str) -> Solver:
    """Return a solver; ``UserError`` for a name not known and, with the command that installs it, for one not found."""
    if name not in SOLVERS:
        raise UserError(f"--solver {name!r}: unknown; allowed are {', '.join(SOLVERS)}")
    return Solver(name=name, tool=SOLVERS[name]().require())
