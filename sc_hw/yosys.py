"""Yosys, one process a run: pyosys ends its process on an error, and counts differ between designs of one process."""

import os
import re
import shutil
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from sc_hw_models.scratch import TimeoutExpired, run_process, said_by, temporary_folder

from .errors import CheckError, UserError

__all__ = ["YosysError", "find_yosys", "run_abc", "run_pinned_yosys", "run_yosys"]

NEEDED = (0, 70)  # older ones count differently and lay out `stat -json` differently
VARIABLE = "SC_HW_YOSYS"
# The script comes through standard input, because Yosys splits a file name at its blanks.
_SCRIPT = "/dev/stdin"
# Yosys splices the path of its own library into what it reads, so the wheel is taken from a link in a plain path.
_RUN = (
    "import sys; sys.path.insert(0, sys.argv[1]); from pyosys import libyosys; "
    f"libyosys.run_pass('script {_SCRIPT}', libyosys.Design())"
)
# A process that ends itself after so many seconds of a processor, however busy the others keep the machine.
_LIMITED = (
    "import os, resource, sys; resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]),) * 2); "
    "os.execv(sys.argv[2], sys.argv[2:])"
)


class YosysError(CheckError):
    """Yosys failed; the message is the last of what it printed."""

    @property
    def reason(self) -> str:
        """The line that names the error."""
        lines = str(self).splitlines() or ["no output"]
        return next((line for line in reversed(lines) if "ERROR" in line), lines[-1]).strip()


def _version(path: str) -> str:
    found = re.search(r"Yosys (\d+\.\d+\S*)", said_by([path, "-V"]))
    return found[1] if found else ""


def _new_enough(number: str) -> bool:
    found = re.match(r"(\d+)\.(\d+)", number)
    return found is not None and tuple(int(part) for part in found.groups()) >= NEEDED


def find_yosys() -> tuple[Path | None, str]:
    """Return the Yosys to synthesise with and its version; the path is ``None`` for the pinned wheel.

    The binary that the environment variable SC_HW_YOSYS names, else ``yosys`` on PATH if it is 0.70 or
    newer, else the wheel. Errors: ``UserError`` when the variable names no Yosys of that age.
    """
    named = os.environ.get(VARIABLE)
    path = shutil.which(named or "yosys")
    number = _version(path) if path else ""
    if path and _new_enough(number):
        return Path(os.path.abspath(path)), number
    if named:
        found = f"is Yosys {number}" if number else "is no Yosys that runs"
        raise UserError(f"{VARIABLE}={named!r}: {found}; name a Yosys >= 0.70, or unset it to use the one installed with sc-hw")
    return None, version("pyosys")


def _wheel() -> Path:
    """Return the folder of the pinned wheel."""
    spec = find_spec("pyosys")
    if spec is None or spec.origin is None:
        raise YosysError("pyosys is not installed")
    return Path(spec.origin).parent


def run_yosys(script: str, *, path: Path | None = None, cwd: Path | None = None) -> str:
    """Run a Yosys script in folder ``cwd`` with the binary ``path``, or the pinned wheel, and return what it printed.

    The script is ours; names in it passed an allow-list and paths are temporary or quoted.
    Errors: ``YosysError`` with the tail of the output.
    """
    with temporary_folder() as plain:
        (plain / "pyosys").symlink_to(_wheel())
        # -P: no module is imported from the folder it runs in.
        command = [str(path), "-s", _SCRIPT] if path else [sys.executable, "-P", "-c", _RUN, str(plain)]
        done = run_process(command, text=script, cwd=cwd)
    if done.returncode:
        raise YosysError((done.stdout + done.stderr).strip()[-2000:])
    return done.stdout


def run_pinned_yosys(script: str, *, cwd: Path | None = None) -> str:
    """Run a Yosys script with the pinned wheel, whatever else is installed: emission must give the same bytes anywhere."""
    return run_yosys(script, cwd=cwd)


def run_abc(script: str, *, cwd: Path, timeout: float | None = None, processor: int | None = None) -> str:
    """Run a script of the ABC in the pinned wheel and return what it printed.

    Nothing of a script that ``timeout`` seconds by the clock, or ``processor`` seconds of a processor, were too few for.
    """
    command = [str(_wheel() / "yosys-abc"), "-c", script]
    if processor is not None:
        command = [sys.executable, "-S", "-E", "-c", _LIMITED, str(processor), *command]
    try:
        done = run_process(command, cwd=cwd, timeout=timeout)
    except TimeoutExpired:
        return ""
    return done.stdout + done.stderr if done.returncode >= 0 else ""
