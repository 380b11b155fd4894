"""As ``shift``, and the core counts importance itself and turns it into codes when it consolidates."""

from typing import Any

from ..fixed import Value, absolute, chance, clip, floor_log2, maximum, minimum, select
from ..kind import Anchoring, Scaling, Update
from ..rule import Field

__all__ = ["KIND"]

IMPORTANCE_BITS = 5
IMPORTANCE_CHANCE_BITS = 15  # rarer than one in 2^15 is counted as that


class SynapticIntelligence(Scaling, Anchoring):
    """Importance is the path integral of drive times change, over the squared distance, both in octaves."""

    def fields(self, weight: Field) -> tuple[Field, ...]:
        """Return the state beside weight and code."""
        importance = Field(name="importance", bits=IMPORTANCE_BITS, meaning="log2 of drive times change since then")
        return (*super().fields(weight), importance)

    def noise(self, config: Any) -> dict[str, int]:
        """Return the noise words that the kind draws."""
        return {"importance_noise": IMPORTANCE_CHANCE_BITS}

    def remembered(self, at: Update, change: Value) -> dict[str, Value]:
        """Count, and when it consolidates make a code."""
        c, old = at.config, at.state["weight"]
        counted = _counted(c, at.state["importance"], at.inputs["importance_noise"], at.drive, change)
        distance = floor_log2(absolute(old - at.state["anchor"]), at.weight.bits + 1)
        octaves = at.state["importance"] - 2 * maximum(distance, c.importance_damping) - c.importance_offset
        code = select(at.inputs["consolidate"], maximum(at.code, clip(octaves, 0, c.max_code)), at.code)
        return {"importance": select(at.inputs["consolidate"], 0, counted), "code": code}


def _counted(config: Any, importance: Value, noise: Value, drive: Value, change: Value) -> Value:
    """Return the counter n, about log2 of what it has counted, after counting drive times change.

    What is as large as 2^e raises a smaller counter to e, and another by one with probability 2^(e - n).
    """
    limit = (1 << IMPORTANCE_BITS) - 1
    e = floor_log2(absolute(drive), 62) + floor_log2(absolute(change), 62) - config.importance_scale
    raised = importance + chance(noise, importance - e, IMPORTANCE_CHANCE_BITS)
    new = minimum(maximum(raised, e), limit)
    return select(change == 0, importance, select(e < 0, importance, new))


KIND = SynapticIntelligence(clocks=6, coded=True)
