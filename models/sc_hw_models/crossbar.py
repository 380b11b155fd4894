"""A crossbar: every presynaptic neuron has a synapse with every postsynaptic neuron, and what is a neuron's is kept once for it.

Synapse ``i * B + j`` joins presynaptic neuron ``i`` to postsynaptic neuron ``j`` of ``B``.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .core import CoreModel
from .parts import NEURONS, SYNAPSE, below, part
from .rule import Rule, check_integer

__all__ = ["CrossbarModel"]

Arrays = dict[str, np.ndarray]


class CrossbarModel:
    """The golden model of a crossbar: three golden models, of the parts of one rule, and what goes from one to the other.

    From the same state and without noise it computes what ``pre * post`` synapses of the whole rule compute.
    """

    def __init__(self, pre: CoreModel, post: CoreModel, synapses: CoreModel) -> None:
        self.pre, self.post, self.synapses = pre, post, synapses

    @classmethod
    def made(cls, rule: Rule, config: Any, *, pre: int, post: int, lanes: int = 1) -> "CrossbarModel":
        """Return the crossbar of a rule.

        ``pre`` and ``post`` are the numbers of neurons, ``lanes`` those of postsynaptic neurons and synapses.
        Errors: ``ConfigError`` for a rule that cannot be taken apart.
        """
        pre, post = (check_integer(side, n, 1, 1 << 32) for side, n in (("pre", pre), ("post", post)))
        counts = {"pre": (pre, 1), "post": (post, lanes), SYNAPSE: (pre * post, lanes)}
        return cls(*(CoreModel(part(rule, owner), config, synapses=units, lanes=own) for owner, (units, own) in counts.items()))

    @property
    def neurons(self) -> dict[str, CoreModel]:
        """The models of the neurons by owner."""
        return dict(zip(NEURONS, (self.pre, self.post), strict=True))

    def synapse_inputs(self, given: Mapping[str, np.ndarray], inputs: Mapping[str, Any]) -> Arrays:
        """Return the inputs of the synapses ``(timesteps, synapses)`` and of their timesteps.

        ``given`` are the outputs of both kinds of neurons, ``(timesteps, neurons)``; ``inputs`` has those of the timesteps.
        """
        result = {f.name: np.repeat(given[f.name], self.post.synapses, axis=1) for f in self.pre.spec.outputs}
        result |= {f.name: np.tile(given[f.name], (1, self.pre.synapses)) for f in self.post.spec.outputs}
        return result | {f.name: np.asarray(inputs[f.name]) for f in self.synapses.spec.step_inputs}

    def visited(
        self, given: Mapping[str, np.ndarray], inputs: Mapping[str, Any], rest: np.ndarray, before: np.ndarray | None
    ) -> np.ndarray:
        """Return which rows a sweep has to visit, ``(timesteps, presynaptic neurons)``: of the others it is known that they rest.

        ``given`` and ``inputs`` as in ``synapse_inputs``. ``rest`` is the synapses' output of that name,
        ``(timesteps, synapses)``, ``before`` that of the timestep before, ``None`` when nothing is known of it.
        """
        events = {
            owner: np.any([given[f.name] != 0 for f in neurons.spec.synapse_inputs], axis=0)
            for owner, neurons in self.neurons.items()
        }
        silent = np.all([np.asarray(inputs[f.name]) == 0 for f in self.synapses.spec.step_inputs], axis=0)
        spec_rest = self.synapses.spec.rest
        if spec_rest is None:
            return np.ones_like(events["pre"])
        unreached = below(spec_rest.pre, given) | ~events["post"].any(axis=1, keepdims=True)
        known = np.concatenate([np.zeros_like(rest[:1]) if before is None else before[None], rest[:-1]])
        level = np.bitwise_and.reduce(known.reshape(len(rest), self.pre.synapses, -1), axis=2)
        rests = np.where(np.reshape(silent, (-1, 1)), level & 1, level >> 1)
        skipped: np.ndarray = (rests == 1) & ~events["pre"] & (unreached != 0)
        return ~skipped

    def run(self, inputs: Mapping[str, Any]) -> tuple[Arrays, Arrays]:
        """Play many timesteps; return state and outputs of the synapses after each of them.

        ``inputs`` holds those of each kind of neuron ``(timesteps, neurons)`` and those of the timesteps ``(timesteps,)``.
        """
        given: Arrays = {}
        for neurons in self.neurons.values():
            given |= neurons.run({f.name: inputs[f.name] for f in neurons.spec.inputs})[1]
        return self.synapses.run(self.synapse_inputs(given, inputs))
