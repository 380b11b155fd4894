"""A transport into a simulation: the design behind its bus, verilated, as a process that answers accesses."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from sc_hw_models.cache import cached
from sc_hw_models.scratch import run_process, talking_process, temporary_folder

from ..bus.folder import Behind
from ..errors import CheckError
from ..manifest.emitted import Design, Emitted
from ..simulator import ccache_environment
from ..toolchain import VERILATED_MAKE, compiler, make, perl, plain_temporary, verilator, verilator_in
from .transport import BusError

__all__ = ["Simulation", "program_key"]

_HARNESS = Path(__file__).with_name("harness.cpp")
_VERILATE = ("--cc", "--exe", "--prefix", "Vbus", "--x-assign", "unique", "--x-initial", "unique", "-Wno-fatal", "-O3")


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
        files = {**(around.verilog if verilog is None else verilog), **core.verilog}
        define = f"BUS_{around.bus.template.upper()}"
        program, _ = self._stack.enter_context(
            cached("sim", program_key(files, define), lambda path: _build(path, files, around.top, define))
        )
        command = [str(program), f"+verilator+seed+{seed}", "+verilator+rand+reset+2"]
        self._process = self._stack.enter_context(talking_process(command))

    def read(self, address: int) -> int:
        """Return a word. Errors: ``BusError``."""
        answer = self._asked(f"r {address:x}").split()
        if answer[0] != "0":
            raise BusError(f"0x{address:03x}: a read was answered with a bus error")
        return int(answer[1], 16)

    def write(self, address: int, value: int, strobe: int = 15) -> None:
        """Write a word, or the bytes of it that ``strobe`` names. Errors: ``BusError``."""
        if self._asked(f"w {address:x} {value:x} {strobe:x}") != "0":
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
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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


def program_key(files: Mapping[str, bytes], define: str) -> str:
    """Return the digest of all that the program depends on."""
    key = hashlib.sha256(_HARNESS.read_bytes())
    for name, content in sorted(files.items()):
        key.update(f"{name} {len(content)}\n".encode() + content)
    tool = verilator().require()
    key.update(json.dumps([define, _VERILATE, tool.path, tool.version, compiler().version]).encode())
    return key.hexdigest()[:32]


def _build(program: Path, files: Mapping[str, bytes], top: str, define: str) -> None:
    """Verilate and compile."""
    for tool in (verilator(), compiler(), make(), perl()):
        tool.require()
    with temporary_folder(Path(plain_temporary())) as folder:
        for name, content in {**files, "harness.cpp": _HARNESS.read_bytes()}.items():
            (folder / name).write_bytes(content)
        path, environment = verilator_in(folder)
        environment |= ccache_environment(folder)
        sources = [str(folder / name) for name in files]
        verilate = [perl().path, path, *_VERILATE, "-CFLAGS", f"-D{define}", "-Mdir", str(folder / "built")]
        built = ["make", "-C", str(folder / "built"), "-f", "Vbus.mk", *VERILATED_MAKE, "OPT_FAST=-O1", "OPT_SLOW=-O0"]
        for command in ([*verilate, "--top-module", top, *sources, str(folder / "harness.cpp")], built):
            done = run_process(command, cwd=folder, environment=environment)
            if done.returncode:
                raise CheckError(f"{Path(command[0]).name}: the simulator cannot be built\n{(done.stdout + done.stderr)[-2000:]}")
        program.write_bytes((folder / "built" / "Vbus").read_bytes())
        program.chmod(0o755)
