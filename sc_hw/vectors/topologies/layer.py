"""What moves on the streams of a layer."""

from sc_hw_models.layer import LayerModel

from ...rtl.layer import LayerDesign
from ..part import Arrays, Parts, results
from ..script import Script, lanes_of

__all__ = ["play"]


def play(_design: LayerDesign, parts: Parts, script: Script, inputs: Arrays) -> None:
    """Add the beats of timesteps of a layer: those of its neurons, and what their synapses give."""
    (prefix, (before, front)), (_, (own, synapses)) = parts.items()
    layer = LayerModel(front, synapses)
    _, given = front.run({f.name: inputs[f.name] for f in front.spec.inputs})
    script.add(f"{prefix}event", {f.name: lanes_of(inputs[f.name], f.bits, before.lanes) for f in before.spec.synapse_inputs})
    results(script, f"{prefix}result", before, given)
    script.add("event", {f.name: inputs[f.name].reshape(-1).tolist() for f in layer.postsynaptic_inputs})
    results(script, "result", own, synapses.run(layer.synapse_inputs(given, inputs))[1])
