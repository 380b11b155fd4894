"""The verb that makes packages of other tools."""

from pathlib import Path

import click

from ..options import FILE, Verb, complete, folder_argument

__all__ = ["package"]


def _formats() -> list[str]:
    from ..package import PACKAGES

    return list(PACKAGES)


@click.command(cls=Verb)
@folder_argument
@click.option(
    "--format",
    "kind",
    required=True,
    metavar="KIND",
    help="fusesoc, litex, ip-xact or vivado.",
    shell_complete=complete(_formats),
)
@click.option("--output", "-o", type=FILE, required=True, metavar="OUT", help="Folder to write.")
@click.option("--force", is_flag=True, help="Replace OUT if sc-hw package wrote it.")
def package(folder: Path, kind: str, output: Path, force: bool) -> None:
    """Write a design with --bus as a package of another tool: Verilog, registers, drivers, and what the tool reads.

    Example: sc-hw package core --format fusesoc -o build/fusesoc
    """
    from ..package.command import package_command

    click.echo(package_command(folder, kind, output, force=force))
