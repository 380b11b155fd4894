"""The golden model of a design, played: beats of every stream, whatever the topology."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sc_hw_models.core import CoreModel
from sc_hw_models.crossbar import CrossbarModel
from sc_hw_models.layer import LayerModel
from sc_hw_models.rule import Field, RuleSpec
from sc_hw_sim.stimulus import Kind, inputs_of, random_state

from ..rtl.crossbar import CrossbarDesign
from ..rtl.design import CoreDesign
from .script import Script, lanes_of, words_of

__all__ = ["TOPOLOGIES", "played"]

Arrays = dict[str, np.ndarray]
Parts = dict[str, tuple[CoreDesign, CoreModel]]  # by what begins the names of their streams
RANDOM = Kind("random", "random", "random")


def played(design: CoreDesign, steps: int, seed: int) -> Script:
    """Return what moves on every stream: a clear, a random word written everywhere, ``steps`` timesteps, all words read back."""
    generator, script = np.random.default_rng(seed), Script(design.streams)
    parts: Parts = {prefix: (own, CoreModel(own.rule, own.config, synapses=own.synapses, lanes=own.lanes))
                    for prefix, own in (list(design.parts.values()) or [("", design)])}  # fmt: skip
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
    words = words_of({name: values[order] for name, values in model.state.items()},
                     ((f.name, f.bits, positions[f.name]) for f in own.spec.state))  # fmt: skip
    lane = {"lane": order % own.lanes} if own.lanes > 1 else {}
    data = words if write else [0] * len(order)
    script.add(f"{prefix}host", {"write": [int(write)] * len(order), **lane, "address": order // own.lanes, "data": data})
    if not write:
        script.add(f"{prefix}readback", {"data": words})


def _results(script: Script, name: str, own: CoreDesign, outputs: Mapping[str, np.ndarray]) -> None:
    """Expect the results of timesteps: a beat a word, of which the last of a timestep says so."""
    steps = len(outputs[own.spec.outputs[0].name])
    full = np.ones(outputs[own.spec.outputs[0].name].shape, np.int64)
    columns = {f.name: lanes_of(outputs[f.name], f.bits, own.lanes) for f in own.spec.outputs}
    cares = {f.name: lanes_of(full * ((1 << f.bits) - 1), f.bits, own.lanes) for f in own.spec.outputs}
    last = ([0] * (own.words - 1) + [1]) * steps
    skip = {"skip": [0] * len(last)} if own.row_words else {}
    script.add(name, {"last": last, **skip, **columns}, cares)


def _core(_design: CoreDesign, parts: Parts, script: Script, inputs: Arrays) -> None:
    own, model = parts[""]
    script.add("event", {f.name: lanes_of(inputs[f.name], f.bits, own.lanes) for f in own.spec.synapse_inputs})
    _results(script, "result", own, model.run(inputs)[1])


def _layer(_design: CoreDesign, parts: Parts, script: Script, inputs: Arrays) -> None:
    (prefix, (before, front)), (_, (own, synapses)) = parts.items()
    layer = LayerModel(front, synapses)
    _, given = front.run({f.name: inputs[f.name] for f in front.spec.inputs})
    script.add(f"{prefix}event", {f.name: lanes_of(inputs[f.name], f.bits, before.lanes) for f in before.spec.synapse_inputs})
    _results(script, f"{prefix}result", before, given)
    script.add("event", {f.name: inputs[f.name].reshape(-1).tolist() for f in layer.postsynaptic_inputs})
    _results(script, "result", own, synapses.run(layer.synapse_inputs(given, inputs))[1])


def _crossbar(design: CrossbarDesign, parts: Parts, script: Script, inputs: Arrays) -> None:
    own, synapses = parts[""]
    models: dict[str, CoreModel] = {}
    given: Arrays = {}
    for owner, side in design.sides.items():
        _, model = parts.get(f"{owner}_") or (side, CoreModel(side.rule, side.config, synapses=side.synapses, lanes=side.lanes))
        fed = {f.name: inputs[f.name] for f in side.spec.synapse_inputs}
        given |= model.run(fed)[1]
        models[owner] = model
        if design.addressed:
            (spikes,) = fed.values()
            named = [[*np.flatnonzero(row).tolist(), -1] for row in spikes]
            numbers = [number for row in named for number in row]
            ends = [int(number < 0) for number in numbers]
            script.add(f"{owner}_event", {"end": ends, "neuron": [max(0, number) for number in numbers]})
        else:
            script.add(f"{owner}_event", {f.name: lanes_of(fed[f.name], f.bits, side.lanes) for f in side.spec.synapse_inputs})
    crossbar = CrossbarModel(models["pre"], models["post"], synapses)
    outputs = synapses.run(crossbar.synapse_inputs(given, inputs))[1]
    if not own.row_words:
        _results(script, "result", own, outputs)
        return
    visited = crossbar.visited(given, inputs, outputs["rest"], None)
    beats = {f.name: lanes_of(outputs[f.name], f.bits, own.lanes) for f in own.spec.outputs}
    rows, words = visited.shape[1], own.row_words
    columns: dict[str, list[int]] = {name: [] for name in ("last", "skip", *beats)}
    cares: dict[str, list[int]] = {name: [] for name in beats}
    for row, visit in enumerate(visited.reshape(-1).tolist()):
        count, first = (words, row * words) if visit else (1, row * words)
        columns["skip"] += [int(not visit)] * count
        columns["last"] += [0] * (count - 1) + [int(row % rows == rows - 1)]
        for name, column in beats.items():
            columns[name] += column[first : first + count]
            cares[name] += [-1 if visit else 0] * count
    script.add("result", columns, cares)


TOPOLOGIES: dict[str, Callable[[Any, Parts, Script, Arrays], None]] = {
    "core": _core,
    "layer": _layer,
    "crossbar": _crossbar,
}
