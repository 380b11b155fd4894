"""Verbs that check a folder, and what reports of it."""

import sys
from pathlib import Path

import click

from ..options import (
    FILE,
    OUTLET,
    Verb,
    block_option,
    folder_argument,
    folders_argument,
    json_option,
    seed_option,
    solver_option,
    steps_option,
    timeout_option,
)
from ..partial import INSTANCES, MUTANTS
from ..progress import note, progress

__all__ = ["mutate", "prove", "replay", "report", "selftest", "sim"]


@click.command(cls=Verb)
@folders_argument
@steps_option
@seed_option
@click.option("--waves", is_flag=True, help="Record a waveform (slower; a build of its own).")
@click.option("--coverage", is_flag=True, help="Count coverage and prove what cannot be reached (slower; a build of its own).")
@click.option("--stimulus", type=FILE, metavar="FILE", help="Play recorded inputs (.npz) instead of the built-in campaign.")
@click.option(
    "--allow-system-tasks", "system_tasks", is_flag=True, help="Run $system, $fopen, DPI and the like in Verilog that was edited."
)
@block_option
@json_option
def sim(
    folders: tuple[Path, ...],
    steps: int,
    seed: int,
    waves: bool,
    coverage: bool,
    stimulus: Path | None,
    system_tasks: bool,
    block: str | None,
    json_path: Path | None,
) -> None:
    """Compare every state bit of every synapse with the golden model, timestep by timestep, in Verilator under cocotb.

    With --block compare every beat that a block between cores gives with that block's own golden model.
    """
    from ..sim.command import sim_command

    sys.exit(
        sim_command(
            folders,
            steps=steps,
            seed=seed,
            waves=waves,
            coverage=coverage,
            stimulus=stimulus,
            json_path=json_path,
            system_tasks=system_tasks,
            block=block,
        )
    )


@click.command(cls=Verb)
@folder_argument
@solver_option
@timeout_option
@click.option(
    "--part",
    "parts",
    type=click.Choice(["datapath", "lane", "engine"]),
    multiple=True,
    default=["datapath", "lane", "engine"],
    show_default=True,
    help="What to prove; can be repeated.",
)
@block_option
@json_option
def prove(
    folder: Path, solvers: tuple[str, ...], timeout: int, parts: tuple[str, ...], block: str | None, json_path: Path | None
) -> None:
    """Prove that the lanes compute the golden model's step and that the engine applies it to every word once.

    With --block prove what is stated of one block alone.
    """
    from ..blocks.place import inside
    from ..blocks.prove_command import block_prove_command
    from ..console import Console
    from ..network_folder import is_network
    from ..proof.command import prove_command
    from ..proof.network.command import network_prove_command

    folder, name = inside(folder, block)
    if name:
        sys.exit(block_prove_command(folder, name, list(solvers), list(parts), timeout, json_path, Console(), note))
    command = network_prove_command if is_network(folder) else prove_command
    sys.exit(command(folder, list(solvers), list(parts), timeout, json_path, Console(), note))


@click.command(cls=Verb)
@folder_argument
@click.argument("counterexample", type=FILE, required=False)
@block_option
@json_option
def replay(folder: Path, counterexample: Path | None, block: str | None, json_path: Path | None) -> None:
    """Simulate a counterexample of sc-hw prove on the lane, with a waveform.

    COUNTEREXAMPLE is the file to play; by default the one that the last sc-hw prove of DIR wrote.
    """
    from ..blocks.place import only_core
    from ..replay.command import replay_command

    folder = only_core(folder, block, "replay", "plays what refutes a lane, and a block has none")
    sys.exit(replay_command(folder, counterexample, json_path, click.echo, note))


@click.command(cls=Verb)
@folder_argument
@click.option("--steps", type=click.IntRange(1, 10**9), metavar="K", help="Timesteps for each fault.  [default: 200 or more]")
@click.option(
    "--instances",
    type=click.IntRange(0, 10_000),
    default=INSTANCES,
    show_default=True,
    metavar="N",
    help="Faults drawn from those at clocks, pins, parameters of instances and the modules behind.",
)
@seed_option
@block_option
@json_option
def selftest(folder: Path, steps: int | None, instances: int, seed: int, block: str | None, json_path: Path | None) -> None:
    """Plant known bugs in a copy of the core, or of a block, and demand that sc-hw sim catches each."""
    from ..blocks.place import inside
    from ..console import Console
    from ..selftest.command import selftest_command

    folder, name = inside(folder, block)
    sys.exit(
        selftest_command(folder, steps=steps, seed=seed, instances=instances, json_path=json_path, console=Console(), block=name)
    )


@click.command(cls=Verb)
@folder_argument
@click.option("--count", type=click.IntRange(1, 10_000), default=MUTANTS, show_default=True, metavar="N", help="Mutants.")
@seed_option
@solver_option
@timeout_option
@block_option
@json_option
def mutate(
    folder: Path, count: int, seed: int, solvers: tuple[str, ...], timeout: int, block: str | None, json_path: Path | None
) -> None:
    """Change single bits of the netlist and demand that simulation and proof notice each change that matters."""
    from ..blocks.place import inside
    from ..console import Console
    from ..mutate.command import mutate_command

    folder, name = inside(folder, block)
    with progress("mutants", 1) as advance:
        sys.exit(
            mutate_command(
                folder,
                count=count,
                seed=seed,
                solvers=list(solvers),
                timeout=timeout,
                json_path=json_path,
                console=Console(),
                note=note,
                progress=advance,
                block=name,
            )
        )


@click.command(cls=Verb)
@folder_argument
@click.option(
    "--output",
    "-o",
    type=OUTLET,
    metavar="FILE",
    help="Page to write, - for standard output.  [default: DIR/results/report.html]",
)
@block_option
@json_option
def report(folder: Path, output: Path | None, block: str | None, json_path: Path | None) -> None:
    """Join the records of every verb into one table and one self-contained HTML page."""
    from ..blocks.place import only_core
    from ..cli import app
    from ..console import Console
    from ..report.command import report_command

    folder = only_core(folder, block, "report", "tells of a folder, and has a row for each block in it")
    sys.exit(report_command(folder, output, json_path, list(app.commands), Console()))
