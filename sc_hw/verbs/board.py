"""Verbs that bring a design to a board."""

import sys
from pathlib import Path

import click

from ..errors import UserError
from ..options import FILE, Verb, complete, folder_argument, given, json_option, seed_option

__all__ = ["board", "monitor"]


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


@click.command(cls=Verb)
@folder_argument
@click.option("--line", metavar="PORT", help="Serial line of a board, such as /dev/ttyUSB0.  [default: a virtual board]")
@click.option("--baud", type=click.IntRange(300, 50_000_000), default=115_200, show_default=True, help="Speed of the line.")
@click.option("--data", default="digits", show_default=True, metavar="SET", help="Of a network: what it learns, as of sc-hw fit.")
@click.option(
    "--held-out",
    type=click.IntRange(1, 99),
    metavar="PERCENT",
    help="Hold so many of the samples out.  [default: the test part of the data]",
)
@click.option("--samples", type=click.IntRange(1, 10**9), metavar="N", help="End after so many samples.  [default: never]")
@click.option("--steps", type=click.IntRange(1, 10**9), metavar="K", help="Of a core: end after so many timesteps.")
@click.option(
    "--test", type=click.IntRange(0, 10**6), default=50, show_default=True, metavar="N", help="Held-out samples that are decided"
)
@click.option(
    "--every", type=click.IntRange(1, 10**6), default=100, show_default=True, metavar="N", help="each time so many were learned."
)
@click.option(
    "--units",
    type=click.IntRange(0, 65536),
    metavar="N",
    help="Neurons of a projection, or synapses of a core, whose weights are read.  [default: 16, 1024]",
)
@click.option("--keep", is_flag=True, help="With --line: go on from the weights that the chip holds.")
@seed_option
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="Of the page, on this machine alone; 0: any free."
)
@click.option("--no-open", is_flag=True, help="Print the page's address and open no browser.")
@json_option
@click.pass_context
def monitor(
    context: click.Context,
    /,
    folder: Path,
    line: str | None,
    baud: int,
    data: str,
    held_out: int | None,
    samples: int | None,
    steps: int | None,
    test: int,
    every: int,
    units: int | None,
    keep: bool,
    seed: int,
    port: int,
    no_open: bool,
    json_path: Path | None,
) -> None:
    """Show spikes, weights and accuracy in the browser while a design with --bus learns, on a board or a virtual one.

    Example: sc-hw monitor chip; sc-hw monitor chip --line /dev/ttyUSB0 --samples 1000
    """
    from ..monitor.command import monitor_command
    from ..monitor.plan import Plan

    was = given(context)
    if line is None and (odd := [name for name in ("baud", "keep") if was(name)]):
        raise UserError(f"--{odd[0]}: is of a line; give --line too, or leave it out")
    if 0 < port < 1024:
        raise UserError(f"--port {port}: is the system's; allowed are 0 and 1024 to 65535")
    sys.exit(
        monitor_command(
            folder,
            Plan(most=samples or steps, test=test, every=every, units=units, seed=seed, keep=keep),
            line=line,
            baud=baud,
            data=data,
            held_out=held_out,
            port=port,
            show=not no_open,
            given=was,
            json_path=json_path,
        )
    )
