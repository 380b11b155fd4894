"""A run of a bench by a plan: a file says what to play, another what came of it, and that is of this request alone."""

import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .simulator import SimulationError, Simulator, log_tail, run_program

__all__ = ["PlannedRun", "Ran", "read_outcome"]


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What came of a run: the bench's ``record``, how long the program took to build, and whether the cache had it."""

    record: dict[str, Any]
    build_seconds: float
    cached: bool


class PlannedRun:
    """A run whose files are in ``output``, which is made: ``log``, ``results_xml`` and, with ``waves``, the waveform.

    What a run before left of them is removed, and files of the names ``stale``.
    """

    def __init__(self, output: Path, *, waves: bool, stale: tuple[str, ...] = ()) -> None:
        self.output = output.absolute()
        self.output.mkdir(parents=True, exist_ok=True)
        names = ("sim.log", "outcome.json", "plan.json", "results.xml")
        self.log, self._outcome, self._plan, self.results_xml = (self.output / name for name in names)
        self.waves = self.output / "waves.vcd" if waves else None
        for path in (self.log, self._outcome, self.results_xml, *(self.output / name for name in stale)):
            path.unlink(missing_ok=True)

    def run(
        self,
        simulator: Simulator,
        document: Mapping[str, Any],
        *,
        seed: int,
        module: str,
        progress: Callable[[int], None],
        note: Callable[[str], None],
        marker: str = "SC_HW_PROGRESS",
    ) -> Ran:
        """Build the program, play the plan ``document`` by the tests of a ``module``, and return what the bench wrote of it.

        ``progress`` gets the number of every line that begins with ``marker``. Errors: ``SimulationError`` when the build or the
        run ends without a result of this plan.
        """
        text = json.dumps({"request": secrets.token_hex(16), "seed": seed, "outcome": str(self._outcome), **document})
        self._plan.write_text(text, encoding="utf-8")

        def on_line(line: str) -> None:
            if line.startswith(f"{marker} "):
                progress(int(line.split()[1]))

        arguments = ["+verilator+rand+reset+2", f"+verilator+seed+{seed or 1}"]
        if self.waves:
            arguments.append(f"+sc_hw_waves={self.waves}")
        environment = {
            "SC_HW_PLAN": str(self._plan),
            "COCOTB_RESULTS_FILE": os.devnull,
            "COCOTB_RANDOM_SEED": str(seed),
            "COCOTB_REWRITE_ASSERTION_FILES": "",  # the bench asserts nothing; cocotb would load every pytest plugin
            "OPENBLAS_NUM_THREADS": "1",  # one core, and no threads to start
        }
        started = time.perf_counter()
        with simulator.built(self.log, note) as (program, cached):
            build_seconds = time.perf_counter() - started
            run_program(program, self.log, environment, arguments, on_line, module=module)
        return Ran(record=read_outcome(self._outcome, self.log, text), build_seconds=build_seconds, cached=cached)


def read_outcome(outcome: Path, log: Path, plan: str) -> dict[str, Any]:
    """Return what a bench wrote about the run of a plan; ``SimulationError`` when it wrote nothing, or about another."""
    try:
        record = json.loads(outcome.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise SimulationError(log_tail(log)) from None
    if not isinstance(record, dict) or record.get("plan_sha256") != hashlib.sha256(plan.encode()).hexdigest():
        raise SimulationError(f"no verdict: {outcome} is of another request; the log is {log}")
    return record
