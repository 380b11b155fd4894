"""Designs of every topology behind a bus, and their golden models."""

from sc_hw.vectors.script import Script
from sc_hw.vectors.topologies import TOPOLOGIES
from sc_hw_models.core import CoreModel
from sc_hw_models.rule import RuleSpec
from sc_hw_sim.stimulus import Kind, inputs_of

DESIGNS = {
    "core": ["--synapses", "9"],
    "lanes": ["--synapses", "23", "--lanes", "5", "--results", "queue"],
    "layer": ["--rule", "three_factor", "--presynaptic", "stp", "--neurons", "6", "--synapses", "24", "--lanes", "2"],
    "crossbar": ["--pre", "5", "--post", "6", "--lanes", "2"],
    "addressed": ["--pre", "5", "--post", "4", "--lanes", "2", "--spikes", "addresses", "--generator", "amaranth"],
}
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


def random_inputs(design, steps, generator):
    """Return inputs of timesteps, the first axis theirs."""
    result = {}
    for f, units in design.inputs().items():
        spec = RuleSpec(rule="any", state=(), synapse_inputs=(f,) if units else (), step_inputs=() if units else (f,))
        result[f.name] = inputs_of(RANDOM, spec, steps, units or 1, generator)[f.name]
    return result
