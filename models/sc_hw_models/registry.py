"""The rules sc-hw knows: one line a rule; and those of files that were given."""

from importlib import import_module

from .parts import part
from .rule import ConfigError, Rule
from .rule_file import rule_files

__all__ = ["RULES", "get_rule"]

RULES: dict[str, str] = {
    "r_stdp": "sc_hw_models.rules.r_stdp",
    "stp": "sc_hw_models.rules.stp",
    "three_factor": "sc_hw_models.rules.three_factor",
}


def get_rule(name: str) -> Rule:
    """Return the rule called ``name``, or its part ``rule.owner``; ``ConfigError`` lists the known ones when there is none."""
    name, _, owner = name.partition(".")
    if name not in RULES and (given := rule_files().get(name)):
        return part(given.rule, owner) if owner else given.rule
    if name not in RULES:
        raise ConfigError(f"rule {name!r}: unknown; allowed are {', '.join(sorted(RULES))}")
    rule = import_module(RULES[name]).RULE
    if not isinstance(rule, Rule):
        raise TypeError(f"{RULES[name]}.RULE is not a Rule")
    return part(rule, owner) if owner else rule
