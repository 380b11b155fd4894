"""The verb ``selftest``: every known bug planted, and a table of what noticed it."""

import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from .manifest import load_core
from .progress import note, progress
from .records import results_folder, working_folder, write_results
from .selftest import enough_timesteps, selftest
from .simulate import simulation_tools

__all__ = ["selftest_command"]


def selftest_command(folder: Path, *, steps: int | None, seed: int, json_path: Path | None, console: Console) -> int:
    """Return 0 when the core passes without a fault and every fault is caught, else 1."""
    core = load_core(folder)
    steps = steps or enough_timesteps(core)
    results = results_folder(folder)
    started = time.perf_counter()
    with working_folder(results, "selftest") as output, progress("faults", 1) as advance:
        outcomes = selftest(core, steps=steps, seed=seed, output=output, note=note, progress=advance)
    table = Table("fault", "verdict", "first difference", title=f"selftest of {core.design.name}, seed {seed}")
    for outcome in outcomes:
        table.add_row(f"{outcome.fault}: {outcome.description}", outcome.verdict, outcome.evidence)
    console.print(table)
    missed = sum(outcome.verdict == "missed" for outcome in outcomes)
    passed = outcomes[0].verdict == "passes" and not missed
    record = {"verb": "selftest", "verdict": "pass" if passed else "fail", "seed": seed, "steps": steps,
              "seconds": time.perf_counter() - started, "tools": simulation_tools(),
              "faults": [outcome.to_dict() for outcome in outcomes]}  # fmt: skip
    write_results(core, record, json_path)
    caught = sum(outcome.verdict == "caught" for outcome in outcomes)
    console.print(f"{'PASS' if passed else 'FAIL'}: {caught} faults caught, {missed} missed", highlight=False)
    return 0 if passed else 1
