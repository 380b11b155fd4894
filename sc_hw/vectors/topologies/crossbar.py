"""What moves on the streams of a crossbar."""

import numpy as np

from sc_hw_models.core import CoreModel
from sc_hw_models.crossbar import CrossbarModel

from ...rtl.crossbar import CrossbarDesign
from ..part import Arrays, Parts, results
from ..script import Script, lanes_of

__all__ = ["play"]


def play(design: CrossbarDesign, parts: Parts, script: Script, inputs: Arrays) -> None:
    """Add the beats of timesteps of a crossbar: those of both neurons, and results, of which one tells of a skipped row."""
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
        results(script, "result", own, outputs)
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
