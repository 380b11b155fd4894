"""The verb ``monitor``: a design behind its line learns, and a page shows it."""

import os
import sys
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import click

from .. import __version__
from ..board.verilog import board_verilog
from ..board.virtual import VirtualBoard
from ..bus.folder import Behind, load_bus
from ..driver import Driver, NetworkDriver, open_driver
from ..driver.serial import SerialLine, require_pyserial
from ..errors import CheckError, UserError, shown
from ..fit.data import Samples, check_samples, load_samples
from ..manifest import Core
from ..network_folder import EmittedNetwork, load_emitted
from ..progress import note
from ..records import head, write_record
from .core import CoreWatch
from .network import NetworkWatch
from .plan import Plan
from .server import Server
from .view import View

__all__ = ["monitor_command"]

_LAST_LOOK = 1.0  # seconds that a page has to fetch how it ended


class Watch(Protocol):
    """What lets a design learn and shows it."""

    @property
    def record(self) -> dict[str, Any]:
        """What came of it, for a record."""

    @property
    def told(self) -> str:
        """What came of it, in a line."""

    @property
    def differ(self) -> int:
        """What was not the golden model's."""

    def run(self) -> None:
        """Learn as planned."""


def monitor_command(
    folder: Path,
    plan: Plan,
    *,
    line: str | None,
    baud: int,
    data: str,
    held_out: int | None,
    port: int,
    show: bool,
    given: Callable[[str], bool],
    json_path: Path | None,
) -> int:
    """Let a design learn behind ``line``, or behind the virtual board, and serve the page that shows it.

    Return 0, or 1 where something is not the golden model's. Errors: ``UserError`` for a folder without a bus, data that the
    network does not take, a port that is taken and a line that cannot be opened; ``CheckError`` for one that goes away.
    """
    core = load_emitted(folder)
    around = load_bus(core)
    wrong = ("steps",) if isinstance(core, EmittedNetwork) else ("samples", "test", "every", "data", "held_out", "keep")
    if odd := [name for name in wrong if given(name)]:
        what = "a network, which has samples" if isinstance(core, EmittedNetwork) else "no network, and has timesteps"
        raise UserError(f"--{odd[0].replace('_', '-')}: {folder} is {what}; leave it out")
    if line == "":
        raise UserError("--line '': no port; give one, such as /dev/ttyUSB0, or leave it out for a virtual board")
    samples = None
    if isinstance(core, EmittedNetwork):
        samples = load_samples(data, held_out, plan.seed)
        check_samples(core.design.spec, samples, data, folder)
    require_pyserial()
    board_verilog(around.layout)  # refuses a design that no line leads to
    view = View()
    with ExitStack() as stack:
        driver = _driver(core, around, line, baud, stack) if line else None
        view.show(about=_about(core, line), status={"state": "building", "text": "making the board ready"})
        server = stack.enter_context(Server(view, port=port))
        click.echo(server.url)
        note(f"{shown(folder)} learns behind {line or 'a virtual board'}, to be seen at {server.url} until Ctrl-C")
        if show:
            _open(server.ticket())
        try:
            driver = driver or _driver(core, around, line, baud, stack)
            watch = _watch(driver, samples, replace(plan, fresh=line is None), view)
            watch.run()
        except (CheckError, UserError) as error:
            _ended(view, "lost", str(error))
            raise
        text, good = watch.told, not watch.differ
        if json_path:
            told = {"verb": "monitor", "verdict": "pass" if good else "fail", "line": line or "virtual"}
            write_record(json_path, head(core) | told | watch.record)
        _ended(view, "done" if good else "differs", text)
    note(f"{'PASS' if good else 'FAIL'} {core.design.name}: {text}")
    return 0 if good else 1


def _driver(core: Core | EmittedNetwork, around: Behind, line: str | None, baud: int, stack: ExitStack) -> Driver | NetworkDriver:
    """Return the driver of a design at the end of a line, or of the virtual board's; both go the same way from there."""
    port = line or stack.enter_context(VirtualBoard(core, around.layout)).port
    driver = open_driver(core, SerialLine(port, baud=baud))
    stack.callback(driver.close)
    return driver


def _watch(driver: Driver | NetworkDriver, samples: Samples | None, plan: Plan, view: View) -> Watch:
    if isinstance(driver, NetworkDriver):
        if samples is None:
            raise TypeError("a network learns samples")
        return NetworkWatch(driver, samples, plan, view)
    return CoreWatch(driver, plan, view)


def _about(core: Core | EmittedNetwork, line: str | None) -> dict[str, str]:
    return {
        "title": core.design.name,
        "design": core.design.legend,
        "line": line or "virtual board (Verilator behind a pseudo-terminal)",
        "version": __version__,
    }


def _ended(view: View, state: str, text: str) -> None:
    """Tell the page that this was all, and give it a moment to ask."""
    view.show(status={"state": state, "text": text})
    view.seen(_LAST_LOOK)


def _open(url: str) -> None:
    """Open the page in a browser with windows, if this session has any: one in the terminal would take it from us."""
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)
