"""The verb ``sim`` on one block: its beats compared with its golden model, the record, and a line."""

from pathlib import Path

import click

from ..errors import in_shell, shown
from ..partial import SIMULATOR_ONLY, STEPS, fewer, joined
from ..progress import note, progress
from ..run import begin
from .place import placed, refuse_network, within
from .simulate import simulate_block

__all__ = ["block_sim_command"]


def block_sim_command(
    folder: Path, name: str, *, steps: int, seed: int, waves: bool, json_path: Path | None, system_tasks: bool = False
) -> int:
    """Return 0 when every beat of the block equals its golden model's, else 1. Errors: ``UserError`` before anything runs."""
    refuse_network(folder, name, "sim")
    with begin("sim", folder, system_tasks=system_tasks, within=within(name)) as run:
        one = placed(run.core, name)
        with progress("comparing", steps) as advance:
            result = simulate_block(one, steps=steps, seed=seed, output=run.files, waves=waves, note=note, progress=advance)
        (record,) = result.runs
        run.publish(
            [
                {
                    "verb": "sim",
                    "verdict": "pass" if result.passed else "fail",
                    "seconds": result.build_seconds + result.seconds,
                    "tools": result.tools,
                    **one.named,
                    "seed": seed,
                    **record,
                    "log": str(result.log),
                    "waves": str(result.waves) if result.waves else None,
                }
            ],
            json_path,
            partial=joined(fewer(steps, STEPS, "timesteps"), SIMULATOR_ONLY if system_tasks else ""),
        )
        waveform = run.settled(result.waves)
    if one.edited:
        note(f"{shown(folder)}: edited since it was emitted: {shown(', '.join(one.edited))}")
    if mismatch := record["mismatch"]:
        click.echo(f"FAIL {one.block.name}: {mismatch['text']}")
        where = f"{in_shell(folder)} --block {one.place}"
        click.echo(f"repeat with a waveform: sc-hw sim {where} --steps {steps} --seed {seed} --waves")
    else:
        counts = f"{record['timesteps']:,} timesteps, {record['beats']:,} beats equal, {record['resets']} resets"
        click.echo(f"PASS {one.block.name}: {counts}, seed {seed}")
    if waveform:
        click.echo(f"waveform: {waveform}")
    return 0 if result.passed else 1
