"""Verbs that write: cores, files of rules, lists of files."""

import sys
from pathlib import Path
from typing import Any

import click

from ..options import (
    FILE,
    Verb,
    Verbs,
    complete,
    design_options,
    folder_argument,
    given,
    seed_option,
    target_names,
)
from ..rtl.generators import DEFAULT_GENERATOR, GENERATORS

__all__ = ["emit", "files", "rule", "rules", "vectors"]


def _buses() -> list[str]:
    from ..bus.buses import BUSES

    return [*BUSES, "none"]


def _bus_streams() -> list[str]:
    from ..bus.folder import STREAMS

    return list(STREAMS)


@click.command(cls=Verb)
@design_options
@click.option("--output", "-o", type=FILE, required=True, metavar="DIR", help="Folder to write.")
@click.option(
    "--generator",
    default=DEFAULT_GENERATOR,
    show_default=True,
    help="verilog or amaranth; both give the same ports.",
    shell_complete=complete(lambda: list(GENERATORS)),
)
@click.option("--name", default="sc_core", show_default=True, help="Name of the top module.")
@click.option(
    "--network", type=FILE, metavar="FILE", help="A network that learns in the chip (see docs/networks.md); a TOML file."
)
@click.option(
    "--bus",
    default="none",
    show_default=True,
    help="Also registers behind axi-lite, wishbone or apb, with drivers (see docs/bus.md).",
    shell_complete=complete(_buses),
)
@click.option(
    "--bus-streams",
    default="registers",
    show_default=True,
    help="With --bus: spikes and results through registers, or as axi-stream ports.",
    shell_complete=complete(_bus_streams),
)
@click.option("--force", is_flag=True, help="Replace DIR if sc-hw emitted it.")
@click.pass_context
def emit(context: click.Context, /, network: Path | None, **options: Any) -> None:
    """Write a learning core as a self-describing folder of Verilog.

    Example: sc-hw emit --synapses 1024 --set learning_shift=6 -o build/core
    """
    if network:
        from ..emit.network import emit_network

        click.echo(
            emit_network(
                network,
                options["output"],
                name=options["name"],
                generator=options["generator"],
                force=options["force"],
                bus=options["bus"],
                bus_streams=options["bus_streams"],
                given=given(context),
            )
        )
        return
    from ..emit.command import emit_command

    click.echo(emit_command(**options, given=given(context)))


@click.command(cls=Verb)
@folder_argument
def files(folder: Path) -> None:
    """List the Verilog of an emitted folder, the top first, by absolute path: a file list for tools that run elsewhere.

    Example: sc-hw files core > core.f; iverilog -g2012 -s top -o top.vvp top.v -f core.f
    """
    from ..emit.files import files_text

    click.echo(files_text(folder))


@click.command(cls=Verb)
@folder_argument
@click.option("--output", "-o", type=FILE, required=True, metavar="OUT", help="Folder to write.")
@click.option("--steps", type=click.IntRange(1, 10**6), default=20, show_default=True, metavar="K", help="Timesteps.")
@seed_option
@click.option("--force", is_flag=True, help="Replace OUT if sc-hw vectors wrote it.")
def vectors(folder: Path, output: Path, steps: int, seed: int, force: bool) -> None:
    """Write stimulus and expected results as hex files, with a testbench in plain Verilog for any simulator; no Python in it.

    Example: sc-hw vectors core -o vectors; cd vectors; iverilog -g2012 -s testbench -o testbench.vvp -f filelist.f
    """
    from ..vectors.command import vectors_command

    click.echo(vectors_command(folder, output, steps=steps, seed=seed, force=force))


@click.group(cls=Verbs)
def rule() -> None:
    """Begin a rule's file, or look one through: one Python file is a rule, and sc-hw emit --rule FILE.py its core."""


@rule.command()
@click.argument("name")
@click.option("--output", "-o", type=FILE, metavar="FILE.py", help="File to write.  [default: NAME.py]")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def new(name: str, output: Path | None, force: bool) -> None:
    """Write a commented file to begin a rule with; it runs as it stands.

    Example: sc-hw rule new my_rule; sc-hw rule check my_rule.py
    """
    from ..rule.new import new_rule

    click.echo(new_rule(name, output, force=force))


@rule.command()
@click.argument("file", metavar="FILE.py", type=FILE)
@click.option(
    "--device",
    metavar="TARGET",
    help="Whose delays count in the cost.  [default: ecp5-25k]",
    shell_complete=complete(target_names),
)
def check(file: Path, device: str | None) -> None:
    """Run a rule's file and say what is wrong with it, a line each with file and line, or what its hardware will cost.

    Running it is running a Python program: check files that you trust.
    """
    from ..rule.command import check_command

    sys.exit(check_command(file, device, click.echo))


@click.command(cls=Verb)
def rules() -> None:
    """List the learning rules, their settings and their presets."""
    from ..rule.listing import rules_text

    click.echo(rules_text())
