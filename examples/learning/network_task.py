"""The substrate's speed, beside a loop over synapses in plain Python, and its memory."""

import math
import time
import tracemalloc

import numpy as np
from matplotlib.figure import Figure
from measurement import Measurement, Row

from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import LIF, Source

NEURONS, SYNAPSES, STEPS, SEED = 1000, 100_000, 200, 1


def build(synapses: int) -> tuple[Network, np.ndarray]:
    """Return a recurrent network and its input, so strong that it spikes at some 20 to 50 Hz."""
    g = np.random.default_rng(SEED)
    x, a = Population("x", NEURONS, Source()), Population("a", NEURONS, LIF(refractory=3))
    drive = Projection(x, a, np.arange(NEURONS + 1), np.arange(NEURONS), np.ones(NEURONS))
    lateral = Projection.random(a, a, out_degree=synapses // NEURONS, scale=0.1, generator=g)
    return Network([x, a], [drive, lateral]), g.normal(0.04, 0.15, (STEPS, NEURONS))


def plain(network: Network, values: np.ndarray) -> list[list[float]]:
    """Run the same recurrence in lists and loops: one pass over the spiking neurons' synapses a timestep."""
    lateral, neuron = network.projections[1], network.populations["a"].neuron
    indptr, indices, data = lateral.indptr.tolist(), lateral.indices.tolist(), lateral.data.tolist()
    decay = math.exp(-neuron.dt / neuron.tau_mem)
    v, z, wait, history = [0.0] * NEURONS, [0.0] * NEURONS, [0] * NEURONS, []
    for row in values.tolist():
        current = row
        for i in range(NEURONS):
            sent = z[i]
            for k in range(indptr[i], indptr[i + 1]):
                current[indices[k]] += data[k] * sent
        for j in range(NEURONS):
            v[j] = decay * v[j] + current[j] - neuron.threshold * z[j]
            wait[j] = neuron.refractory if z[j] else max(0, wait[j] - 1)
            z[j] = float(v[j] > neuron.threshold and wait[j] == 0)
        history.append(list(z))
    return history


def measure() -> Measurement:
    """Time both, after seeing that they agree."""
    network, values = build(SYNAPSES)
    start = time.perf_counter()
    spikes = network.run({"x": values})
    fast = (time.perf_counter() - start) / STEPS
    few = STEPS // 10
    start = time.perf_counter()
    expected = np.array(plain(network, values[:few]))
    slow = (time.perf_counter() - start) / few
    same = bool(expected.any()) and bool((spikes[:few] == expected).all())
    sizes, peaks = (10_000, 30_000, 100_000, 300_000), []
    for synapses in sizes:
        tracemalloc.start()
        build(synapses)[0].run({"x": values[:5]})
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    growth = (peaks[-1] - peaks[0]) / (sizes[-1] - sizes[0])

    def draw(figure: Figure) -> None:
        raster, memory = figure.subplots(1, 2)
        when, who = np.nonzero(spikes[:, :200])
        raster.scatter(when, who, s=1, color="#2f8fd0", linewidths=0)
        raster.set(xlabel="time, ms", ylabel="neuron (200 of 1,000)")
        memory.plot(np.array(sizes) / 1e3, np.array(peaks) / 1e6, "o-", color="#e07020")
        memory.set(xlabel="synapses, thousands", ylabel="peak memory, MB", ylim=0)

    return Measurement(
        title="network substrate",
        setting=f"{NEURONS:,} LIF neurons, {SYNAPSES:,} recurrent synapses, {STEPS} timesteps of 1 ms, "
        f"{1000 * spikes.mean():.0f} Hz, seed {SEED}; both in one process on one core.",
        rows=[
            Row("plain Python loop over synapses, ms a timestep", f"{1e3 * slow:.2f}", "", True),
            Row("`Network.run`, ms a timestep", f"{1e3 * fast:.3f}", "", True),
            Row("ratio", f"{slow / fast:.0f}", "at least 20", slow / fast >= 20),
            Row("spikes equal to the loop's", str(same).lower(), "true", same),
            Row("peak memory a synapse, bytes", f"{growth:.0f}", "at most 100", growth <= 100),
        ],
        draw=draw,
    )
