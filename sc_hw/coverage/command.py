"""``sc-hw sim --coverage``: a table, the points not reached, and a record."""

from collections.abc import Callable, Sequence
from typing import Any

from ..console import Console
from ..manifest import Core
from ..records import write_results
from ..sim.simulate import SimulationResult
from .reach import PROVEN
from .report import coverage_of, coverage_table, merge

__all__ = ["print_coverage", "write_coverage"]

PROOF_SECONDS = 60  # for each core


def write_coverage(cores: Sequence[Core], result: SimulationResult, note: Callable[[str], None]) -> dict[str, Any]:
    """Write what a simulation covered as ``coverage.json`` into the results of each core, and return the record of all."""
    records = coverage_of(cores, result, seconds=PROOF_SECONDS, note=note)
    for core, record in zip(cores, records, strict=True):
        write_results(core, record, None)
    return merge(records)


def print_coverage(record: dict[str, Any], console: Console) -> None:
    """Print the table of a record and every point that nothing explains."""
    console.print(coverage_table(record))
    for entry in record["unreached"]:
        if entry["verdict"] != PROVEN:
            line = f"{entry['verdict']}: {entry['core']} {entry['kind']} {entry['place']}  {entry['text']} ({entry['reason']})"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    proven = len(record["unreached"]) - record["gaps"]
    line = f"{record['verdict'].upper()} coverage: {proven} points not reached are proven unreachable, {record['gaps']} are gaps"
    console.print(line, markup=False, highlight=False)
