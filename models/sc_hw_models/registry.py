"""The rules sc-hw knows: one line a rule; and those of files that were given."""

from collections.abc import Sequence
from importlib import import_module

from .parts import part
from .rule import ConfigError, Rule
from .rule_file import rule_files
from .runtime import with_runtime

__all__ = ["RULES", "get_rule"]

RULES: dict[str, str] = {
    "r_stdp": "sc_hw_models.rules.r_stdp",
    "stp": "sc_hw_models.rules.stp",
    "three_factor": "sc_hw_models.rules.three_factor",
}


def get_rule(name: str, runtime: Sequence[str] = ()) -> Rule:
    """Return the rule called ``name``, or its part ``rule.owner``, with the settings ``runtime`` as inputs.

    Errors: ``ConfigError`` lists the known ones when there is none; those of ``with_runtime`` and ``part``.
    """
    name, _, owner = name.partition(".")
    rule = with_runtime(_whole(name), runtime)
    return part(rule, owner) if owner else rule


def _whole(name: str) -> Rule:
    if name not in RULES and (given := rule_files().get(name)):
        return given.rule
    if name not in RULES:
        raise ConfigError(f"rule {name!r}: unknown; allowed are {', '.join(sorted(RULES))}")
    rule = import_module(RULES[name]).RULE
    if not isinstance(rule, Rule):
        raise TypeError(f"{RULES[name]}.RULE is not a Rule")
    return rule
