"""NIR files in the forms that the exporters write, with made-up numbers."""

from itertools import pairwise

import nir
import numpy as np

DT = 1e-4  # of snnTorch's exporter


def weights(rows, columns, seed=1, scale=0.3):
    return np.random.default_rng([seed, rows, columns]).normal(0, scale, (rows, columns))


def snntorch_leaky(size, beta=0.875, threshold=1.0):
    """``snn.Leaky`` as ``export_to_nir`` writes it: tau = dt / (1 - beta), r = tau / dt, no v_reset."""
    ones = np.ones(size)
    tau = DT / (1 - beta)
    return nir.LIF(tau=tau * ones, r=tau / DT * ones, v_leak=0 * ones, v_threshold=threshold * ones)


def snntorch_synaptic(size, alpha, beta=0.875):
    ones = np.ones(size)
    syn, mem = DT / (1 - alpha) * ones, DT / (1 - beta) * ones
    return nir.CubaLIF(tau_syn=syn, tau_mem=mem, r=mem / DT, v_leak=0 * ones, v_threshold=ones, w_in=syn / DT)


def norse_lif_box(size, tau_mem_inv=125.0):
    """``LIFBoxCell`` as ``to_nir`` writes it: tau = 1 / tau_mem_inv, r = 1, v_reset of its own."""
    ones = np.ones(size)
    return nir.LIF(tau=ones / tau_mem_inv, r=ones, v_leak=0 * ones, v_threshold=ones, v_reset=0 * ones)


def chain(*nodes):
    return nir.NIRGraph.from_list(*nodes)


def dense(last=True):
    """Affine and Leaky twice, as a snnTorch ``Sequential``; without ``last`` the second Leaky is left out."""
    bias = np.linspace(-0.1, 0.2, 20)
    nodes = [nir.Affine(weights(20, 16), bias), snntorch_leaky(20), nir.Affine(weights(4, 20, scale=1.0), np.zeros(4))]
    return chain(*nodes, *([snntorch_leaky(4)] if last else []))


def integrating():
    ones = np.ones(20)
    first, last = nir.Affine(weights(20, 16), np.linspace(-0.1, 0.1, 20)), nir.Affine(weights(4, 20), np.linspace(0, 0.3, 4))
    return chain(first, nir.IF(r=ones / DT, v_threshold=np.linspace(0.8, 1.2, 20)), last)


def recurrent(neuron):
    """A layer and its recurrence as a subgraph, as ``RSynaptic`` is written (the NIR paper's Braille network)."""
    size = len(neuron.v_threshold)
    nodes = {"input": nir.Input(np.array([size])), "lif": neuron, "w_rec": nir.Linear(weights(size, size, 3, 0.2))}
    nodes["output"] = nir.Output(np.array([size]))
    inner = nir.NIRGraph(nodes, [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")])
    outer = {
        "input": nir.Input(np.array([12])),
        "fc1": nir.Linear(weights(size, 12)),
        "lif1": inner,
        "fc2": nir.Linear(weights(3, size)),
        "output": nir.Output(np.array([3])),
    }
    order = list(outer)
    return nir.NIRGraph(outer, list(pairwise(order)))


def two_layer_cycle():
    nodes = {
        "input": nir.Input(np.array([4])),
        "in": nir.Linear(weights(4, 4)),
        "a": snntorch_leaky(4),
        "ab": nir.Linear(weights(4, 4)),
        "b": snntorch_leaky(4),
        "ba": nir.Linear(weights(4, 4)),
        "output": nir.Output(np.array([4])),
    }
    edges = [("input", "in"), ("in", "a"), ("a", "ab"), ("ab", "b"), ("b", "ba"), ("ba", "a"), ("b", "output")]
    return nir.NIRGraph(nodes, edges)
