"""The verb ``sim``: cores compared with their models, the records written, and a line on each."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from .errors import UserError
from .manifest import Core, load_core
from .progress import note, progress
from .records import WAVEFORM, head, results_folder, working_folder, write_record, write_results, write_text
from .simulate import SimulationResult, check_stimulus, simulate

__all__ = ["sim_command"]


def sim_command(
    folders: Sequence[Path], *, steps: int, seed: int, waves: bool, coverage: bool, stimulus: Path | None, json_path: Path | None,
) -> int:  # fmt: skip
    """Return 0 when every core equals its model, else 1. Errors: ``UserError`` before anything runs."""
    cores = [load_core(folder) for folder in folders]
    if stimulus:
        if len(cores) > 1:
            raise UserError(f"--stimulus {stimulus}: recorded inputs fit one core; give one folder instead of {len(cores)}")
        steps = check_stimulus(stimulus, cores[0].design)
    results = [results_folder(folder) for folder in folders]  # each is refused before anything runs
    total = steps * sum(core.design.synapses for core in cores)
    with working_folder(results[0], "sim") as output, progress("comparing", total) as advance:
        result = simulate(cores, steps=steps, seed=seed, output=output, waves=waves, coverage=coverage,
                          stimulus=stimulus, demonstrate=True, note=note, progress=advance)  # fmt: skip
    if json_path:
        write_record(json_path, head(cores[0]) | result.to_dict())
    for index, core in enumerate(cores):
        _keep(core, results[index], result, index)
        if core.edited:
            note(f"{core.folder}: edited since it was emitted: {', '.join(core.edited)}")
        click.echo(_verdict(core.design.name, result.cores[index], seed))
    rate = sum(outcome["synapse_steps"] for outcome in result.cores) / max(result.run_seconds, 1e-9)
    click.echo(f"{rate:,.0f} synapse-steps/s compared; log {result.log}" + (f"; waveform {result.waves}" if result.waves else ""))
    if coverage and result.passed:
        from .coverage.command import coverage_command

        coverage_command(cores, result, note)
    if not result.passed:
        again = " ".join(str(folder) for folder in folders)
        length = f"--stimulus {stimulus}" if stimulus else f"--steps {steps}"
        click.echo(f"repeat with a waveform: sc-hw sim {again} {length} --seed {seed} --waves")
    return 0 if result.passed else 1


def _keep(core: Core, results: Path, result: SimulationResult, index: int) -> None:
    """Write a core's record and the waveform of the rule at work into its folder."""
    write_results(core, result.only(index).to_dict(), None)
    waveform = {"schema": "sc-hw/waveform/1", "core_sha256": core.digest, "demonstration": result.demonstrations[index]}
    write_text(results / WAVEFORM, json.dumps(waveform) + "\n", option="results")


def _verdict(name: str, outcome: dict[str, Any], seed: int) -> str:
    """Return the line on a core."""
    if outcome["mismatch"]:
        return f"FAIL {name}: {outcome['mismatch']['text']}"
    values = outcome["state_values_compared"] + outcome["output_values_compared"] + outcome["host_values_compared"]
    return (
        f"PASS {name}: {outcome['synapse_steps']:,} synapse-steps, {values:,} values equal, {outcome['resets']} resets, "
        f"{outcome['clears']} clears, {len(outcome['stimuli'])} kinds of stimulus, seed {seed}"
    )
