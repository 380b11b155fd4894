"""The verbs ``board`` and ``monitor`` as functions.

Keywords are the options of the command, None is an option that is not given. What an option means and its default:
``sc-hw VERB --help``. ``folder`` is a path or what ``emit`` and ``load`` return. Errors: those of ``call``.
"""

from .call import Folder, call
from .result import Result

__all__ = ["board", "monitor"]


def board(
    folder: Folder,
    board: str | None = None,
    *,
    rule: Folder | None = None,
    virtual: bool = False,
    output: Folder | None = None,
    clock: float | None = None,
    baud: int | None = None,
    seeds: int | None = None,
    seconds: int | None = None,
    force: bool = False,
    json: Folder | None = None,
) -> Result:
    """Put a design with a bus on a board, behind a serial line: a bitstream, or with ``virtual`` the virtual board.

    The virtual board is there until ``seconds`` have passed; a program of one's own has ``sc_hw.board.virtual.VirtualBoard``.
    """
    return call(
        "board",
        folder=folder,
        board=board,
        rule=rule,
        virtual=virtual,
        output=output,
        clock=clock,
        baud=baud,
        seeds=seeds,
        seconds=seconds,
        force=force,
        json=json,
    )


def monitor(
    folder: Folder,
    *,
    rule: Folder | None = None,
    line: str | None = None,
    baud: int | None = None,
    data: Folder | None = None,
    held_out: int | None = None,
    samples: int | None = None,
    steps: int | None = None,
    test: int | None = None,
    every: int | None = None,
    units: int | None = None,
    keep: bool = False,
    seed: int | None = None,
    port: int | None = None,
    no_open: bool = False,
    json: Folder | None = None,
) -> Result:
    """Show spikes, weights and accuracy in the browser while a design with a bus learns, on a board or a virtual one.

    It returns after ``samples`` or ``steps``; without them it is ended by an interruption.
    """
    return call(
        "monitor",
        folder=folder,
        rule=rule,
        line=line,
        baud=baud,
        data=data,
        held_out=held_out,
        samples=samples,
        steps=steps,
        test=test,
        every=every,
        units=units,
        keep=keep,
        seed=seed,
        port=port,
        no_open=no_open,
        json=json,
    )
