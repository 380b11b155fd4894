"""The campaign of ``sc-hw sim`` as part of a network's proof: what no obligation shows is compared on random samples."""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ...network_folder import EmittedNetwork
from ...sim.network.run import NetworkRun, simulate_network
from ..result import Obligation

__all__ = ["NetworkCampaign"]

_SAMPLES, _SEED = 60, 1


@dataclass(frozen=True, kw_only=True)
class NetworkCampaign:
    """Random samples on a network's own files, played when they are asked for; ``output`` gets what a simulation leaves."""

    network: EmittedNetwork
    output: Path

    @cached_property
    def _played(self) -> tuple[NetworkRun, float]:
        started = time.monotonic()
        return simulate_network(self.network, output=self.output, seed=_SEED, samples=_SAMPLES), time.monotonic() - started

    @property
    def differs(self) -> bool:
        """Whether the chip differs from the golden model."""
        return not self._played[0].passed

    def obligation(self) -> Obligation:
        """Return what the samples showed."""
        run, seconds = self._played
        record = run.runs[0]
        text = record["mismatch"]["text"].splitlines()[0] if record["mismatch"] else ""
        note = text or f"{record['samples']} samples, {record['learned']} learned, {record['values_compared']:,} values equal"
        answer = {"solver": "verilator", "version": run.tools.get("verilator", ""), "answer": "ran", "seconds": round(seconds, 3)}
        return Obligation(
            name="campaign",
            statement="not vacuous: random samples, with stalls, accesses and resets, some learned, play on the folder's files "
            "as in the golden model",
            verdict="proven" if run.passed else "refuted",
            answers=[answer],
            note=note,
        )
