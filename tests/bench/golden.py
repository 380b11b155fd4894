"""The golden model, scalar, array and compiled, beside sc-neurocore's model of the same rule."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from sc_hw.toolchain import compiler
from sc_hw_models.core import CoreModel
from sc_hw_models.online_o1 import OnlineO1Synapse
from sc_hw_models.registry import get_rule
from synth.neurocore import answer

from .measure import Group, Row, rate

__all__ = ["group"]

SEED = 1
SPIKES = 0.02  # of all synapses in a timestep, on each side
STOCHASTIC = {"rounding": "stochastic", "decay_rounding": "stochastic"}
WIDEST = {"weight_bits": 31, "trace_bits": 30, "reward_bits": 30}
COUNTED = """\
One synapse-step is one update of the whole state of one synapse. Seconds are processor seconds of one thread, on both
sides. Spikes and rewards are in memory before the timing starts, spikes as NumPy `bool`. Timed are, for `CoreModel.run`,
the checks of shapes and ranges, the conversion of inputs and state to the smallest types and back, the drawing of noise,
and every update; rows marked `history` also keep the state and the outputs after every timestep. N = 1,024 runs 1,000
timesteps a call (100 on NumPy), N = 65,536 runs 16 (4). The configuration is the default, or that with stochastic
rounding of weights and decays (16 bits of noise an update), or the widest (W = 31, T = 30, R = 30)."""
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
    start = time.process_time()
    for a, b, c in zip(pre, post, reward):
        synapse.step(pre_spike=a, post_spike=b, reward=c)
else:
    core = [OnlineO1Synapse(OnlineO1Config(), 30_000) for _ in range(synapses)]
    start = time.process_time()
    for t in range(timesteps):
        for i, synapse in enumerate(core):
            synapse.step(pre_spike=pre[t, i], post_spike=post[t, i], reward=reward[t])
seconds = time.process_time() - start
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


def arrays(synapses: int, timesteps: int, *, compiled: bool, history: bool = False, **options: object) -> Callable[[], float]:
    """Return a timing of our array model over a block of timesteps, in one call."""
    rule = get_rule("r_stdp")
    model = CoreModel(rule, rule.config_type(**options), synapses=synapses, compiled=compiled)
    generator = np.random.default_rng(SEED)
    inputs = {f.name: generator.random((timesteps, synapses)) < SPIKES for f in model.spec.synapse_inputs}
    inputs |= {f.name: generator.integers(f.minimum, f.maximum, timesteps, endpoint=True) for f in model.spec.step_inputs}
    return lambda: rate(lambda: model.run(inputs, history=history), synapses * timesteps)


def group(python: Path) -> Group:
    """Return the rows."""
    return Group(
        title="Golden model",
        unit="synapse-steps a second",
        counted=COUNTED,
        reference="sc-neurocore, one synapse object",
        rows=[
            Row(name="sc-neurocore, one synapse object", run=lambda: neurocore(python, 1, 20_000)["rate"]),
            Row(name="sc-neurocore, 1,024 objects in a loop over NumPy arrays", run=lambda: neurocore(python, 1024, 20)["rate"]),
            Row(name="sc-hw, one synapse on integers", run=scalar(2000)),
            Row(name="sc-hw, NumPy, N = 1,024", run=arrays(1024, 100, compiled=False)),
            Row(name="sc-hw, NumPy, N = 65,536", run=arrays(65_536, 4, compiled=False)),
            Row(name="sc-hw, compiled, N = 1,024", run=arrays(1024, 1000, compiled=True)),
            Row(name="sc-hw, compiled, N = 1,024, history", run=arrays(1024, 1000, compiled=True, history=True)),
            Row(name="sc-hw, compiled, N = 65,536", run=arrays(65_536, 16, compiled=True)),
            Row(name="sc-hw, NumPy, N = 1,024, stochastic", run=arrays(1024, 100, compiled=False, **STOCHASTIC)),
            Row(name="sc-hw, compiled, N = 1,024, stochastic", run=arrays(1024, 1000, compiled=True, **STOCHASTIC)),
            Row(name="sc-hw, compiled, N = 1,024, widest", run=arrays(1024, 1000, compiled=True, **WIDEST)),
            Row(
                name="sc-hw, compiled, N = 1,024, widest, stochastic (120 bits)",
                run=arrays(1024, 1000, compiled=True, **WIDEST, **STOCHASTIC, learning_shift=30, trace_decay_shift=30),
            ),
        ],
        versions={"sc-neurocore": neurocore(python, 1, 1)["version"], "compiler": compiler().require().version},
        settings={"seed": SEED, "spike probability": SPIKES},
    )
