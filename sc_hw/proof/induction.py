"""Induction: questions about emitted modules put to SymbiYosys, and what becomes of a question that is not answered yes."""

import json
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from jinja2 import Environment, PackageLoader

from ..errors import UserError
from ..rtl.contents import without_contents
from ..rtl.design import CoreDesign
from ..templates import verilog_templates
from .circuit import check_clocks
from .result import Obligation
from .sby import Run, run_sby
from .solver import Solver

__all__ = ["Inquiry", "Search", "engine_script", "harness", "induction_task", "memory_script", "read_sources", "render", "top_of"]

_INDUCTION = 2  # clocks: one before the one that is proven
_SEARCH = 64  # clocks of the search for a counterexample; the timeout ends most of them earlier
_BRIEF = 20.0  # seconds of an induction, and of a search, before others are tried
_RUNS_LONGER = 5  # all statements of the engine are one obligation to the solver

_READ = "read_verilog -sv {files}\nchformal -remove\n"
_ENGINE = (
    "{replaced}read_verilog -formal engine.sv\nhierarchy -check -top {top}\nproc\nflatten\nopt_clean\n"
    "write_json ../model/netlist.json\nmemory\nsetundef -undriven -anyseq\nopt_clean"
)
_MEMORY = (
    "read_verilog -formal memory.sv\nhierarchy -check -top {top}\nproc\nflatten\nopt_clean\n"
    "write_json ../model/netlist.json\nchtype -set $memrd t:tap\nmemory -nomap -nordff\nsetundef -undriven -anyseq\nopt_clean"
)


class Search(Protocol):
    """A campaign that may find a difference sooner than solvers do."""

    @property
    def differs(self) -> bool:
        """Whether it found one."""


class Folder(Protocol):
    """What is asked of an emitted folder."""

    @property
    def folder(self) -> Path:
        """Where it is."""

    @property
    def verilog_text(self) -> dict[str, str]:
        """Its Verilog by file name."""


F = TypeVar("F", bound=Folder)


@dataclass(frozen=True, kw_only=True)
class Inquiry(Generic[F]):
    """What all questions about one core share: the solvers, their seconds, where a waveform goes, the campaign, the scratch.

    Without a ``campaign`` a question that is not inductive is searched by solvers alone. An induction has ``brief``
    seconds before that is done.
    """

    core: F
    solvers: Sequence[Solver]
    timeout: float
    folder: Path
    traces: Path | None
    campaign: Search | None = None
    brief: float = _BRIEF

    @cached_property
    def sources(self) -> dict[str, str]:
        """The Verilog files by name."""
        return read_sources(self.core)

    def decide(
        self, title: str, task: dict[str, Any], visible: dict[str, Any], statements: Mapping[str, str]
    ) -> Iterator[Obligation]:
        """Yield the obligations ``statements``: by induction, or, when that fails, refuted by a run from reset that breaks one.

        A statement's name begins the names of its assertions. ``visible`` is the ``task`` without statements about registers.
        The induction has a short time at first; what it does not prove in that is looked for in runs, short ones by a solver,
        long ones by the campaign, and only then asked again.
        """
        patience = _RUNS_LONGER * self.timeout
        answers, status = self._induct(title, task, min(self.brief, patience))
        if status == "pass":
            yield from self._proven(statements, answers)
            return
        run = self._search(title, visible, min(_BRIEF, self.timeout), answers)
        if run.status != "fail" and self.campaign and self.campaign.differs:
            note = f"not inductive: {status}; the campaign refutes the core"
            yield from (
                Obligation(name=n, statement=text, verdict="skipped", answers=answers, note=note)
                for n, text in statements.items()
            )
            return
        if run.status == "timeout":
            run = self._search(f"{title}_again", visible, self.timeout, answers)
        if run.status != "fail" and status == "timeout" and patience > self.brief:
            more, status = self._induct(f"{title}_again", task, patience)
            answers += more
            if status == "pass":
                yield from self._proven(statements, answers)
                return
        yield from self._searched(title, run, statements, answers, status)

    def _proven(self, statements: Mapping[str, str], answers: list[dict[str, Any]]) -> Iterator[Obligation]:
        yield from (Obligation(name=n, statement=text, verdict="proven", answers=answers) for n, text in statements.items())

    def _induct(self, title: str, task: dict[str, Any], first: float) -> tuple[list[dict[str, Any]], str]:
        """Return the answers and ``pass``, or what the first that does not agree says; ``first`` is the first solver's time."""
        answers = []
        for k, solver in enumerate(self.solvers):
            work = self.folder / f"{title}_{solver.name}"
            timeout = _RUNS_LONGER * self.timeout if k else first
            run = _checked(self.core, run_sby(work, mode="prove", depth=_INDUCTION, solver=solver, timeout=timeout, **task), work)
            answers.append(answer_of(solver, run))
            if run.status != "pass":
                return answers, ", ".join(run.failed) or run.text or run.status
        return answers, "pass"

    def _search(self, title: str, visible: dict[str, Any], timeout: float, answers: list[dict[str, Any]]) -> Run:
        """Look for a run from reset that breaks a statement a user can see."""
        solver = self.solvers[-1]
        run = run_sby(self.folder / f"{title}_search", mode="bmc", depth=_SEARCH, solver=solver, timeout=timeout, **visible)
        answers.append(answer_of(solver, run))
        return run

    def _searched(
        self, title: str, run: Run, statements: Mapping[str, str], answers: list[dict[str, Any]], status: str
    ) -> Iterator[Obligation]:
        """Yield the obligations as a search left them: some refuted with a waveform, or all unknown."""
        broken = {n for n in statements if any(a.startswith(n) for a in run.failed)} if run.status == "fail" else set()
        note = f"not inductive: {status}; no counterexample found from reset"
        if broken:
            note = f"{', '.join(run.failed)} fails"
        if broken and run.trace and self.traces:
            self.traces.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run.trace, self.traces / f"{title}.vcd")
            note += f"; waveform {self.traces / f'{title}.vcd'}"
        for name, text in statements.items():
            if name in broken:
                yield Obligation(name=name, statement=text, verdict="refuted", answers=answers, note=note)
            elif broken:
                yield Obligation(
                    name=name, statement=text, verdict="skipped", answers=[], note="not decided: the core is refuted already"
                )
            else:
                yield Obligation(name=name, statement=text, verdict="unknown", answers=answers, note=note)

    def cover(self, title: str, task: dict[str, Any], covers: Mapping[str, str], depth: int) -> Iterator[Obligation]:
        """Yield an obligation for each of ``covers``: that the solver reaches it from reset, in the folder's own files."""
        solver = self.solvers[0]
        timeout = _RUNS_LONGER * self.timeout
        run = run_sby(self.folder / title, mode="cover", depth=depth, solver=solver, timeout=timeout, **task)
        for name, statement in covers.items():
            reached = name in run.reached
            note = f"reached in clock {run.reached[name]}" if reached else f"not reached in {depth} clocks {run.text}"
            answer = {**answer_of(solver, run), "answer": "sat" if reached else run.status}
            yield Obligation(
                name=name,
                statement=f"not vacuous: {statement}",
                verdict="proven" if reached else "unknown",
                answers=[answer],
                note=note,
            )


