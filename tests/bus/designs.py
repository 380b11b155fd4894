"""Designs of every topology behind a bus, and their golden models."""

import numpy as np

from sc_hw.driver.beats import beat_of, gathered, planned
from sc_hw.rtl.networks.design import NetworkDesign
from sc_hw.vectors.script import Script
from sc_hw.vectors.topologies import TOPOLOGIES
from sc_hw_models.core import CoreModel
from sc_hw_models.networks import NetworkModel
from sc_hw_models.rule import RuleSpec
from sc_hw_sim.stimulus import Kind, inputs_of

from ..networks.small import SMALL_FILE

DESIGNS = {
    "core": ["--synapses", "9"],
    "lanes": ["--synapses", "23", "--lanes", "5", "--results", "queue"],
    "layer": ["--rule", "three_factor", "--presynaptic", "stp", "--neurons", "6", "--synapses", "24", "--lanes", "2"],
    "crossbar": ["--pre", "5", "--post", "6", "--lanes", "2"],
    "addressed": ["--pre", "5", "--post", "4", "--lanes", "2", "--spikes", "addresses", "--generator", "amaranth"],
}
EMITTED = DESIGNS | {"network": ["--network", str(SMALL_FILE)]}
RANDOM = Kind("random", "random", "random")


class Golden:
    """The golden models of all parts of a design, which play timesteps together."""

    def __init__(self, design):
        self.design = design
        self.parts = {
            prefix: (own, CoreModel(own.rule, own.config, synapses=own.synapses, lanes=own.lanes))
            for prefix, own in (list(design.parts.values()) or [("", design)])
        }

    def run(self, inputs):
        """Play timesteps; return the beats of every stream of several, by stream: bits, and which of them mean something."""
        script = Script(self.design.streams)
        TOPOLOGIES[self.design.kind](self.design, self.parts, script, inputs)
        return {name: (track.beats, track.cares) for name, track in script.tracks.items() if track.stream.several}

    @property
    def state(self):
        return {prefix: model.state for prefix, (_, model) in self.parts.items()}

    def clear(self):
        for _, model in self.parts.values():
            model.clear()

    def reset(self):
        for _, model in self.parts.values():
            model.reset()

    def play(self, layout, generator):
        """Play a random timestep; return its beats, its command, and the beats of results with their bits that mean something."""
        inputs = random_inputs(self.design, 1, generator)
        beats, command = planned(self.design, layout, {name: values[0] for name, values in inputs.items()})
        wanted = self.run(inputs)
        return beats, command, {stream.name: wanted[stream.name] for stream in layout.watched}

    def compare(self, layout, found, wanted):
        """Hold beats of results against those that ``play`` gave."""
        got, wished = (
            gathered(self.design, layout, one) for one in (found, {name: beats for name, (beats, _) in wanted.items()})
        )
        # Which words may be left as they are depends on what was written; where one was not, its result counts.
        there = ~(got.pop("skipped", np.array(False)) | wished.pop("skipped", np.array(False)))
        for name, values in wished.items():
            if name != "rest":  # says which rows may be left next time
                same = (got[name] == values) | ~np.broadcast_to(there, values.shape if there.ndim == 0 else there.shape)
                assert same.all(), f"{name}: {got[name]}, expected {values}"

    def vain(self, stream):
        """Return a beat that waits when it is sent again and again: of events by number the end of a timestep."""
        return (1 << sum(item.bits for item in stream.items)) - 1


class GoldenNetwork:
    """The golden network of a chip, with the same to ask of it; a period is a sample."""

    def __init__(self, design):
        self.design, self.model = design, NetworkModel(design.spec)

    @property
    def state(self):
        return {
            name: {field: values.reshape(-1) for field, values in memory.state.items()}
            for name, memory in self.model.memories.items()
        }

    def clear(self):
        """Nothing clears a chip."""

    def reset(self):
        fresh = NetworkModel(self.design.spec)
        self.model.port.registers = fresh.port.registers
        for name, memory in self.model.memories.items():
            memory.registers = fresh.memories[name].registers

    def play(self, layout, generator):
        pixels = generator.integers(0, 256, (1, self.model.port.pixels), dtype=np.uint8)
        label, learn = generator.integers(0, self.design.spec.output.size, 1), int(generator.integers(0, 4) > 0)
        self.model.slower = int(generator.integers(0, self.design.spec.sample.octaves + 1))
        told = {"label": int(label[0]), "learn": learn, "slower": self.model.slower}
        (stream,) = (stream for stream in layout.streams if stream.several and not stream.gives)
        beats = [beat_of(stream, told | {"data": value}) for value in pixels[0, :-1].tolist()]
        beats.append(beat_of(stream, told | {"data": int(pixels[0, -1]), "last": 1}))
        (moment,) = self.model.play(pixels, label, learn=bool(learn))
        (answer,) = layout.watched
        return {stream.name: beats}, {}, {answer.name: ([moment["decision"]], [-1])}

    def compare(self, layout, found, wanted):
        assert found == {name: beats for name, (beats, _) in wanted.items()}, f"{found}, expected {wanted}"

    def vain(self, stream):
        """A sample of one pixel that is not learned: its decision is not taken."""
        return beat_of(stream, {"data": 255, "last": 1})


def golden(design):
    """Return the model of a design."""
    return GoldenNetwork(design) if isinstance(design, NetworkDesign) else Golden(design)


def random_inputs(design, steps, generator):
    """Return inputs of timesteps, the first axis theirs."""
    result = {}
    for f, units in design.inputs().items():
        spec = RuleSpec(rule="any", state=(), synapse_inputs=(f,) if units else (), step_inputs=() if units else (f,))
        result[f.name] = inputs_of(RANDOM, spec, steps, units or 1, generator)[f.name]
    return result
