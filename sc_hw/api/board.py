"""The verb ``board`` as a function.

Keywords are the options of the command, None is an option that is not given. What an option means and its default:
``sc-hw board --help``. ``folder`` is a path or what ``emit`` and ``load`` return. Errors: those of ``call``.
"""

from .call import Folder, call
from .result import Result

__all__ = ["board"]


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
