"""What ``sc-hw rule check`` prints."""

from collections.abc import Callable
from pathlib import Path

from ..compiler.rule import DEFAULT_TARGET, Timing
from .check import check_rule, cost_of

__all__ = ["check_command"]


def check_command(path: Path, device: str | None, echo: Callable[[str], None]) -> int:
    """Print a line for everything that is wrong with a rule's file and return 2, or its cost and 0."""
    source, findings = check_rule(path)
    for finding in findings:
        echo(str(finding))
    if findings:
        return 2
    rule, timing = source.rule, Timing(target=device or DEFAULT_TARGET)
    fields = rule.spec(rule.config_type()).state
    echo(
        f"{source.path}: rule {rule.name} is well formed: {len(rule.presets)} preset{'s' * (len(rule.presets) > 1)}, state "
        f"{', '.join(f'{f.name} {f.bits}' for f in fields)}"
    )
    for preset, chosen in rule.presets.items():
        echo(f"{'' if preset == 'default' else f'{preset}: '}{cost_of(rule, chosen.config, timing)}")
    return 0
