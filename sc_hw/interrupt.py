"""Signals: SIGINT, SIGTERM and SIGHUP end this process at once, and what it started and had not finished with it.

A thread waits for them, told by the system itself: it works while the main thread computes in a library, and whatever
handlers other libraries install.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["SIGNALS", "end_by", "handlers_kept", "interruption_held", "watch_signals"]

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SHOW_CURSOR = b"\r\x1b[K\x1b[?25h"  # a progress bar hides it


_watching = False


def watch_signals(*, silent: bool = False) -> None:
    """Let each of ``SIGNALS`` end this process from now on, with status 128 and its number; ``silent`` without a line.

    A signal that was ignored, as nohup and background jobs have it, stays so. Errors: ``ValueError`` outside the main thread.
    """
    global _watching
    if not _watching:  # first the thread, then the handlers that leave it to the thread: no signal falls between
        read, write = os.pipe()
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        threading.Thread(target=_wait, args=(read, silent), daemon=True, name="signals").start()
        _watching = True
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: None)  # the thread decides


@contextmanager
def handlers_kept() -> Iterator[None]:
    """Undo what a library does in the block to the handlers of ``SIGNALS``."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            if signal.getsignal(number) != handler:  # only the main thread can have changed one
                signal.signal(number, handler)


@contextmanager
def interruption_held() -> Iterator[Callable[[], None]]:
    """Hold SIGINT and SIGTERM back until the block ends, then raise ``KeyboardInterrupt`` if one has come.

    For a program that uses sc-hw as a library: an exception raised from a signal handler can fall between making a temporary
    file and noting its name, or into the clean-up itself. The block gets a function that raises where it is safe. Where signals
    are watched, or outside the main thread, nothing is held: whoever owns the signals decides.
    """
    received: list[int] = []

    def check() -> None:
        if received:
            raise KeyboardInterrupt

    before = {}
    if not _watching and threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) != signal.SIG_IGN:  # as nohup and background jobs have it
                before[number] = signal.signal(number, lambda number, _frame: received.append(number))
    try:
        yield check
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    check()


def _wait(read: int, silent: bool) -> None:
    while (number := os.read(read, 1)[0]) not in SIGNALS:
        pass
    end_by(number, silent=silent)


def end_by(number: int, *, silent: bool = False) -> None:
    """Clear away and end this process as a signal does."""
    # Before that is imported, and to its end, there is nothing to clear away.
    clear_away = getattr(sys.modules.get("sc_hw_models.scratch"), "clear_away", None)
    try:
        if clear_away:
            clear_away()
        if not silent:
            terminal = next(filter(os.isatty, (1, 2)), None)
            if terminal is not None:
                os.write(terminal, _SHOW_CURSOR)
            how = "interrupted" if number == signal.SIGINT else f"ended by {signal.Signals(number).name}"
            os.write(2, f"sc-hw: {how}\n".encode())
    except OSError:
        pass  # nobody to tell
    finally:
        os._exit(128 + number)
