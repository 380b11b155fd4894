"""The virtual board: the top of every board in Verilator, with a pseudo-terminal where the serial line would be."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from weakref import finalize

from sc_hw_models.scratch import TimeoutExpired, talking_process

from ..driver.program import program
from ..errors import CheckError
from ..manifest.emitted import Design, Emitted
from ..registers.layout import Layout
from .verilog import board_name, board_verilog, with_own

__all__ = ["DIVIDER", "VirtualBoard"]

DIVIDER = 2  # clocks a bit: the least there can be, since time costs here
_HARNESS = Path(__file__).with_name("terminal.cpp")


class VirtualBoard:
    """A board in Verilator; ``port`` is the path of its line, which any program opens as it opens a real one.

    ``seed`` decides what registers and memories hold at power-up. ``verilog`` takes the place of files between line and design:
    a test puts faults there. Errors: ``UserError`` for a missing tool, ``CheckError`` for a build that fails.
    """

    def __init__(self, core: Emitted[Design], layout: Layout, *, seed: int = 1, verilog: Mapping[str, str] | None = None) -> None:
        self._stack = ExitStack()
        around = board_verilog(layout) | dict(verilog or {})
        files = with_own(around, core.verilog)
        options = ("-CFLAGS", f"-DDIVIDER={DIVIDER}", f"-GDIVIDER={DIVIDER}")
        path = self._stack.enter_context(program(files, board_name(layout), _HARNESS, options))
        command = [str(path), f"+verilator+seed+{seed}", "+verilator+rand+reset+2"]
        self._process = self._stack.enter_context(talking_process(command))
        self._end = finalize(self, self._stack.close)  # also at the end of Python, while all is still there to end it with
        self.port = self._line()

    def counts(self) -> tuple[int, int, int]:
        """Return clocks, bytes to the board and bytes from it, so far."""
        if self._process.stdin is None:
            raise CheckError("the board has no pipes")
        try:
            self._process.stdin.write("s\n")
            self._process.stdin.flush()
        except OSError as error:
            raise CheckError(f"the board is gone ({error})") from error
        clocks, to, back = map(int, self._line().split())
        return clocks, to, back

    def ended(self, seconds: float) -> bool:
        """Wait so long, and return whether the board ended, which it does by itself only when it fails."""
        try:
            self._process.wait(seconds)
        except TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """End the process."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _line(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise CheckError(f"the board ended with status {self._process.wait()}")
        return line.strip()
