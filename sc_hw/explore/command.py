"""The verb ``explore``: a sweep measured in a folder that holds what is done, what came of it, and the fronts."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from sc_hw_models.scratch import held, partial

from ..errors import UserError, shown
from ..folder import turn
from ..reading import read_toml
from ..records import stamp, write_bytes, write_record
from ..written import wrote
from .files import parquet_bytes, plot_bytes, require_libraries
from .front import mark_front, render_fronts, throughput_of
from .run import Runner, row_of
from .store import Store
from .sweep import AXES, Sweep, read_sweep
from .workers import workers

__all__ = ["explore_command"]

STORE, POINTS, PLOT, RECORD = "measurements.sqlite", "points.parquet", "pareto.svg", "explore.json"


def explore_command(
    config: Path | None,
    options: Mapping[str, Any],
    vary: Sequence[str],
    output: Path,
    *,
    resume: bool,
    scheduler: str | None,
    json_path: Path | None,
    console: Console,
    progress: Callable[[int, int], None],
) -> int:
    """Measure the sweep that the TOML file ``config``, changed by ``options``, describes, into ``output``; print the fronts.

    Returns 0 when every measurement was made and every verdict holds, else 1. Errors: ``UserError`` before anything is written.
    """
    require_libraries()
    sweep = read_sweep({**(read_toml(config, option="--config") if config else {}), **options}, vary)
    output, started = output.absolute(), time.monotonic()
    if os.path.lexists(output) and not (resume and (output / STORE).is_file()):
        what = "no folder that sc-hw explore wrote" if resume else "exists; --resume goes on with it"
        raise UserError(f"-o {output}: {what}; give another folder")
    made = [path for path in (*reversed(output.parents), output) if not path.exists()]
    # A scheduler that does not answer is refused before anything is written.
    with workers(scheduler) as executor, partial(*made, empty=True):
        try:
            output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"-o {output}: cannot be written ({error.strerror}); give a writable folder") from error
        with turn(output):
            if (output / STORE).is_file() and not resume:  # another's, which began at the same time
                raise UserError(f"-o {output}: exists; --resume goes on with it; give another folder")
            with held():  # from its first moment a folder that can be gone on with
                store = Store(output / STORE)
                wrote(output)
            runner = Runner(sweep, store)
            runner.run(executor, progress)
            rows = [row_of(sweep, point, store, runner.failures) for point in sweep.points]
            store.close()
            record = _write(sweep, runner, rows, output, started)
    if json_path:
        write_record(json_path, record)
    for table in render_fronts(rows, sweep):
        console.print(table)
    for failure in record["failures"]:
        console.print(failure, markup=False, highlight=False, soft_wrap=True)
    does_not_fit = sum(row.get("fits") is False for row in rows)
    console.print(
        f"{len(rows):,} points, {runner.done:,} measurements made in this run, {does_not_fit:,} points do not fit; "
        f"{shown(output / POINTS)}, {shown(output / PLOT)}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    return 1 if record["failures"] else 0


def _write(sweep: Sweep, runner: Runner, rows: list[dict[str, Any]], output: Path, started: float) -> dict[str, Any]:
    """Write what came of a sweep and return its record."""
    throughput = throughput_of(sweep)
    mark_front(rows, throughput)
    failures = [f"{_name(row, sweep.varied)}: {row['failure']}" for row in rows if row["failure"]]
    about = {
        "rule": sweep.rule.name,
        "pnr": sweep.pnr,
        "seeds": sweep.seeds if sweep.pnr else 0,
        "stimuli": sweep.stimuli,
        "tools": runner.tools,
    }
    write_bytes(output / POINTS, parquet_bytes(rows, sweep, about), option="-o")
    write_bytes(output / PLOT, plot_bytes(rows, sweep), option="-o")
    record = stamp() | {
        "verb": "explore",
        "verdict": "fail" if failures else "pass",
        "seconds": round(time.monotonic() - started, 2),
        **about,
        "varied": list(sweep.varied),
        "points": len(rows),
        "measured": runner.done,
        "throughput": throughput,
        "failures": failures,
        "front": [row for row in rows if row["pareto"]],
    }
    write_record(output / RECORD, record)
    return record


def _name(row: Mapping[str, Any], varied: Sequence[str]) -> str:
    """Return a point in words: its device and what is varied."""
    return " ".join([row["target"], *(f"{name}={row[name]}" for name in varied or AXES)])
