"""The golden model, scalar, array and compiled, beside sc-neurocore's model of the same rule."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from sc_hw_models.core import CoreModel
from sc_hw_models.registry import get_rule
from sc_hw_models.rules.r_stdp import OnlineO1Synapse
from synth.neurocore import answer

from .measure import Group, Row, rate

__all__ = ["group"]

SEED = 1
SPIKES = 0.02  # of all synapses in a timestep, on each side
# Runs inside the other environment: its public synapse class in its default configuration, one alone and
# N of them in a loop over NumPy arrays of spikes. Arguments: synapses, timesteps, seed, rate of spikes.
NEUROCORE = """
import json, sys, time
from importlib.metadata import version
import numpy as np
from sc_neurocore.learning.online_o1 import OnlineO1Config, OnlineO1Synapse
synapses, timesteps, seed, spikes = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
generator = np.random.default_rng(seed)
pre, post = generator.random((2, timesteps, synapses)) < spikes
reward = generator.integers(-128, 128, timesteps)
if synapses == 1:
    pre, post, reward = pre.ravel().tolist(), post.ravel().tolist(), reward.tolist()
    synapse = OnlineO1Synapse(OnlineO1Config(), 30_000)
    start = time.perf_counter()
    for a, b, c in zip(pre, post, reward):
        synapse.step(pre_spike=a, post_spike=b, reward=c)
else:
    core = [OnlineO1Synapse(OnlineO1Config(), 30_000) for _ in range(synapses)]
    start = time.perf_counter()
    for t in range(timesteps):
        for i, synapse in enumerate(core):
            synapse.step(pre_spike=pre[t, i], post_spike=post[t, i], reward=reward[t])
seconds = time.perf_counter() - start
print(json.dumps({"rate": synapses * timesteps / seconds, "version": version("sc-neurocore"), "numpy": np.__version__}))
"""


def neurocore(python: Path, synapses: int, timesteps: int) -> dict:
    """Time sc-neurocore's model over so many synapses and timesteps."""
    return answer(python, NEUROCORE, str(synapses), str(timesteps), str(SEED), str(SPIKES))


def scalar(timesteps: int) -> Callable[[], float]:
    """Return a timing of our synapse on Python integers."""
    generator = np.random.default_rng(SEED)
    pre, post = (generator.random((2, timesteps)) < SPIKES).tolist()
    reward = generator.integers(-128, 128, timesteps).tolist()
    synapse = OnlineO1Synapse(initial_weight=30_000)

    def work() -> None:
        for a, b, c in zip(pre, post, reward, strict=True):
            synapse.step(pre_spike=a, post_spike=b, reward=c)

    return lambda: rate(work, timesteps)


def array(synapses: int, timesteps: int) -> Callable[[], float]:
    """Return a timing of our array model, one call a timestep."""
    generator = np.random.default_rng(SEED)
    pre, post = generator.random((2, timesteps, synapses)) < SPIKES
    reward = generator.integers(-128, 128, timesteps)
    rule = get_rule("r_stdp")
    model = CoreModel(rule, rule.config_type(), synapses=synapses)

    def work() -> None:
        for t in range(timesteps):
            model.step({"pre_spike": pre[t], "post_spike": post[t], "reward": int(reward[t])})

    return lambda: rate(work, synapses * timesteps)


def group(python: Path) -> Group:
    """Return the rows."""
    first = neurocore(python, 1, 1)
    return Group(
        title="Golden model",
        unit="synapse-steps a second",
        counted="One synapse-step is one update of one synapse's whole state. Inputs are in memory before the timing starts.",
        reference="sc-neurocore, one synapse object",
        rows=[
            Row(name="sc-neurocore, one synapse object", run=lambda: neurocore(python, 1, 20_000)["rate"]),
            Row(name="sc-neurocore, 1,024 objects in a loop", run=lambda: neurocore(python, 1024, 20)["rate"]),
            Row(name="sc-hw, one synapse on integers", run=scalar(2000)),
            Row(name="sc-hw, 1,024 synapses on arrays", run=array(1024, 100)),
            Row(name="sc-hw, 65,536 synapses on arrays", run=array(65_536, 4)),
        ],
        versions={"sc-neurocore": first["version"]},
        settings={"seed": SEED, "spike probability": SPIKES},
    )