@cache
def _environment() -> Environment:
    """Return the environment of all harnesses, each of whose templates is compiled once in a process."""
    return verilog_templates(PackageLoader("sc_hw.proof", ""))


def render(template: str, design: CoreDesign, **values: Any) -> str:
    """Return a harness; every template sees the design, its specification and its name."""
    return harness(template, design=design, spec=design.spec, name=design.name, **values)


def harness(template: str, **values: Any) -> str:
    """Return a harness that is of no core."""
    return _environment().get_template(template).render(**values)


def top_of(design: CoreDesign) -> str:
    """Return the name of a harness's top module."""
    return f"{design.name}_proof"


def induction_task(design: CoreDesign, sources: Mapping[str, str], replaced: Collection[str], harness: str) -> dict[str, Any]:
    """Return ``script`` and ``files`` of a question; the ``harness`` has modules of its own for those ``replaced``."""
    return {"script": engine_script(sources, replaced, top_of(design)), "files": {**sources, "engine.sv": harness}}


def engine_script(sources: Collection[str], replaced: Collection[str], top: str) -> str:
    """Return the script of a question: the files by name without the modules ``replaced``, then the harness ``top``."""
    deleted = f"delete {' '.join(sorted(replaced))}\n" if replaced else ""
    return (_READ + _ENGINE).format(files=" ".join(sources), replaced=deleted, top=top)


def memory_script(sources: Collection[str], top: str) -> str:
    """Return the script of a question about a memory, which keeps it as a memory whose words can be looked at."""
    return (_READ + _MEMORY).format(files=" ".join(sources), top=top)


def read_sources(core: Folder) -> dict[str, str]:
    """Return the Verilog files by name, without what memories hold at power-up."""
    return {name: without_contents(text) for name, text in core.verilog_text.items()}


def answer_of(solver: Solver, run: Run) -> dict[str, Any]:
    """Return the record of a solver's run."""
    word = {"pass": "unsat", "fail": "sat"}.get(run.status, run.status)
    return {"solver": solver.name, "version": solver.tool.version, "answer": word, "seconds": round(run.seconds, 3)}


def _checked(core: Folder, run: Run, folder: Path) -> Run:
    """Return a run of sby whose sources could be read and have all storage on the rising edge of ``clk``."""
    netlist = folder / "run" / "model" / "netlist.json"
    if run.status == "error" and not netlist.is_file():
        raise UserError(f"{core.folder}: the engine cannot be read: {run.text}")
    (module,) = (
        m for m in json.loads(netlist.read_text(encoding="utf-8"))["modules"].values() if "clk" in m["ports"] and m["cells"]
    )
    kinds = {"$memwr_v2": "$dff", "$memrd": "tap", "$memrd_v2": "tap", "$meminit_v2": "init"}  # a write port is storage, too
    cells = {name: {**cell, "type": kinds.get(cell["type"], cell["type"])} for name, cell in module["cells"].items()}
    check_clocks(core, {**module, "cells": cells})
    return run
