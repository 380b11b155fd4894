"""The golden model of a design, played: beats of every stream, whatever the topology."""

import numpy as np

from sc_hw_models.core import CoreModel
from sc_hw_models.rule import Field, RuleSpec
from sc_hw_sim.stimulus import Kind, inputs_of, random_state

from ..rtl.design import CoreDesign
from .part import Parts
from .script import Script, words_of
from .topologies import TOPOLOGIES

__all__ = ["played"]

RANDOM = Kind("random", "random", "random")


def played(design: CoreDesign, steps: int, seed: int) -> Script:
    """Return what moves on every stream: a clear, a random word written everywhere, ``steps`` timesteps, all words read back."""
    generator, script = np.random.default_rng(seed), Script(design.streams)
    parts: Parts = {
        prefix: (own, CoreModel(own.rule, own.config, synapses=own.synapses, lanes=own.lanes))
        for prefix, own in (list(design.parts.values()) or [("", design)])
    }
    commands = [name for name in script.tracks if name.endswith("command")]
    for name in commands:
        items = script.tracks[name].stream.items
        script.add(name, {item.name: [item.name == "clear"] for item in items})
    script.end_phase()
    for prefix, (own, model) in parts.items():
        model.load(random_state(own.spec.state, own.synapses, generator))
        _access(script, prefix, own, model, generator.permutation(own.synapses), write=True)
    script.end_phase()
    inputs = {f.name: _random(f, units, steps, generator) for f, units in design.inputs().items()}
    for name in commands:
        items = script.tracks[name].stream.items
        script.add(name, {item.name: [0] * steps if item.name == "clear" else inputs[item.name] for item in items})
    TOPOLOGIES[design.kind](design, parts, script, inputs)
    script.end_phase()
    for prefix, (own, model) in parts.items():
        _access(script, prefix, own, model, generator.permutation(own.synapses), write=False)
    script.end_phase()
    return script


def _random(f: Field, units: int, steps: int, generator: np.random.Generator) -> np.ndarray:
    """Return values of an input: ``(steps, units)``, or ``(steps,)`` of one of the whole timestep."""
    spec = RuleSpec(rule="any", state=(), synapse_inputs=(f,) if units else (), step_inputs=() if units else (f,))
    return inputs_of(RANDOM, spec, steps, units or 1, generator)[f.name]


def _access(script: Script, prefix: str, own: CoreDesign, model: CoreModel, order: np.ndarray, *, write: bool) -> None:
    """Write the words of all synapses in some order through a host port, or read them."""
    positions = own.spec.positions()
    words = words_of(
        {name: values[order] for name, values in model.state.items()},
        ((f.name, f.bits, positions[f.name]) for f in own.spec.state),
    )
    lane = {"lane": order % own.lanes} if own.lanes > 1 else {}
    data = words if write else [0] * len(order)
    script.add(f"{prefix}host", {"write": [int(write)] * len(order), **lane, "address": order // own.lanes, "data": data})
    if not write:
        script.add(f"{prefix}readback", {"data": words})
