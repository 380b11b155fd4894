"""The verb ``sim``: cores compared with their models, the records written, and a line on each."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ..blocks.place import inside
from ..blocks.sim_command import block_sim_command
from ..errors import UserError, in_shell, shown
from ..manifest import Core
from ..network_folder import is_network
from ..partial import SIMULATOR_ONLY, STEPS, fewer, joined
from ..progress import note, progress
from ..records import WAVEFORM
from ..run import begin
from .campaign import not_visited
from .simulate import check_stimulus, simulate

__all__ = ["sim_command"]


def sim_command(
    folders: Sequence[Path],
    *,
    steps: int,
    seed: int,
    waves: bool,
    coverage: bool,
    stimulus: Path | None,
    json_path: Path | None,
    system_tasks: bool = False,
    block: str | None = None,
) -> int:
    """Return 0 when every core, or a ``block`` of the only one, equals its model, else 1.

    Errors: ``UserError`` before anything runs.
    """
    if block is not None:
        if len(folders) > 1:
            raise UserError(f"--block {shown(block)}: is of one folder; give one instead of {len(folders)}")
        folder, name = inside(folders[0], block)
        if name and (coverage or stimulus):
            option = "--coverage" if coverage else "--stimulus"
            raise UserError(f"{option}: is of cores; a block has its own campaign, without; leave out {option} or --block")
        if name:
            return block_sim_command(
                folder, name, steps=steps, seed=seed, waves=waves, json_path=json_path, system_tasks=system_tasks
            )
        folders = [folder]
    if coverage and system_tasks:
        raise UserError("--allow-system-tasks: is of simulation, and --coverage also proves; leave out one of the two")
    if any(map(is_network, folders)):
        return _network(
            folders,
            samples=steps,
            seed=seed,
            waves=waves,
            json_path=json_path,
            system_tasks=system_tasks,
            refused={"--coverage": coverage, "--stimulus": stimulus is not None},
        )
    with begin("sim", *folders, system_tasks=system_tasks) as run:
        cores = run.cores
        if stimulus:
            if len(cores) > 1:
                raise UserError(f"--stimulus {stimulus}: recorded inputs fit one core; give one folder instead of {len(cores)}")
            steps = check_stimulus(stimulus, cores[0].design)
        total = steps * sum(core.design.synapses for core in cores)
        with progress("comparing", total) as advance:
            result = simulate(
                cores,
                steps=steps,
                seed=seed,
                output=run.files,
                waves=waves,
                coverage=coverage,
                stimulus=stimulus,
                demonstrate=True,
                note=note,
                progress=advance,
            )
        partial = joined(
            "recorded inputs only" if stimulus else fewer(steps, STEPS, "timesteps"),
            SIMULATOR_ONLY if system_tasks else "",
        )
        # Nobody may take for a whole campaign one that did not get everywhere; of a difference it says nothing.
        missed = ["" if stimulus or core["mismatch"] else not_visited(core) for core in result.cores]
        reasons = [joined(partial, reason) for reason in missed]
        run.publish(
            [result.only(index).to_dict() for index in range(len(cores))],
            json_path,
            whole=result.to_dict(),
            beside=[{WAVEFORM: _waveform(core, shown)} for core, shown in zip(cores, result.demonstrations, strict=True)],
            partial=reasons,
        )
        result, covered = result.moved(run.settled), None
        if coverage and result.passed:
            from ..coverage.command import write_coverage

            covered = write_coverage(cores, result, note)
        for index, core in enumerate(cores):
            if core.edited:
                note(f"{shown(core.folder)}: edited since it was emitted: {shown(', '.join(core.edited))}")
            click.echo(_verdict(core.design.name, result.cores[index], seed, reasons[index]))
            if result.passed and (missed := [name for name, hits in result.cores[index]["corners"].items() if not hits]):
                note(f"{core.design.name}: {len(missed)} corner{'s' * (len(missed) > 1)} not visited: {', '.join(missed)}")
        rate = sum(outcome["synapse_steps"] for outcome in result.cores) / max(result.run_seconds, 1e-9)
        seen = f"; waveform {shown(result.waves)}" if result.waves else ""
        click.echo(f"{rate:,.0f} synapse-steps/s compared; log {shown(result.log)}{seen}")
        if covered:
            from ..console import Console
            from ..coverage.command import print_coverage

            print_coverage(covered, Console())
    if not result.passed:
        again = " ".join(map(in_shell, folders))
        length = f"--stimulus {in_shell(stimulus)}" if stimulus else f"--steps {steps}"
        click.echo(f"repeat with a waveform: sc-hw sim {again} {length} --seed {seed} --waves")
    return 0 if result.passed else 1


def _network(folders: Sequence[Path], *, refused: Mapping[str, bool], **options: Any) -> int:
    """Simulate a network. Errors: ``UserError`` for several folders, and for options that are of cores."""
    if len(folders) > 1:
        raise UserError(f"{len(folders)} folders with a network among them; give the network alone")
    for option, given in refused.items():
        if given:
            raise UserError(f"{option}: is of cores; {folders[0]} is a network; leave it out")
    from .network.command import network_sim_command

    return network_sim_command(folders[0], **options)


def _waveform(core: Core, demonstration: dict[str, Any] | None) -> str:
    """Return the file of the rule at work."""
    return json.dumps({"schema": "sc-hw/waveform/1", "core_sha256": core.digest, "demonstration": demonstration}) + "\n"


def _verdict(name: str, outcome: dict[str, Any], seed: int, partial: str) -> str:
    """Return the line on a core; ``partial`` is why the run was less than a whole campaign."""
    if outcome["mismatch"]:
        return f"FAIL {name}: {outcome['mismatch']['text']}"
    values = outcome["state_values_compared"] + outcome["output_values_compared"] + outcome["host_values_compared"]
    visited = sum(hits > 0 for hits in outcome["corners"].values())
    kinds = len(outcome["stimuli"])
    less = f"{partial}, no full campaign, " if partial else ""
    return (
        f"PASS {name}: {outcome['synapse_steps']:,} synapse-steps, {values:,} values equal, {outcome['resets']} resets, "
        f"{outcome['clears']} clears, {visited} corners, {kinds} kind{'s' * (kinds != 1)} of stimulus, {less}seed {seed}"
    )
