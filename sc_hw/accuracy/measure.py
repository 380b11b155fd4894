"""How far settings of a rule are from its float reference, measured over seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from statistics import median
from typing import Any

from rich.console import Console

from sc_hw_models.rule import Rule

__all__ = ["Variant", "figureless", "measure_accuracy"]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """The figures of one named configuration: ``runs`` holds what ``Rule.accuracy`` returned for each seed."""

    name: str
    config: Any
    runs: tuple[Mapping[str, float], ...]

    @property
    def medians(self) -> dict[str, float]:
        """Every figure's median over the seeds."""
        return {figure: median(run[figure] for run in self.runs) for figure in self.runs[0]}


def figureless(results: Sequence[Variant]) -> list[str]:
    """Return the variants of which a run gave no figure, or one that is no number: nothing was measured of them."""
    return [r.name for r in results if not r.runs or not all(run and all(map(isfinite, run.values())) for run in r.runs)]


def measure_accuracy(rule: Rule, configs: Mapping[str, Any], *, seeds: int, console: Console | None = None) -> list[Variant]:
    """Return the figures of every named configuration over seeds 0..``seeds``-1, in the order given."""
    console = console or Console(quiet=True)
    results = []
    with console.status("measuring") as status:
        for name, config in configs.items():
            runs = []
            for seed in range(seeds):
                status.update(f"{name}, seed {seed}")
                runs.append(rule.accuracy(config, seed))
            results.append(Variant(name=name, config=config, runs=tuple(runs)))
    return results
