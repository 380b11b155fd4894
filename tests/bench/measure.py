"""Timing that stands up on a shared machine: every row once a round, several rounds, ratios between rows of one round."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.progress import track

from sc_hw.errors import UserError

__all__ = ["Group", "Measured", "Row", "measure", "rate"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """Something to time: ``run`` does the work once and returns its rate, in the unit of the group."""

    name: str
    run: Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rows that are compared with each other.

    ``counted`` says in Markdown what one unit of the rates is and what lies outside the timing; ``reference``
    names the row whose ratio is 1. ``versions`` are the tools and ``settings`` the seeds and sizes behind it.
    """

    title: str
    unit: str
    counted: str
    reference: str
    rows: Sequence[Row]
    versions: dict[str, str] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The rates of a row, one a round, and their ratios to the reference row of the same round."""

    name: str
    rates: tuple[float, ...]
    ratios: tuple[float, ...]

    @property
    def rate(self) -> float:
        """The median rate."""
        return statistics.median(self.rates)

    @property
    def ratio(self) -> float:
        """The median ratio."""
        return statistics.median(self.ratios)


def rate(work: Callable[[], object], units: int, *, at_least: float = 0.2) -> float:
    """Return units a processor second of ``work``, which does ``units`` a call and is repeated for ``at_least`` of them.

    Time in which other processes had the processor does not count; only for work inside this process.
    """
    calls, start = 0, time.process_time()
    while (elapsed := time.process_time() - start) < at_least:
        work()
        calls += 1
    return calls * units / elapsed


def measure(group: Group, rounds: int) -> list[Measured]:
    """Run all rows once unmeasured, then ``rounds`` times in turn, so that load on the machine meets all alike.

    Errors: ``UserError`` for less than one round.
    """
    if rounds < 1:
        raise UserError(f"--rounds {rounds}: measures nothing; allowed are numbers of at least 1")
    rates: dict[str, list[float]] = {row.name: [] for row in group.rows}
    for number in track(range(rounds + 1), description=group.title, transient=True):
        for row in group.rows:
            value = row.run()
            if number:
                rates[row.name].append(value)
    base = rates[group.reference]
    return [
        Measured(name=name, rates=tuple(values), ratios=tuple(a / b for a, b in zip(values, base, strict=True)))
        for name, values in rates.items()
    ]
