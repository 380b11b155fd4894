"""The verb ``doctor``: what is installed, and what is missing."""

from pathlib import Path

import click

from ..records import write_record
from ..toolchain import doctor, places

__all__ = ["doctor_command"]


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
