"""The substrate against the neuron's equations written out, one neuron and one synapse at a time."""

import math
import tracemalloc

import numpy as np
import pytest

from sc_hw_models.network import Network, Population, Projection
from sc_hw_models.neurons import ALIF, LIF, Izhikevich, Leaky, Source
from sc_hw_models.rule import ConfigError
from sc_hw_models.training.bptt import BPTTLearner
from sc_hw_models.training.losses import squared_error


def small(seed=0, *, density=0.6):
    """Inputs, two spiking layers with every kind of connection, a readout; sparse and complete projections."""
    g = np.random.default_rng(seed)
    x, a = Population("x", 4, Source()), Population("a", 5, LIF(tau_mem=8.0, threshold=0.8, refractory=2))
    b, y = Population("b", 6, ALIF(tau_mem=12.0, tau_adaptation=30.0, adaptation=0.3)), Population("y", 3, Leaky(tau_mem=10.0))
    pairs = [(x, a), (x, b), (a, a), (a, b), (b, b), (b, a), (b, y), (a, y)]
    projections = [
        Projection.from_matrix(s, t, g.normal(0.1, 0.6, (s.n, t.n)), g.random((s.n, t.n)) < density if k % 2 else None)
        for k, (s, t) in enumerate(pairs)
    ]
    return Network([x, a, b, y], projections), g


def written_out(network, values):
    """The same network in plain Python: lists of floats, one sample."""
    order = list(network.populations)
    matrix = {(p.source.name, p.target.name): p.to_matrix() for p in network.projections}
    n = {name: p.n for name, p in network.populations.items()}
    v, z, a, wait = ({name: [0.0] * n[name] for name in order} for _ in range(4))
    outputs = []
    for row in values:
        for name in order:
            neuron = network.populations[name].neuron
            if isinstance(neuron, Source):
                z[name] = list(row)
                continue
            before, sent = {k: list(s) for k, s in z.items()}, []
            for j in range(n[name]):
                current = sum(m[i, j] * before[s][i] for (s, t), m in matrix.items() if t == name for i in range(n[s]))
                v[name][j] = v[name][j] * math.exp(-neuron.dt / neuron.tau_mem) + current
                if isinstance(neuron, Leaky):
                    sent.append(v[name][j])
                    continue
                v[name][j] -= neuron.threshold * z[name][j]
                wait[name][j] = neuron.refractory if z[name][j] else max(0, wait[name][j] - 1)
                threshold = neuron.threshold
                if isinstance(neuron, ALIF):
                    a[name][j] = a[name][j] * math.exp(-neuron.dt / neuron.tau_adaptation) + z[name][j]
                    threshold += neuron.adaptation * a[name][j]
                sent.append(float(v[name][j] > threshold and not wait[name][j]))
            z[name] = sent
        outputs.append(list(z[order[-1]]))
    return np.array(outputs)


@pytest.mark.parametrize("seed", range(4))
def test_the_network_is_its_equations(seed):
    network, g = small(seed)
    values = g.normal(0.5, 1.0, (30, 3, 4))
    expected = np.stack([written_out(network, values[:, sample]) for sample in range(3)], axis=1)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(network.run({"x": values}), expected, atol=1e-12)
    np.testing.assert_allclose(network.run({"x": values[:, 1]}), expected[:, 1], atol=1e-12)
    network.reset()
    np.testing.assert_allclose([network.step({"x": row}) for row in values[:, 1]], expected[:, 1], atol=1e-12)


def test_a_constant_current_makes_the_rate_of_the_closed_form():
    """Without a reset below 0 and from v0 = 0, the first spike comes when I (1 - alpha^t) / (1 - alpha) passes the threshold."""
    x, a = Population("x", 1, Source()), Population("a", 1, LIF(tau_mem=20.0, refractory=5))
    network = Network([x, a], [Projection.from_matrix(x, a, [[0.08]])])
    spikes = network.run({"x": np.ones((200, 1))})[:, 0]
    alpha = math.exp(-1 / 20)
    assert np.flatnonzero(spikes)[0] + 1 == math.ceil(math.log(1 - (1 - alpha) / 0.08) / math.log(alpha))
    assert np.diff(np.flatnonzero(spikes)).min() > 5


def test_izhikevich_neurons_are_their_equations():
    """Regular and fast spiking side by side, one timestep in plain Python; then a step of current as published."""
    rs, fs = (0.02, 8.0), (0.1, 2.0)
    kinds, g = [rs, fs] * 50, np.random.default_rng(0)
    neuron = Izhikevich(a=np.array([a for a, _ in kinds]), d=np.array([d for _, d in kinds]))
    x, cells = Population("x", 100, Source()), Population("cells", 100, neuron)
    v, u, current = g.uniform(-80, 80, 100), g.uniform(-20, 5, 100), g.uniform(-10, 30, 100)
    cells.state = {"voltage": v, "recovery": u, "output": (v >= 30) * 1.0}
    cells.step_all(current)
    for j, (a, d) in enumerate(kinds):
        p, q = (-65.0, u[j] + d) if v[j] >= 30 else (v[j], u[j])
        for _ in range(2):
            p += 0.5 * (0.04 * p**2 + 5 * p + 140 - q + current[j])
        q += a * (0.2 * p - q)
        assert (cells.voltages[j], cells.state["recovery"][j]) == pytest.approx((p, q), rel=1e-12)
        assert cells.output[j] == (p >= 30)
    network = Network([x, cells], [Projection.from_matrix(x, cells, np.eye(100), np.eye(100))])
    spikes = network.run({"x": np.full((1000, 100), 10.0)})
    regular, fast = (np.diff(np.flatnonzero(spikes[:, j])) for j in (0, 1))
    assert regular[-1] > 1.5 * regular[0]  # its rate adapts
    assert fast[-1] < 0.5 * regular[-1]  # and a fast spiking neuron's is high
    with pytest.raises(ConfigError, match="Izhikevich has no surrogate gradient"):
        BPTTLearner(network, squared_error).train_step({"x": np.ones((2, 100))}, np.zeros((2, 100)))


