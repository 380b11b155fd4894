"""The parts of a rule: what is its presynaptic neuron's, what its postsynaptic neuron's, and what is left to each synapse.

A field of a neuron has one value in all synapses of that neuron. Where its next value depends on nothing but the neuron's own
fields, it can be kept once for each neuron. Each part is a rule of its own whose step is the whole rule's step: a neuron's part
gives what its synapses take in this timestep and advances its state; the synapse's part takes both neurons' fields as inputs.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from .checked import unchecked
from .fixed import Value
from .rule import ConfigError, Field, Rest, Rule, RuleSpec
from .term import Term, lift, subterms, variable

__all__ = ["NEURONS", "REST", "SYNAPSE", "below", "dependencies", "part", "step_terms"]

NEURONS = ("pre", "post")
SYNAPSE = "synapse"
REST = Field(name="rest", bits=2, meaning="1: at rest while the timestep's inputs are 0, 2: whatever they are; 3: both")
_SEEDS = 1 << 31  # each part draws other noise


def part(rule: Rule, owner: str) -> Rule:
    """Return the part of a rule that is ``owner``'s: one of ``NEURONS``, or ``SYNAPSE``.

    Errors: ``ConfigError`` for another owner; by ``spec``, for a rule that has no such parts.
    """
    if owner not in (*NEURONS, SYNAPSE):
        raise ConfigError(f"part {owner!r}: unknown; allowed are {', '.join((*NEURONS, SYNAPSE))}")

    def spec(config: Any) -> RuleSpec:
        return _spec(rule, config, owner)

    def step(config: Any, state: Mapping[str, Value], inputs: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, Value]]:
        whole = _whole(rule, config)
        values = {f.name: 0 for f in (*whole.state, *whole.inputs, *whole.noise)} | dict(state) | dict(inputs)
        held = {f.name: values[f.name] for f in whole.state}
        after, outputs = unchecked(rule.step)(config, held, {f.name: values[f.name] for f in (*whole.inputs, *whole.noise)})
        own = {f.name: after[f.name] for f in whole.state if f.owner == owner}
        if owner in NEURONS:
            return own, {f.name: values[f.name] for f in _of(owner, whole.synapse_inputs, whole.state)}
        return own, dict(outputs) | ({"rest": _resting(whole.rest, after)} if whole.rest else {})

    return replace(
        rule,
        name=f"{rule.name}.{owner}",
        spec=spec,
        step=step,
        demonstration=None,
        cover={},
        from_plasticity=None,
        whole=rule,
        owner=owner,
    )


def _of(owner: str, *groups: Iterable[Field]) -> tuple[Field, ...]:
    """Return the fields of one owner."""
    return tuple(f for fields in groups for f in fields if f.owner == owner)


def below(bounds: Mapping[str, int], values: Mapping[str, Value]) -> Value:
    """Return 1 where the magnitude of each field in ``bounds`` is below 2 to that power, else 0."""
    result: Value = 1
    for name, exponent in bounds.items():
        result = result * (values[name] < 1 << exponent) * (values[name] > -(1 << exponent))
    return result


def _resting(rest: Rest, state: Mapping[str, Value]) -> Value:
    """Return bit 0: the state is quiet, and bit 1: it is inert."""
    return below(rest.quiet, state) + 2 * below(rest.inert, state)


@lru_cache(maxsize=1024)  # of a step on terms, which asks for it in every update
def _whole(rule: Rule, config: Any) -> RuleSpec:
    return rule.spec(config)


@lru_cache(maxsize=1024)  # it takes a trace
def _spec(rule: Rule, config: Any, owner: str) -> RuleSpec:
    """Return the specification of a part; ``ConfigError`` when the rule cannot be taken apart."""
    spec = _whole(rule, config)
    for side in NEURONS:
        if not _of(side, spec.synapse_inputs):
            raise ConfigError(f"rule {rule.name}: names no input of its {side}synaptic neurons; it cannot be a crossbar")
    if own := _of(SYNAPSE, spec.synapse_inputs):
        raise ConfigError(f"rule {rule.name}: {own[0].name} is an input of each synapse; it cannot be a crossbar")
    for name, owners in dependencies(rule, config).items():
        (side,) = {f.owner for f in spec.state if f.name == name}
        if owners - {side}:
            raise ConfigError(f"rule {rule.name}: {name} depends on more than its {side}synaptic neuron; it cannot be a crossbar")
    neurons = {side: _of(side, spec.synapse_inputs, spec.state) for side in NEURONS}
    named = replace(
        spec,
        rule=f"{rule.name}.{owner}",
        state=_of(owner, spec.state),
        noise=_of(owner, spec.noise),
        random_seed=spec.random_seed + (1 + NEURONS.index(owner) if owner in NEURONS else 0) * _SEEDS,
        presynaptic_output="",
        presynaptic_input="",
    )
    if owner == SYNAPSE:
        given = tuple(replace(f, reset=0) for side in NEURONS for f in neurons[side])
        outputs = spec.outputs + ((REST,) if spec.rest else ())
        return replace(named, synapse_inputs=given, outputs=outputs)
    return replace(
        named,
        rest=None,
        synapse_inputs=_of(owner, spec.synapse_inputs),
        step_inputs=(),
        outputs=neurons[owner],
        latency=spec.neuron_latency or spec.latency,
    )


def step_terms(rule: Rule, config: Any) -> dict[str, Term]:
    """Return a term for each ``next_<state>`` and ``out_<output>`` of a step, over variables called as the fields.

    A field of a neuron is state of the whole rule and an input of its synapse's part, under one name.
    """
    spec = rule.spec(config)
    values = {f.name: variable(f.name, f.minimum, f.maximum) for f in (*spec.state, *spec.inputs, *spec.noise)}
    after, outputs = rule.step(
        config, {f.name: values[f.name] for f in spec.state}, {f.name: values[f.name] for f in (*spec.inputs, *spec.noise)}
    )
    results = {f"next_{name}": value for name, value in after.items()} | {f"out_{name}": value for name, value in outputs.items()}
    return {name: lift(value) for name, value in results.items()}


def dependencies(rule: Rule, config: Any) -> dict[str, set[str]]:
    """Return, for each state field of a neuron, whose fields its next value is computed from (``step``: of the timestep)."""
    spec, terms = rule.spec(config), step_terms(rule, config)
    owners = {f.name: f.owner for f in (*spec.state, *spec.inputs, *spec.noise)} | {f.name: "step" for f in spec.step_inputs}
    return {
        f.name: {owners[str(term.detail)] for term in subterms([terms[f"next_{f.name}"]]) if term.operation == "variable"}
        for f in spec.state
        if f.owner in NEURONS
    }
