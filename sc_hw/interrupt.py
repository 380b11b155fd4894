"""Interruption: what is being written is finished or taken back before Ctrl-C or a termination takes effect."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["interruption_held"]


@contextmanager
def interruption_held() -> Iterator[Callable[[], None]]:
    """Hold SIGINT and SIGTERM back until the block ends, then raise ``KeyboardInterrupt`` if one has come.

    An exception raised from a signal handler can fall between making a temporary file and noting its name, or
    into the clean-up itself. The block gets a function that raises where it is safe, for long writes. Outside
    the main thread nothing is held: whoever owns the signals decides.
    """
    received: list[int] = []

    def hold(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    def check() -> None:
        if received:
            raise KeyboardInterrupt

    before = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) != signal.SIG_IGN:  # as nohup and background jobs have it
                before[number] = signal.signal(number, hold)
    except ValueError:  # not the main thread
        yield check
        return
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    check()
