"""A transport into a simulation: the design behind its bus, verilated, as a process that answers accesses."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from weakref import finalize

from sc_hw_models.scratch import talking_process

from ..bus.folder import Behind
from ..errors import CheckError
from ..manifest.emitted import Design, Emitted
from .program import program
from .transport import BusError

__all__ = ["Simulation"]

_HARNESS = Path(__file__).with_name("harness.cpp")


class Simulation:
    """The design of a core behind its bus in Verilator, from its reset.

    ``seed`` decides what registers and memories hold at power-up. ``verilog`` takes the place of the bus's own files: a test puts
    faults there. Errors: ``UserError`` for a missing tool, ``CheckError`` for a build or a run that fails; ``read`` and ``write``
    raise ``BusError``.
    """

    def __init__(
        self, core: Emitted[Design], around: Behind, *, seed: int = 1, verilog: Mapping[str, bytes] | None = None
    ) -> None:
        self._stack = ExitStack()
        self._window = 1 << around.layout.map.address_bits
        files = {**(around.verilog if verilog is None else verilog), **core.verilog}
        options = ("-CFLAGS", f"-DBUS_{around.bus.template.upper()}")
        path = self._stack.enter_context(program(files, around.top, _HARNESS, options))
        command = [str(path), f"+verilator+seed+{seed}", "+verilator+rand+reset+2"]
        self._process = self._stack.enter_context(talking_process(command))
        self._end = finalize(self, self._stack.close)  # also at the end of Python, while all is still there to end it with

    def read(self, address: int) -> int:
        """Return a word. Errors: ``BusError``."""
        answer = self._asked(f"r {address:x}").split() if self._inside(address) else ["1"]
        if answer[0] != "0":
            raise BusError(f"0x{address:03x}: a read was answered with a bus error")
        return int(answer[1], 16)

    def write(self, address: int, value: int, strobe: int = 15) -> None:
        """Write a word, or the bytes of it that ``strobe`` names. Errors: ``BusError``."""
        if not self._inside(address) or self._asked(f"w {address:x} {value:x} {strobe:x}") != "0":
            raise BusError(f"0x{address:03x}: a write was answered with a bus error")

    def wait(self, clocks: int) -> None:
        """Let time pass."""
        self._asked(f"t {clocks:x}")

    @property
    def clocks(self) -> int:
        """Clocks since the reset."""
        return int(self._asked("c"), 16)

    @property
    def interrupt(self) -> bool:
        """The level of the interrupt."""
        return self._asked("i") == "1"

    def close(self) -> None:
        """End the process."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _inside(self, address: int) -> bool:
        return 0 <= address < self._window  # the bus has no more bits

    def _asked(self, line: str) -> str:
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise CheckError("the simulator has no pipes")
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        except (OSError, ValueError) as error:
            raise CheckError(f"the simulator is gone ({error})") from error
        if not answer:
            raise CheckError(f"the simulator ended with status {process.wait()} at {line!r}")
        return answer.strip()
