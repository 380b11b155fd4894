"""Verbs that bring a design to a board."""

import sys
from pathlib import Path

import click

from ..errors import UserError
from ..options import FILE, Verb, complete, folder_argument, given, json_option

__all__ = ["board"]


def board_names() -> list[str]:
    """Return the boards that bitstreams are made for."""
    from ..board.boards import BOARDS

    return list(BOARDS)


@click.command(cls=Verb)
@folder_argument
@click.option("--virtual", is_flag=True, help="Run the top in Verilator behind a pseudo-terminal, and print its path.")
@click.option("--board", "-b", metavar="NAME", help="Make a bitstream for this board.", shell_complete=complete(board_names))
@click.option("--output", "-o", type=FILE, metavar="OUT", help="With --board: folder to write.")
@click.option("--clock", type=float, metavar="MHZ", help="With --board: clock of the design.  [default: the board's own]")
@click.option(
    "--baud", type=click.IntRange(300, 50_000_000), default=115_200, show_default=True, help="With --board: speed of the line."
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 1000),
    default=5,
    show_default=True,
    help="With --board: placements to try until the clock is met.",
)
@click.option(
    "--seconds", type=click.IntRange(0, 10**6), metavar="S", help="With --virtual: end after so long.  [default: never]"
)
@click.option("--force", is_flag=True, help="Replace OUT if sc-hw board wrote it.")
@json_option
@click.pass_context
def board(
    context: click.Context,
    /,
    folder: Path,
    virtual: bool,
    board: str | None,
    output: Path | None,
    clock: float | None,
    baud: int,
    seeds: int,
    seconds: int | None,
    force: bool,
    json_path: Path | None,
) -> None:
    """Put a design with --bus on a board, behind a serial line: a bitstream, or the virtual board.

    Example: sc-hw board core --virtual; sc-hw board core --board icebreaker -o build/icebreaker
    """
    from ..board.command import board_command, virtual_command
    from ..console import Console

    was = given(context)
    if virtual == (board is not None):
        raise UserError(f"give --virtual or --board, one of them; boards are {', '.join(board_names())}")
    others = ("output", "clock", "baud", "seeds", "force") if virtual else ("seconds",)
    if odd := [name for name in others if was(name)]:
        raise UserError(f"--{odd[0]}: is of {'--board' if virtual else '--virtual'}; leave it out")
    if virtual:
        sys.exit(virtual_command(folder, seconds=seconds, json_path=json_path, console=Console(stderr=True)))
    if board is None or output is None:
        raise UserError(f"--board {board}: needs a folder to write; give --output OUT")
    if clock is not None and not 1 <= clock <= 1000:
        raise UserError(f"--clock {clock:g}: no clock of a board; allowed are 1 to 1000 MHz")
    sys.exit(
        board_command(
            folder,
            board,
            output,
            clock=clock,
            baud=baud,
            seeds=seeds,
            force=force,
            json_path=json_path,
            console=Console(),
        )
    )
