"""Who does the work: a process for each processor, or the workers of a Dask scheduler; both as an executor."""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any

from ..errors import UserError
from ..interrupt import end_by, watch_signals

__all__ = ["workers"]


@contextmanager
def workers(scheduler: str | None) -> Iterator[Executor]:
    """Give an executor on all processors of this machine, or on the workers of the Dask ``scheduler`` at an address.

    Leaving the block with an exception stops what runs. Errors: ``UserError`` for a scheduler that does not answer.
    """
    if scheduler == "":
        raise UserError("--scheduler '': no address; give one like tcp://host:8786, or leave it out for this machine")
    if scheduler:
        with _cluster(scheduler) as executor:
            yield executor
        return
    pool = ProcessPoolExecutor(mp_context=_Context(), initializer=_end_with_parent)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in multiprocessing.active_children():
            worker.terminate()
        raise
    pool.shutdown()


class _Process(SpawnProcess):
    """A process that does not run the program of its parent again: what it is for is imported by name.

    So a script that calls ``sc_hw.explore`` needs no ``if __name__ == "__main__"``.
    """

    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802 - the name that multiprocessing calls
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            return SpawnProcess._Popen(process_obj)
        finally:
            sys.modules["__main__"] = main


class _Context(SpawnContext):
    Process = _Process


def _end_with_parent() -> None:
    """Let this process clear away and end when it is told to, and when its parent ends, however that ends.

    Ctrl-C on a terminal reaches every process of its session: this one has another, and its parent tells it.
    """
    os.setsid()
    watch_signals(silent=True)
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        end_by(signal.SIGTERM, silent=True)


@contextmanager
def _cluster(scheduler: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError as error:
        raise UserError("--scheduler: needs distributed; install it with: pip install 'sc-hw[cluster]'") from error
    try:
        client = Client(scheduler, timeout=10)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"--scheduler {scheduler!r}: no Dask scheduler answers there; give an address like tcp://host:8786"
        ) from error
    with client:
        executor = client.get_executor(pure=False)  # type: ignore[no-untyped-call]
        try:
            yield executor
        finally:
            executor.shutdown(wait=False)  # cancels what is left
