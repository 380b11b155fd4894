"""The campaign of ``sc-hw sim`` as part of a proof: it looks for a fault first, and shows that what is proven happens."""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..manifest import Core
from ..partial import STEPS
from ..simulate import SimulationResult, simulate
from .result import Obligation

__all__ = ["Campaign"]

_LARGEST = 1 << 23  # synapse-steps; the deepest cores get fewer timesteps
_SEED = 1


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """Some hundred timesteps of a whole emitted folder beside its golden model, run when first asked for, in ``output``."""

    core: Core
    output: Path

    @property
    def steps(self) -> int:
        """Timesteps of the campaign."""
        return max(20, min(STEPS, _LARGEST // self.core.design.synapses))

    @cached_property
    def _ran(self) -> tuple[SimulationResult, float]:
        started = time.monotonic()
        result = simulate([self.core], steps=self.steps, seed=_SEED, output=self.output)
        return result, round(time.monotonic() - started, 3)

    @property
    def differs(self) -> bool:
        """Whether the core and its golden model differ."""
        return not self._ran[0].passed

    @property
    def command(self) -> str:
        """What repeats the campaign with a waveform."""
        return f"sc-hw sim {self.core.folder} --steps {self.steps} --seed {_SEED} --waves"

    def obligation(self) -> Obligation:
        """Return the obligation that a proven core is one that runs: the campaign passes and gets everywhere."""
        result, seconds = self._ran
        outcome: dict[str, Any] = result.cores[0]
        corners: dict[str, int] = outcome.get("corners", {})
        unseen = [name for name, hits in corners.items() if not hits]
        answer = {"solver": "verilator", "version": result.tools["verilator"], "answer": "ran", "seconds": seconds}
        statement = (
            "not vacuous: on the folder's own files and at its own size the campaign of sc-hw sim meets every corner that it "
            "knows, and finds no difference from the golden model"
        )
        verdict, note = "proven", f"{len(corners)} corners, {outcome['synapse_steps']:,} synapse-steps"
        if self.differs:
            verdict, note = "refuted", f"{outcome['mismatch']['text'].splitlines()[0]}; repeat with a waveform: {self.command}"
        elif unseen:
            verdict, note = "unknown", f"not met: {', '.join(unseen)}"
        return Obligation(name="campaign", statement=statement, verdict=verdict, answers=[answer], note=note)