def test_projections_do_what_their_matrix_does():
    g = np.random.default_rng(3)
    s, t = Population("s", 7, Source()), Population("t", 4, LIF())
    for mask in (None, g.random((7, 4)) < 0.4, np.zeros((7, 4))):
        p = Projection.from_matrix(s, t, g.normal(size=(7, 4)), mask)
        for shape in ((), (5,)):
            out, slope = g.integers(0, 2, (*shape, 7)).astype(float), g.normal(size=(*shape, 4))
            np.testing.assert_allclose(p.forward(out), out @ p.to_matrix(), atol=1e-12)
            np.testing.assert_allclose(p.backward(slope), slope @ p.to_matrix().T, atol=1e-12)
            full = np.einsum("bi,bj->ij", out.reshape(-1, 7), slope.reshape(-1, 4))
            np.testing.assert_allclose(p.weight_gradient(out, slope), full[p.rows, p.indices], atol=1e-12)


def test_random_projections_are_seeded_and_memory_is_linear_in_synapses():
    def peak(n):
        s, t = Population("s", n, LIF()), Population("t", n, LIF())
        tracemalloc.start()
        p = Projection.random(s, t, out_degree=10, scale=0.1, generator=np.random.default_rng(1))
        network = Network([Population("x", n, Source()), s, t], [p])
        network.run({"x": np.ones((3, n))})
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size, p

    small_peak, first = peak(1000)
    large_peak, _ = peak(10_000)
    assert large_peak < 12 * small_peak
    assert large_peak < 10_000 * 10 * 200  # bytes: a dense matrix alone would take 800 MB
    assert (peak(1000)[1].indices == first.indices).all()
    assert (np.diff(first.indptr) == 10).all()


def test_bad_input_is_refused_by_name():
    x, a = Population("x", 2, Source()), Population("a", 3, LIF())
    p = Projection.from_matrix(x, a, np.ones((2, 3)))
    network = Network([x, a], [p])
    for call, words in (
        (lambda: Population("", 3, LIF()), "name=''"),
        (lambda: Population("a", 0, LIF()), "n=0"),
        (lambda: Population("a", True, LIF()), "n=True"),
        (lambda: LIF(tau_mem=0), "tau_mem=0: allowed are finite numbers above 0"),
        (lambda: LIF(threshold=math.nan), "threshold=nan"),
        (lambda: LIF(refractory=-1), "refractory=-1"),
        (lambda: ALIF(adaptation=-1.0), "adaptation=-1.0"),
        (lambda: ALIF(tau_adaptation=math.inf), "tau_adaptation=inf"),
        (lambda: Leaky(dt=0), "dt=0"),
        (lambda: Projection.from_matrix(x, a, np.ones((3, 2))), r"matrix: shape \(3, 2\) given; allowed is \(2, 3\)"),
        (lambda: Projection.from_matrix(x, a, np.full((2, 3), np.nan)), r"matrix: nan at \(0, 0\)"),
        (lambda: Projection(x, a, [0, 1], [0], [1.0]), "indptr: allowed are 3"),
        (lambda: Projection(x, a, [0, 1, 2], [0, 3], [1.0, 1.0]), r"indices: allowed are targets 0\.\.2"),
        (lambda: Projection(x, a, [0, 2, 2], [1, 1], [1.0, 1.0]), "indices"),
        (lambda: Projection.random(x, a, out_degree=4, scale=1.0, generator=np.random.default_rng(0)), "out_degree=4"),
        (lambda: Network([x, x], []), "populations"),
        (lambda: Network([x], [p]), "x to a leaves the network"),
        (lambda: Network([x, a], [Projection.from_matrix(a, x, np.ones((3, 2)))]), "a source takes no projection"),
        (lambda: network.run({}), r"inputs: \[\] given"),
        (lambda: network.run({"x": np.ones((0, 2))}), r"inputs x: shape \(0, 2\)"),
        (lambda: network.run({"x": np.ones((4, 3))}), r"inputs x: shape \(4, 3\) given; allowed is \(4, 2\)"),
        (lambda: network.run({"x": np.array([[1.0, np.nan]])}), r"inputs x: nan at \(0, 1\)"),
        (lambda: network.step({"x": np.ones((1, 2))}), r"inputs x: shape \(1, 2\)"),
        (lambda: a.step_all(np.ones(1)), r"current of a: shape \(1,\)"),
        (lambda: network.reset(0), "samples=0"),
    ):
        with pytest.raises(ConfigError, match=words):
            call()
