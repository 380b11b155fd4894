"""The verb ``sim`` on a network: the chip compared with its model, the record written, and a line on it."""

from pathlib import Path
from typing import Any

import click

from ...errors import in_shell, shown
from ...partial import SIMULATOR_ONLY, STEPS, fewer, joined
from ...progress import note, progress
from ...run import begin_network
from .run import NetworkRun, busiest, simulate_network

__all__ = ["network_sim_command", "record_of", "verdict_line"]


def network_sim_command(folder: Path, *, samples: int, seed: int, waves: bool, json_path: Path | None, system_tasks: bool) -> int:
    """Return 0 when the network equals its model, else 1. Errors: ``UserError`` before anything runs."""
    with begin_network("sim", folder, system_tasks=system_tasks) as run:
        network = run.core
        with progress("comparing", samples) as advance:
            result = simulate_network(
                network, output=run.files, seed=seed, samples=samples, waves=waves, note=note, progress=advance
            )
        partial = joined(fewer(samples, STEPS, "samples"), SIMULATOR_ONLY if system_tasks else "")
        run.publish([record_of(result)], json_path, partial=partial)
        if network.edited:
            note(f"{shown(folder)}: edited since it was emitted: {shown(', '.join(network.edited))}")
        click.echo(verdict_line(network.design.name, result, partial))
        if result.passed:
            click.echo(busy_line(result))
        else:
            click.echo(f"repeat with a waveform: sc-hw sim {in_shell(folder)} --steps {samples} --seed {seed} --waves")
    return 0 if result.passed else 1


def record_of(result: NetworkRun) -> dict[str, Any]:
    """Return the record of a run, without paths."""
    return {
        "verb": "sim",
        "verdict": "pass" if result.passed else "fail",
        "seed": result.seed,
        "seconds": result.build_seconds + result.seconds,
        "tools": result.tools,
        "runs": result.runs,
    }


def verdict_line(name: str, result: NetworkRun, partial: str) -> str:
    """Return the line on a network; ``partial`` is why the run was less than a whole campaign."""
    run = result.runs[0]
    if run["mismatch"]:
        return f"FAIL {name}: {run['mismatch']['text']}, seed {result.seed}"
    scenes = run["corners"].values()
    whole = all(scene["reset"] == scene["clocks"] for scene in scenes)
    corners = f" in {'every clock' if whole else 'many clocks'} of {len(scenes)} scenes and at random" if scenes else ""
    less = f"{partial}, no full campaign, " if partial else ""
    return (
        f"PASS {name}: {run['samples']:,} samples, {run['learned']:,} learned, {run['values_compared']:,} values equal, "
        f"{run['words_written']:,} words learned, {run['host_accesses']:,} accesses, {run['resets']} resets{corners}, "
        f"{less}seed {result.seed}"
    )


def busy_line(result: NetworkRun) -> str:
    """Return a line on how busy the projection is that works most."""
    run = result.runs[0]
    place, work, passes = busiest(run)
    clocks = run["flowing_clocks"] / max(run["flowing_samples"], 1)
    return (
        f"{place}, the busiest: at work in {100 * work / max(passes, 1):.1f} % of the {passes:,} clocks of its passes"
        f"; {clocks:,.0f} clocks a sample where no stream waits"
    )
