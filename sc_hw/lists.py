"""The verbs ``rules`` and ``doctor``: what there is to choose from, and what is installed."""

import dataclasses
import os
from pathlib import Path

import click

from sc_hw_models.registry import RULES, get_rule

from .errors import UserError
from .network_folder import load_emitted
from .records import write_record
from .toolchain import doctor, places

__all__ = ["doctor_command", "files_text", "rules_text"]


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


def files_text(folder: Path) -> str:
    """Return the absolute paths of a folder's Verilog, a line each, the top first. Errors: ``UserError`` for another folder."""
    paths = [os.path.realpath(path) for path in load_emitted(folder).sources]
    if any("\n" in path for path in paths):
        raise UserError(f"{folder}: has a line break in its path, which a file list cannot hold; move the folder")
    return "\n".join(paths)


def doctor_command(json_path: Path | None) -> int:
    """Print every tool; return 1 when one that is needed is missing, else 0."""
    found = doctor()
    missing = [tool.name for tool in found if not tool.found and not tool.optional]
    if json_path:
        write_record(
            json_path,
            {
                "verb": "doctor",
                "verdict": "fail" if missing else "pass",
                "tools": [vars(tool) | {"found": tool.found} for tool in found],
            },
        )
    for tool in found:  # plain lines, so that paths and commands can be copied
        state = "ok" if tool.found else "optional" if tool.optional else "MISSING"
        click.echo(f"{state:<9}{tool.name:<11} {tool.version or 'not found'} (needed: {tool.needed})")
        click.echo(f"{'':<9}{tool.path or 'nowhere on PATH or in this environment'}; install with: {tool.install}")
    for line in places():
        click.echo(line)
    click.echo(f"missing: {', '.join(missing)}" if missing else "everything is here")
    return 1 if missing else 0
