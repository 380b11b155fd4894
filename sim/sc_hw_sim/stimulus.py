"""Stimulus: random inputs and the corners that break learning rules, generic over a rule's specification."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from sc_hw_models.rule import Field, RuleSpec

__all__ = [
    "BATCH",
    "CHANGES",
    "LOAD",
    "LOAD_TIMESTEP",
    "SCENES",
    "Kind",
    "breaches",
    "endured",
    "inputs_of",
    "kinds",
    "mined_steps",
    "order_name",
    "played",
    "random_state",
    "resets_of",
    "schedule",
    "used_at_once",
]

# Arrays of recorded inputs that are no inputs: when state is loaded, and, with the name of a field, what.
LOAD_TIMESTEP, LOAD = "load_timestep", "load_"

BATCH = 1 << 15  # synapse-steps moved at once
CHANGES = ("a host write", "a clear", "a reset")  # of rows at rest, after which all are visited
_FEW = 64
_LONG, _LONGER = 8, 64  # clocks of a long reset, and of one while nothing is under way
_MANY = 320  # timesteps, host accesses, and clocks of a wait without a reset: no byte counts as many
_CLEARS = 40
_MINED = 40
_BREACHES = 20
_LARGE = 400  # synapses, from which on there are fewer timesteps and clears,
_LEAST = 16  # but never fewer than these

# Scenes of ``corners.py``: what is asked for in each, in the order in which it takes place.
SCENES: dict[str, tuple[str, ...]] = {
    "idle": (),
    "timestep": ("timestep",),
    "timesteps": ("timesteps",),
    "all spike": ("all spike",),
    "late events": ("timestep",),
    "results wait": ("timesteps",),
    "last results wait": ("timestep",),
    "clear": ("clear",),
    "read": ("read",),
    "write": ("write",),
    "timestep, clear": ("timestep", "clear"),
    "clear, timestep": ("clear", "timestep"),
    "held read": ("read",),
    "rest": ("silent",),
    "wipe": ("timestep",),
    "many results wait": ("many",),
    "early mark": ("early mark",),
    "no mark": ("no mark",),
}
for _command in ("timestep", "clear"):
    for _verb in ("read", "write"):
        SCENES |= {f"{_command} with {_verb}": (_command, _verb), f"{_verb} before {_command}": (_verb, _command)}
    SCENES[f"held read before {_command}"] = ("read", _command)
    SCENES |= {f"held read before {_command}, {_verb}": ("read", _command, _verb) for _verb in ("read", "write")}
SCENES |= {f"late last event, {_next}": ("timestep", _next) for _next in ("clear", "timestep", "read", "write")}
SCENES["late last event, clear and write"] = ("timestep", "clear", "write")  # no timestep went before the write
for _verb in ("read", "write"):
    SCENES[f"timestep with {_verb}, timestep"] = ("timestep", _verb, "timestep")  # the access was passed by once
    SCENES[f"all spike, clear, late {_verb}"] = ("all spike", "clear", _verb)  # the access comes in the timestep
SCENES |= {f"last event a bit late, {_verb}": ("timestep", _verb, "timestep") for _verb in ("read", "write")}

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Kind:
    """A kind of stimulus: what spikes, what the inputs of the timestep are, which motif (if any) is played."""

    name: str
    spikes: str  # random, all, none, motif
    step: str  # random, maximum, minimum, alternate
    motif: tuple[Mapping[str, int], ...] = ()


def kinds(motifs: Mapping[str, Sequence[Mapping[str, int]]]) -> Iterator[Kind]:
    """Yield the kinds of stimulus without end: every corner once, then random ones between the corners."""
    corners = [
        Kind("random", "random", "random"),
        Kind("all spike", "all", "alternate"),
        Kind("silent, maximum", "none", "maximum"),
        Kind("silent, minimum", "none", "minimum"),
        Kind("all spike, maximum", "all", "maximum"),
        Kind("all spike, minimum", "all", "minimum"),
    ]
    for name, motif in motifs.items():
        for step in ("maximum", "minimum", "random"):
            corners.append(Kind(f"motif {name}, {step}", "motif", step, tuple(motif)))
    while True:
        for corner in corners:
            yield corner
            yield Kind("random", "random", "random")


def schedule(motifs: Mapping[str, Sequence[Mapping[str, int]]], sizes: Sequence[int], steps: int) -> Iterator[tuple[Kind, int]]:
    """Yield the kinds of stimulus of a campaign of ``steps`` timesteps in their order, each with its number of timesteps.

    ``sizes`` says of how many synapses, or neurons, each core of the design is.
    """
    stimuli, corners = kinds(motifs), 6 + 3 * len(motifs)
    # A core of few synapses visits the ends of its state by being loaded often, not by running long: traces of neurons that spike
    # go through the same few values again and again.
    longest = min(BATCH // max(sizes), _FEW if min(sizes) <= _FEW else BATCH)
    batch, done = max(1, min(longest, steps // (2 * corners + 2))), 0
    while done < steps:
        count = min(batch, steps - done)
        yield next(stimuli), count
        done += count


def resets_of(moment: Mapping[str, Any]) -> dict[str, int]:
    """Return by name the resets, in clocks, that a campaign has in a moment as the plan describes it."""
    lengths = [1] * moment["reset"] + [_LONG] * moment["held"] + [_LONGER] * (moment["scene"] == "idle")
    return {f"{moment['name']}, reset for {length} clock{'s' if length > 1 else ''}": length for length in lengths}


def used_at_once(moment: Mapping[str, Any]) -> str:
    """Return the name of the reset in a moment in whose next clock the core is used."""
    return f"{moment['name']}, reset for 1 clock and used in the next"


def endured(synapses: int) -> dict[str, int]:
    """Return how many there are without a reset, by what; of a large design fewer timesteps and clears."""

    def share(count: int) -> int:
        return min(count, max(_LEAST, _LARGE * count // synapses))

    return {"timesteps": share(_MANY), "clears": share(_CLEARS), "host accesses": _MANY, "clocks of each wait": _MANY}


def breaches(synapses: int) -> int:
    """Return how many timesteps are marked wrongly, each after a reset of its own; in a large design fewer."""
    return min(_BREACHES, max(4, _LARGE * _BREACHES // synapses))


def mined_steps(synapses: int) -> int:
    """Return how many timesteps are played with each number of an edited core."""
    return min(_MINED, max(4, _LARGE * _MINED // synapses))


def order_name(streams: Sequence[str]) -> str:
    """Return the name of the order in which one source sends a timestep of each stream, one after the other."""
    return f"of each timestep {', then '.join(streams)}"


def played(moments: Sequence[Mapping[str, Any]], synapses: int, *, rows: bool, events: Sequence[str] = ()) -> dict[str, bool]:
    """Return the names of the corners of a campaign and whether each is a reset; ``events`` are the streams of events.

    Of a crossbar that skips ``rows`` these are not all: how many there are at the bounds of rest depends on its rule.
    """
    names: dict[str, bool] = {}
    for moment in moments:
        names |= dict.fromkeys([*resets_of(moment), *([used_at_once(moment)] if moment["reset"] else [])], True)
        names |= {moment["name"]: False} if moment["meets"] else {}
    names |= {f"first timestep after {name}": False for name in CHANGES} if rows else {}
    names |= {order_name(order): False for order in permutations(events)} if len(events) > 1 else {}
    return names | {f"{count:,} {what} without a reset": False for what, count in endured(synapses).items()}


def random_state(fields: Sequence[Field], synapses: int, generator: np.random.Generator) -> Arrays:
    """Return state arrays that cover the whole range of every field and visit its ends often.

    A quarter of the fields have one value near an end in all synapses: what chance seldom does there gets many trials.
    """
    alike = {f.name: generator.random() < 0.25 for f in fields}
    return {
        f.name: np.full(synapses, generator.choice(_near(f))) if alike[f.name] else _values(f, (synapses,), generator)
        for f in fields
    }


def inputs_of(kind: Kind, spec: RuleSpec, steps: int, synapses: int, generator: np.random.Generator) -> Arrays:
    """Return inputs: synapse inputs of shape ``(steps, synapses)``, step inputs of shape ``(steps,)``."""
    result: Arrays = {}
    rate = generator.choice([0.02, 0.1, 0.3, 0.5])
    if kind.spikes == "motif":
        # Every synapse plays the motif at its own phase.
        phase = (np.arange(steps)[:, None] + generator.integers(len(kind.motif), size=synapses)) % len(kind.motif)
    for f in spec.synapse_inputs:
        shape = (steps, synapses)
        if kind.spikes == "motif":
            result[f.name] = np.array([moment.get(f.name, 0) for moment in kind.motif], dtype=np.int64)[phase]
        elif kind.spikes == "all":
            result[f.name] = np.full(shape, f.maximum, dtype=np.int64)
        elif kind.spikes == "none":
            result[f.name] = np.zeros(shape, dtype=np.int64)
        elif f.bits == 1 and not f.signed:
            result[f.name] = (generator.random(shape) < rate).astype(np.int64)
        else:
            result[f.name] = _values(f, shape, generator)
    for f in spec.step_inputs:
        ends = np.array([f.maximum, f.minimum], dtype=np.int64)
        if kind.step == "random":
            flag = f.bits == 1 and not f.signed
            result[f.name] = (generator.random(steps) < rate).astype(np.int64) if flag else _values(f, (steps,), generator)
        else:
            zeros = np.zeros(steps, dtype=np.int64)
            result[f.name] = ends[{"maximum": zeros, "minimum": zeros + 1, "alternate": np.arange(steps) % 2}[kind.step]]
    return result


def _near(f: Field) -> np.ndarray:
    """Return values at and next to the ends and zero."""
    values = (f.minimum, f.minimum + 1, 0, -1 if f.signed else 1, 1, f.maximum - 1, f.maximum)
    return np.array([min(max(value, f.minimum), f.maximum) for value in values])


def _values(f: Field, shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    """Draw values: half uniform, a quarter near the ends or zero, a quarter of small magnitude."""
    uniform = generator.integers(f.minimum, f.maximum, size=shape, endpoint=True)
    near = _near(f)
    corner = near[generator.integers(len(near), size=shape)]
    small = uniform >> generator.integers(f.bits, size=shape)
    pick = generator.integers(4, size=shape)
    return np.where(pick == 0, corner, np.where(pick == 1, small, uniform)).astype(np.int64)
