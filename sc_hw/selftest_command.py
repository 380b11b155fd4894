"""The verb ``selftest``: every known bug planted, and a table of what noticed it."""

import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .progress import note, progress
from .run import begin
from .selftest import enough_timesteps, selftest
from .simulate import simulation_tools

__all__ = ["selftest_command"]


def selftest_command(folder: Path, *, steps: int | None, seed: int, json_path: Path | None, console: Console) -> int:
    """Return 0 when the core passes without a fault and every fault is caught, else 1."""
    with begin("selftest", folder) as run:
        core, started = run.core, time.perf_counter()
        steps = steps or enough_timesteps(core)
        with progress("faults", 1) as advance:
            outcomes = selftest(core, steps=steps, seed=seed, output=run.files, note=note, progress=advance)
        missed = sum(outcome.verdict == "missed" for outcome in outcomes)
        passed = outcomes[0].verdict == "passes" and not missed
        run.publish([{"verb": "selftest", "verdict": "pass" if passed else "fail", "seed": seed, "steps": steps,
                      "seconds": time.perf_counter() - started, "tools": simulation_tools(),
                      "faults": [outcome.to_dict() for outcome in outcomes]}], json_path)  # fmt: skip
    table = Table("fault", "verdict", "first difference", title=f"selftest of {core.design.name}, seed {seed}")
    for outcome in outcomes:
        table.add_row(f"{outcome.fault}: {outcome.description}", outcome.verdict, outcome.evidence)
    console.print(table)
    caught = sum(outcome.verdict == "caught" for outcome in outcomes)
    console.print(f"{'PASS' if passed else 'FAIL'}: {caught} faults caught, {missed} missed", highlight=False)
    return 0 if passed else 1
