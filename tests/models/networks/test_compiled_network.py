"""The compiled network beside the readable one: decisions, weights and registers bit for bit, random networks of every kind."""

import numpy as np
import pytest

from sc_hw_models.compiled import compiler
from sc_hw_models.networks import CompiledNetwork, NetworkModel, network_model, read_network
from sc_hw_models.networks.c_text import network_text
from tests.daily import check, few

from .random_networks import network, samples
from .test_model import tables

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler")


def differences(spec, plain, fast, seed):
    """Return the names of what differs after the same samples were learned by both, at every speed."""
    pixels, labels = samples(spec, plain, 25, seed)
    for slower in range(spec.sample.octaves + 1):
        plain.slower = fast.slower = slower
        if plain.partial_fit(pixels, labels) != fast.partial_fit(pixels, labels):
            return ["decisions"]
        if (plain.predict(pixels) != fast.predict(pixels)).any():
            return ["decisions, not learning"]
    own, other = plain.state, fast.state
    return [name for name in own if not np.array_equal(own[name], other[name])]


@pytest.mark.parametrize("form", ["counting", "stepping"])
@pytest.mark.parametrize("seed", few(range(8), 4, "other random networks"))
def test_random_networks_are_equal(form, seed):
    print(f"seed {seed}")
    spec = network(100 + seed, form)
    plain, fast = NetworkModel(spec), CompiledNetwork(spec)
    assert differences(spec, plain, fast, seed) == []
    learning = [name for name, memory in plain.memories.items() if memory.rule]
    fresh = NetworkModel(spec)
    assert any(
        (plain.memories[name].registers != fresh.memories[name].registers) for name in learning if fresh.memories[name].registers
    )


def test_a_difference_is_seen():
    """A register of another lane, a weight off by one, a pixel shifted otherwise: each is told."""
    spec = network(103, "counting")
    for spoil in ("register", "weight"):
        plain, fast = NetworkModel(spec), CompiledNetwork(spec)
        memory = next(m for m in fast.memories.values() if m.registers)
        if spoil == "register":
            memory.registers[0] ^= 1 << 20
        else:
            memory.state["weight"][-1, -1] ^= 1
        assert differences(spec, plain, fast, 3)


@check("random networks, of sizes that are none, are in every run")
def test_sizes_that_are_no_vectors_and_the_widest_word():
    for neurons, lanes in ((256, 256), (33, 11), (48, 16), (17, 1)):
        population = {"size": neurons, "rule": "counting", "threshold_shift": 5, "bias": 4}
        projection = {**tables()["projection"]["in"], "lanes": lanes}
        spec = read_network(tables(population__hidden=population, projection__in=projection))
        assert differences(spec, NetworkModel(spec), CompiledNetwork(spec), neurons) == []


@pytest.mark.parametrize("kind", few(["shift", "si", "probabilistic", "pull", "lock"], 1, "the others; of the same sweep"))
def test_every_kind_of_consolidation_is_equal(kind):
    projections = {f"projection__{name}": {**tables()["projection"][name], "consolidation": kind} for name in ("in", "out")}
    spec = read_network(tables(**projections))
    plain, fast = NetworkModel(spec), CompiledNetwork(spec)
    generator = np.random.default_rng(7)
    for name, memory in plain.memories.items():
        values = {f: generator.integers(*(low, high + 1), memory.state[f].shape) for f, (low, high) in memory.fields.items()}
        memory.load(values)
        fast.memories[name].load(values)
    assert differences(spec, plain, fast, 5) == []
    for model in (plain, fast):
        model.consolidate()
    assert differences(spec, plain, fast, 6) == []


def test_the_fastest_model_is_the_compiled_one():
    assert type(network_model(read_network(tables()))) is CompiledNetwork


def test_the_same_network_gives_the_same_text():
    assert network_text(network(7)) == network_text(network(7))
