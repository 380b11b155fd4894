"""Three ways to make a call: in this process with tools that fail at once, in a copy of it, in a process of its own."""

import contextlib
import io
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from unittest import mock

from sc_hw.accuracy.command import Variant
from sc_hw.boundary import run
from sc_hw.cli import app
from sc_hw.errors import CheckError
from sc_hw.explore import command as explore
from sc_hw_models import scratch

__all__ = ["LONG", "PROGRAM", "in_a_copy", "in_its_own", "in_this_process"]

LONG = "long"
"""How a call ended that was ended: it may have been right."""
PROGRAM = [sys.executable, "-m", "sc_hw"]
_PATIENCE = 60.0  # seconds


def in_this_process(arguments: list[str], folder: Path) -> tuple[int, str]:
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.TextIOWrapper(io.BytesIO(), "utf-8")
    with (
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.object(sys, "argv", ["sc-hw", *arguments]),
        _failing_tools(),
    ):
        status = run(lambda: app(list(arguments), prog_name="sc-hw", standalone_mode=False))
    err.flush()
    return status, err.buffer.getvalue().decode()  # type: ignore[attr-defined]


def in_a_copy(arguments: list[str], folder: Path) -> tuple[int | str, str]:
    """Make a call in a fork of this process, which has all that it imports."""
    told, tell = os.pipe()
    child = os.fork()
    if not child:
        try:
            outcome = json.dumps(in_this_process(arguments, folder)).encode()
            with open(tell, "wb") as file:
                file.write(outcome)
        finally:
            os._exit(0)
    os.close(tell)
    end, content, late = time.monotonic() + _PATIENCE, b"", False
    with open(told, "rb", buffering=0) as file:
        while select.select([file], [], [], max(0.0, end - time.monotonic()))[0]:
            if not (piece := file.read(1 << 16)):
                break
            content += piece
        else:
            late = True
            os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if late:
        return LONG, ""
    status, err = json.loads(content or '[-1, "a defect: it ended without a word"]')
    return status, err


def in_its_own(arguments: list[str], folder: Path) -> tuple[int | str, str]:
    """Make a call in a process of its own; one that takes long is interrupted, as a user would, and must end as that."""
    with subprocess.Popen(
        [*PROGRAM, *map(os.fsencode, arguments)],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        try:
            _, err = running.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            running.terminate()
            _, err = running.communicate(timeout=_PATIENCE)
            return LONG if running.returncode == 128 + signal.SIGTERM else running.returncode, err.decode()
    return running.returncode, err.decode()


@contextlib.contextmanager
def _failing_tools() -> Iterator[None]:
    """Let every tool end at once with an error, as one does that has no memory."""

    class Fails(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, _command: object, **options: object) -> None:
            super().__init__(["/bin/sh", "-c", "echo ERROR: no memory; exit 1"], **options)  # type: ignore[call-overload]

    def measured(_rule: object, configs: dict[str, object], *, seeds: int, console: object = None) -> list[Variant]:
        return [
            Variant(name=name, config=config, runs=({"weight_rms": 0.1, "weight_max": 0.2},) * seeds)
            for name, config in configs.items()
        ]

    class Here(Executor):
        def submit(self, _function, /, *_arguments, **_named):  # type: ignore[no-untyped-def,override]
            future = Future[object]()
            future.set_exception(CheckError("no memory"))
            return future

    with (
        mock.patch.object(scratch.subprocess, "Popen", Fails),
        mock.patch.object(explore, "workers", return_value=Here()),
        mock.patch.object(sys.modules["sc_hw.accuracy.command"], "measure_accuracy", measured),
        mock.patch.object(explore, "plot_bytes", return_value=b""),  # takes a second
    ):
        yield
