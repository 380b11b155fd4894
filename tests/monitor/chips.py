"""A chip that is the golden network, or one that is not quite: what a watch sees without a board."""

import numpy as np

from sc_hw.fit.data import Samples
from sc_hw.network_file import network_of
from sc_hw_models.networks import NetworkModel

from ..networks.small import SMALL_FILE

SPEC = network_of(SMALL_FILE, option="")


class Chip:
    """What a watch asks of a driver, answered by a golden network; ``lies`` makes a decision or a weight another."""

    transport = object()

    def __init__(self, lies=""):
        self.spec, self.model, self.lies, self.did = SPEC, NetworkModel(SPEC), lies, []
        self.parts = {
            name: type("Bank", (), {"units": memory.state["weight"].size}) for name, memory in self.model.memories.items()
        }

    def reset(self):
        self.did.append("reset")
        fresh = NetworkModel(SPEC)
        self.model.port.registers = fresh.port.registers
        for name, memory in self.model.memories.items():
            memory.registers = fresh.memories[name].registers

    def load(self, state):
        self.did.append("load")
        for name in self.parts:
            self.model.memories[name].load({"weight": state[f"{name}.weight"]})

    def read(self):
        self.did.append("read")
        return {f"{name}.weight": memory.state["weight"] for name, memory in self.model.memories.items()}

    def learn(self, samples, labels):
        return np.array([self._told(moment["decision"]) for moment in self.model.play(samples, labels)])

    def predict(self, samples):
        return self.model.predict(samples)

    def column(self, projection, neuron):
        return self.model.memories[projection].state["weight"][:, neuron] + (self.lies == "weight")

    def _told(self, decision):
        return (decision + 1) % SPEC.output.size if self.lies == "decision" else decision


def samples(count=40, seed=3):
    """Return samples of three classes that can be told apart."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, count)
    pixels = generator.integers(0, 60, (count, 6))
    pixels[np.arange(count), 2 * labels] += 190
    pixels = pixels.astype(np.uint8)
    return Samples(pixels[10:], labels[10:], pixels[:10], labels[:10])
