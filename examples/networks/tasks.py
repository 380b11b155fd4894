"""Two tasks, one after the other, in one network: digits, then the same digits with their pixels in another order.

What the network knows of the first is kept by codes that the chip makes itself at the end of the task (kind ``si``), or not at
all, or by one code for all synapses, the control: as slow, but blind to which of them matter.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sc_hw.fit.data import load_samples
from sc_hw.fit.tasks import task_samples
from sc_hw_models.networks import network_model, read_network

__all__ = ["KINDS", "PASSES", "Kind", "two_tasks"]

NETWORK = Path(__file__).parent / "two_tasks.toml"
PASSES = 10


@dataclass(frozen=True)
class Kind:
    """What protects: a kind of consolidation, and the one code of all synapses, if there is one."""

    what: str
    consolidation: str
    code: int | None = None


KINDS = (
    Kind("codes made on the chip", "si"),
    Kind("control: nothing protected", "none"),
    Kind("control: one code, 4", "shift", code=4),
    Kind("control: one code, 5", "shift", code=5),
    Kind("control: one code, 6", "shift", code=6),
)


def two_tasks(kind: Kind, seed: int, held_out: int | None = None) -> tuple[float, float, float]:
    """Return accuracies in %, learning off: of the first task when learned, and of both in the end."""
    tables = tomllib.loads(NETWORK.read_text(encoding="utf-8")) | {"network": {"seed": seed}}
    for name in ("in", "out"):
        tables["projection"][name]["consolidation"] = kind.consolidation
    first, second = task_samples(load_samples("digits", held_out, seed), 2, seed)
    model = network_model(read_network(tables))
    model.fit(first.learned, first.learned_labels, passes=PASSES, seed=seed)
    before = model.score(first.held_out, first.held_out_labels)
    model.consolidate()
    if kind.code is not None:
        for memory in model.memories.values():
            memory.load({"code": np.full((memory.rows, memory.neurons), kind.code)})
    model.fit(second.learned, second.learned_labels, passes=PASSES, seed=seed)
    after = [model.score(task.held_out, task.held_out_labels) for task in (first, second)]
    return 100 * before, 100 * after[0], 100 * after[1]
