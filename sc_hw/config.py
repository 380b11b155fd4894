"""Configuration: a TOML file and ``key=value`` settings become one frozen, validated dataclass."""

import dataclasses
import json
import re
import types
from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_type_hints

from sc_hw_models.rule import ConfigError, Rule

from .errors import UserError

__all__ = ["build_config", "config_toml", "parse_value"]


def config_toml(config: Any, heading: str) -> str:
    """Return a configuration as TOML under a comment; TOML has no null, so an unset option is a comment."""
    lines = [f"# {heading}"]
    for key, value in dataclasses.asdict(config).items():
        lines.append(f"# {key} is not set" if value is None else f"{key} = {json.dumps(value)}")
    return "\n".join(lines) + "\n"


def build_config(rule: Rule, table: Mapping[str, Any], settings: Sequence[str] = (), *, preset: str = "default") -> Any:
    """Return the rule's configuration: the preset's, changed by a table, changed by ``key=value`` settings.

    Errors: ``UserError`` for an unknown preset or key, a setting without ``=`` or a value that is not allowed.
    """
    if preset not in rule.presets:
        raise UserError(f"--preset {preset!r}: unknown for rule {rule.name}; allowed are {', '.join(rule.presets)}")
    names = {f.name for f in dataclasses.fields(rule.config_type)}
    hints = get_type_hints(rule.config_type)
    values = dataclasses.asdict(rule.presets[preset].config)
    for key, value in table.items():
        if key not in names:
            raise UserError(f"{key!r}: unknown key for rule {rule.name}; allowed are {', '.join(sorted(names))}")
        values[key] = value
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise UserError(f"--set {setting!r}: not a setting; write key=value")
        if key not in names:
            raise UserError(f"--set {key!r}: unknown key for rule {rule.name}; allowed are {', '.join(sorted(names))}")
        values[key] = parse_value(text, hints[key])
    try:
        return rule.config_type(**values)
    except ConfigError as error:
        raise UserError(str(error)) from error


def parse_value(text: str, hint: Any) -> Any:
    """Return a setting's text as the type of its field; text of another form is passed on for the field to refuse."""
    kinds = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if type(None) in kinds and text == "none":
        return None
    if int in kinds and re.fullmatch(r"[+-]?[0-9]{1,20}", text):
        return int(text)
    if float in kinds and re.fullmatch(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?", text):
        try:
            return float(text)
        except ValueError:
            return text
    if bool in kinds and text in ("true", "false"):
        return text == "true"
    return text
