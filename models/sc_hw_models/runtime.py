"""Settings of a rule that its core takes while it runs: each becomes an input of the timestep in place of a constant.

A core samples them with every command, so that one timestep has one value throughout. The step is the rule's own: where it reads
such a setting it meets the input, kept within what the setting allows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from inspect import getattr_static
from typing import Any

from .checked import unchecked
from .errors import ConfigError
from .fixed import Value, clip
from .rule import Demonstration, Field, Rule, RuleSpec
from .term import signed_bits

__all__ = ["runtime_field", "with_runtime"]

_ALL = 256  # values up to which each is tried; of more the ends and all powers of two


class _Set:
    """A configuration of which some settings are values of the timestep; its own properties and methods see them too."""

    def __init__(self, config: Any, values: Mapping[str, Value]) -> None:
        self.__dict__.update(values)
        self.__dict__["_config"] = config

    def __getattr__(self, name: str) -> Any:
        config = self.__dict__["_config"]
        found = getattr_static(type(config), name, None)
        if hasattr(found, "__get__") and name not in vars(config):
            return found.__get__(self, type(config))
        return getattr(config, name)


def runtime_field(rule: Rule, name: str) -> Field:
    """Return the input that stands for a setting: as wide as its largest value, signed if it can be negative.

    Errors: ``ConfigError`` for what is no integer setting of the rule.
    """
    ranges = rule.config_type.RANGES
    if name not in ranges or getattr(rule.config_type(), name) is None:
        allowed = [known for known in ranges if getattr(rule.config_type(), known) is not None]
        raise ConfigError(f"runtime {name!r}: is no setting of rule {rule.name} with a range; allowed are {', '.join(allowed)}")
    low, high = ranges[name]
    signed = low < 0
    bits = signed_bits(low, high) - (not signed)
    return Field(
        name=name, bits=max(1, bits), signed=signed, meaning=f"setting {name} of this timestep, kept within {low}..{high}"
    )


def with_runtime(rule: Rule, names: Sequence[str]) -> Rule:
    """Return a rule whose settings ``names`` are inputs of the timestep; what the configuration says of them is not built in.

    Errors: ``ConfigError`` for a name twice, for one that an input or a state field has, for what is no integer setting; by
    ``spec``, for a setting on which a width of the core depends.
    """
    if not names:
        return rule
    if rule.runtime:
        raise ConfigError(f"rule {rule.name}: has settings at run time already: {', '.join(rule.runtime)}")
    if twice := next((name for name in names if list(names).count(name) > 1), ""):
        raise ConfigError(f"runtime {twice!r}: is there twice; give it once")
    fields = {name: runtime_field(rule, name) for name in names}
    ranges = {name: rule.config_type.RANGES[name] for name in names}
    original = unchecked(rule.step)

    @lru_cache(maxsize=256)
    def spec(config: Any) -> RuleSpec:
        found: RuleSpec = rule.spec(config)
        taken = {f.name for f in (*found.state, *found.inputs, *found.noise, *found.outputs)}
        for name in names:
            if name in taken:
                raise ConfigError(f"runtime {name!r}: is what an input, an output or a field of the state is called; rename that")
            _check_width(rule, config, name, found)
        return replace(found, step_inputs=(*found.step_inputs, *fields.values()))

    def step(config: Any, state: Mapping[str, Value], inputs: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, Value]]:
        values = {name: clip(inputs[name], *ranges[name]) for name in names}
        rest = {name: value for name, value in inputs.items() if name not in ranges}
        return original(_Set(config, values), state, rest)

    def held(config: Any, moments: Iterable[Mapping[str, int]]) -> list[Mapping[str, int]]:
        return [{name: getattr(config, name) for name in names} | dict(moment) for moment in moments]

    def shown(demonstrated: Callable[[Any], Demonstration], config: Any) -> Demonstration:
        found = demonstrated(config)
        return replace(found, stretches={name: held(config, moments) for name, moments in found.stretches.items()})

    return replace(
        rule,
        spec=spec,
        step=step,
        runtime=tuple(names),
        demonstration=partial(shown, rule.demonstration) if rule.demonstration else None,
        motifs={name: held(rule.config_type(), moments) for name, moments in rule.motifs.items()},
    )


def _check_width(rule: Rule, config: Any, name: str, spec: RuleSpec) -> None:
    """Raise ``ConfigError`` when a core built for one value of a setting is not what another value needs."""
    low, high = rule.config_type.RANGES[name]
    values = (
        range(low, high + 1)
        if high - low < _ALL
        else sorted({low, high, *(v for k in range(62) for v in (1 << k, -(1 << k)) if low <= v <= high)})
    )
    for value in values:
        try:
            other = rule.spec(replace(config, **{name: value}))
        except ConfigError as error:
            raise ConfigError(
                f"runtime {name!r}: not every value goes with the other settings ({error}); change those, or leave it built in"
            ) from error
        if (where := _differs(spec, other)) is not None:
            raise ConfigError(
                f"runtime {name!r}: decides how wide {where} is, which hardware cannot change; leave it built in, or choose "
                "settings that do not need it (rounding=nearest or floor for noise)"
            )


def _differs(spec: RuleSpec, other: RuleSpec) -> str | None:
    """Return what two specifications do not have alike, latencies and rest apart; ``None`` when there is nothing."""
    for group in ("state", "synapse_inputs", "step_inputs", "noise", "outputs"):
        ours, theirs = getattr(spec, group), getattr(other, group)
        if ours != theirs:
            names = [f.name for f in (*ours, *theirs) if f not in ours or f not in theirs]
            return f"{names[0]} of {group.replace('_', ' ')}"
    return None
