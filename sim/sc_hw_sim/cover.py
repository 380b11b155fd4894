"""Functional coverage of a campaign, kept in cocotb-coverage's database.

cocotb-coverage samples by one decorated call, about 80 us; a batch holds 32,768 updates. Whether a bin occurs in a batch is
therefore computed on arrays, and the database hears once of each bin that does: a hit is a batch.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from cocotb_coverage.coverage import CoverPoint, coverage_db

from sc_hw_models.cover import coverpoints
from sc_hw_models.rule import Rule

__all__ = ["FunctionalCoverage"]

Arrays = dict[str, np.ndarray]


class FunctionalCoverage:
    """The cover points of one core, in the group ``name`` of the database."""

    def __init__(self, name: str, rule: Rule, config: Any) -> None:
        self._name = name
        self._points = coverpoints(rule, config)
        self._hit = {point: self._sampler(point, list(bins)) for point, bins in self._points.items()}

    def _sampler(self, point: str, bins: list[str]) -> Callable[[str], None]:
        @CoverPoint(f"{self._name}.{point}", vname="label", bins=bins)  # type: ignore[untyped-decorator] # the library has no types
        def hit(label: str) -> None:
            """Count one bin; the decorator does."""

        return hit  # type: ignore[no-any-return]

    def sample(self, before: Arrays, inputs: Arrays, states: Arrays, outputs: Arrays, visits: np.ndarray) -> None:
        """Count what occurs in some timesteps, of the synapses that are visited in each, ``(timesteps, synapses)``.

        ``before`` is the state before them, ``(synapses,)``; ``states`` and ``outputs`` are those after each, and like the
        synapse inputs ``(timesteps, synapses)``; step inputs are ``(timesteps,)``.
        """
        after = {name: values.astype(np.int64) for name, values in states.items()}
        state = {name: np.concatenate([before[name].astype(np.int64)[None], values[:-1]]) for name, values in after.items()}
        after |= {f"out_{name}": values.astype(np.int64) for name, values in outputs.items()}
        given = {
            name: values.astype(np.int64) if values.ndim > 1 else values.astype(np.int64)[:, None]
            for name, values in inputs.items()
        }
        for point, bins in self._points.items():
            for label, predicate in bins.items():
                if np.any(np.logical_and(visits, predicate(state, given, after))):
                    self._hit[point](label)

    def record(self) -> dict[str, dict[str, int]]:
        """Return the hits of each bin of each point."""
        return {point: dict(coverage_db[f"{self._name}.{point}"].detailed_coverage) for point in self._points}
