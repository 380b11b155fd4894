"""The networks again, dense and in HIPS autograd: the independent implementation that gradients are compared with."""

import autograd.numpy as np
import numpy
from autograd.extend import defvjp, primitive

from sc_hw_models.neurons import ALIF, Leaky, Source

SURROGATES = {  # written out a second time; u is the distance in thresholds
    "fast_sigmoid": lambda u, threshold: 1 / (1 + 10 * abs(u)) ** 2,
    "triangular": lambda u, threshold: 0.3 * numpy.where(abs(u) < 1, 1 - abs(u), 0) / threshold,
}


@primitive
def spike(distance, free, surrogate, threshold):
    return (distance > 0) * free


defvjp(
    spike,
    lambda _, distance, free, surrogate, threshold: lambda g: g * free * surrogate(distance / threshold, threshold),
    argnums=[0],
)


@primitive
def stopped(x):
    return x


defvjp(stopped, lambda *_: lambda g: g * 0)


def run(network, matrices, inputs, surrogate, *, cut=0, recurrent=lambda z: z, record=lambda state: None):
    """Return the outputs of every timestep; the gradient through the state ends every ``cut`` timesteps, if not 0.

    ``recurrent`` is applied to what spikes cause elsewhere: other neurons and the reset, not the neuron's own adaptation.
    ``record`` sees the state after every timestep.
    """
    order = list(network.populations)
    state, outputs = {}, []
    length, samples = next(iter(inputs.values())).shape[:2]
    for name, p in network.populations.items():
        state[name] = {key: np.zeros((samples, p.n)) for key in ("v", "a", "z")} | {"wait": np.zeros((samples, p.n))}
    for t in range(length):
        if cut and t % cut == 0:
            state = {name: {key: stopped(value) for key, value in s.items()} for name, s in state.items()}
        for name in order:
            neuron, s = network.populations[name].neuron, state[name]
            if isinstance(neuron, Source):
                state[name] = {**s, "z": inputs[name][t]}
                continue
            current = sum(
                recurrent(state[p.source.name]["z"]) @ w
                for p, w in zip(network.projections, matrices, strict=True)
                if p.target.name == name
            )
            v = np.exp(-neuron.dt / neuron.tau_mem) * s["v"] + current
            if isinstance(neuron, Leaky):
                state[name] = {**s, "v": v, "z": v}
                continue
            v = v - neuron.threshold * recurrent(s["z"])
            wait = np.where(s["z"] > 0, neuron.refractory, np.maximum(s["wait"] - 1, 0))
            a, distance = s["a"], v - neuron.threshold
            if isinstance(neuron, ALIF):
                a = np.exp(-neuron.dt / neuron.tau_adaptation) * a + s["z"]
                distance = distance - neuron.adaptation * a
            z = spike(distance, (wait == 0) * 1.0, SURROGATES[surrogate], neuron.threshold)
            state[name] = {"v": v, "a": a, "wait": wait, "z": z}
        record(state)
        outputs.append(state[order[-1]]["z"])
    return np.stack(outputs)
