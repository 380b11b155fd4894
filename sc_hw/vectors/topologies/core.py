"""What moves on the streams of a core."""

from ...rtl.design import CoreDesign
from ..part import Arrays, Parts, results
from ..script import Script, lanes_of

__all__ = ["play"]


def play(_design: CoreDesign, parts: Parts, script: Script, inputs: Arrays) -> None:
    """Add the beats of timesteps of a core: events in the order of the words, and what comes of them."""
    own, model = parts[""]
    script.add("event", {f.name: lanes_of(inputs[f.name], f.bits, own.lanes) for f in own.spec.synapse_inputs})
    results(script, "result", own, model.run(inputs)[1])
