"""The verb ``rules``: the learning rules that there are, with their settings and presets."""

import dataclasses

from sc_hw_models.registry import RULES, get_rule

__all__ = ["rules_text"]


def rules_text() -> str:
    """Return the learning rules with their settings and presets."""
    lines = []
    for name in RULES:
        rule = get_rule(name)
        lines.append(f"{name}: {rule.summary}")
        for field in dataclasses.fields(rule.config_type):
            low, high = rule.config_type.RANGES.get(field.name, ("", ""))
            allowed = ", ".join(rule.config_type.CHOICES.get(field.name, [f"{low}..{high}"]))
            lines.append(f"  {field.name} = {field.default} ({allowed})")
        lines += [f"  --preset {title}: {preset.summary}" for title, preset in rule.presets.items()]
    return "\n".join(lines)
